"""What a list leaves out is harvested: other records and events name it, and it is fetched.

Prices that were made inline with a subscription or an invoice are in no list:
https://docs.stripe.com/api/prices/list

Nothing of this is remembered but the id up to which it was sent. What a run that ended early knew
is read again. Decision: docs/decisions/0011-inline-prices-are-harvested.md.
"""

from __future__ import annotations

import logging
from collections import defaultdict
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import msgspec

from tap_stripe_td.backfill import whole_of
from tap_stripe_td.errors import ENDS_THE_RUN, StripeRefusedError, TapError
from tap_stripe_td.plan import whole_readings
from tap_stripe_td.records import integer_of, text_of
from tap_stripe_td.side_by_side import side_by_side
from tap_stripe_td.steps import Failed, Finished, Rows, Step
from tap_stripe_td.tail import MAX_AGE_SECONDS, told_since
from tap_stripe_td.units import UnixSeconds
from tap_stripe_td.upkeep import bookmark_of

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence

    from tap_stripe_td.backfill import Reading
    from tap_stripe_td.handover import Taker
    from tap_stripe_td.plan import Bounds
    from tap_stripe_td.records import Record
    from tap_stripe_td.source import Source
    from tap_stripe_td.state import Bookmark
    from tap_stripe_td.streams.row import Stream

_logger = logging.getLogger("tap-stripe-td.harvest")

_ROWS_A_STEP = 100


class Noting:
    """Notes on their way to the writer what records name that may be in no list.

    Attributes:
        named: The ids that were named, by the stream that they are of.
        listed: The ids that the stream's own list showed.
        failed: The streams that could not be read.
    """

    def __init__(self, taker: Taker, readings: Iterable[Reading], *, quiet: bool = False) -> None:
        """Note what is named for those of the readings that harvest.

        Args:
            taker: Takes the steps.
            readings: What is read.
            quiet: Whether nothing of it is to be written.
        """
        self.named: defaultdict[str, set[str]] = defaultdict(set)
        self.listed: defaultdict[str, set[str]] = defaultdict(set)
        self.failed: dict[Stream, TapError] = {}
        self._taker = taker
        self._quiet = quiet
        self._harvesting = tuple(each.stream for each in readings if each.harvests)

    @property
    def is_abandoned(self) -> bool:
        """Whether nobody takes steps any more."""
        return self._taker.is_abandoned

    def put(self, step: Step) -> None:
        """Note what a step names, and hand it on."""
        if isinstance(step, Rows):
            self._note(step)
        elif isinstance(step, Failed):
            self.failed.update(dict.fromkeys(step.streams, step.error))
        if not self._quiet:
            self._taker.put(step)

    def fail(self, error: BaseException) -> None:
        """End the whole reading."""
        self._taker.fail(error)

    def add(self, other: Noting) -> None:
        """Take over what another noted."""
        for own, others in ((self.named, other.named), (self.listed, other.listed)):
            for name, ids in others.items():
                own[name].update(ids)
        self.failed.update(other.failed)

    def _note(self, rows: Rows) -> None:
        for stream in self._harvesting:
            if stream == rows.stream:
                self.listed[stream.name].update(text_of(r, "id") or "" for r in rows.records)
            for name, path in stream.named_in:
                if name == rows.stream.name and rows.records:
                    self.named[stream.name].update(ids_at(path, rows.records))


def ids_at(path: str, records: Iterable[Record]) -> Iterator[str]:
    """Yield the ids in a field of records: its text, or the `id` of the object in it.

    Args:
        path: The names of the fields on the way, with dots; lists are walked through.
        records: Records as they are written.
    """
    top, *inner = path.split(".")
    for record in records:
        raw = record.get(top)
        if raw is not None and bytes(raw) != b"null":
            yield from _ids(msgspec.json.decode(raw), inner)


def _ids(value: Any, path: Sequence[str]) -> Iterator[str]:
    if isinstance(value, list):
        for each in value:
            yield from _ids(each, path)
    elif isinstance(value, dict):
        yield from _ids(value.get(path[0] if path else "id"), path[1:])
    elif isinstance(value, str) and not path:
        yield value


@dataclass(frozen=True)
class Harvest:
    """Fetches what lists leave out.

    Attributes:
        source: Where it is fetched.
        bounds: What the run reads within.
        streams: The streams that were selected: only their records are asked for names.
        workers: How many threads fetch.
        read_lists: Reads lists side by side, and returns those that did not fail.
    """

    source: Source
    bounds: Bounds
    streams: tuple[Stream, ...]
    workers: int
    read_lists: Callable[[Iterable[Reading], Taker], Mapping[Stream, Bookmark]]

    def after(
        self, readings: Sequence[Reading], read: Mapping[Stream, Bookmark], noting: Noting
    ) -> Mapping[Stream, Bookmark]:
        """Hand over what the lists left out; return how far every stream is read then.

        Args:
            readings: The lists that this run read.
            read: How far the streams are read that did not fail.
            noting: Noted what the lists named.
        """
        harvesting = [r for r in readings if r.harvests and _is_harvesting(read.get(r.stream))]
        if not harvesting or noting.is_abandoned:
            return read
        begun = {s for r in readings if r.begins for s in r.written}
        self._read_names(harvesting, begun | noting.failed.keys(), noting)
        done = dict(read)
        for reading in harvesting:
            del done[reading.stream]
            for step in self._steps(reading, begun, noting):
                noting.put(step)
                if isinstance(step, Finished) and step.bookmark is not None:
                    done[reading.stream] = step.bookmark
        return done

    def _read_names(
        self, harvesting: Sequence[Reading], known: Collection[Stream], noting: Noting
    ) -> None:
        """Note what is named by lists of which this run did not read everything."""
        names = {name for reading in harvesting for name, _ in reading.stream.named_in}
        holders = [stream for stream in self.streams if stream.name in names]
        unknown = [stream for stream in holders if stream not in known]
        self._note_again(unknown, harvesting, noting)
        for stream in holders:
            if stream in noting.failed:
                _logger.warning(
                    "`%s` cannot be read, so %s that only its records name are not found. Take "
                    "their bookmarks out of the state when it can be.",
                    stream.name,
                    " and ".join(f"`{reading.stream.name}`" for reading in harvesting),
                )

    def _note_again(
        self, streams: Sequence[Stream], harvesting: Iterable[Reading], noting: Noting
    ) -> None:
        if streams and not noting.is_abandoned:
            again = Noting(noting, harvesting, quiet=True)
            self.read_lists(whole_readings(streams, self.bounds), again)
            noting.add(again)

    def _steps(self, reading: Reading, begun: set[Stream], noting: Noting) -> Iterator[Step]:
        stream = reading.stream
        try:
            unlisted = self._unlisted(reading, begun, noting)
            for start in range(0, len(unlisted), _ROWS_A_STEP):
                if noting.is_abandoned:
                    return
                yield self._fetched(reading, unlisted[start : start + _ROWS_A_STEP])
        except ENDS_THE_RUN:
            raise
        except TapError as error:
            yield Failed((stream,), error)
        else:
            whole = whole_of(reading, stream, self.source)
            yield Finished(stream, whole, bookmark_of(stream, reading.end))

    def _unlisted(self, reading: Reading, begun: set[Stream], noting: Noting) -> list[str]:
        """Return the ids that were named and not sent, in the order in which they are fetched."""
        stream, backfill = reading.stream, reading.harvesting.backfill
        told, later = self._told(reading)
        named = (noting.named[stream.name] | told) - later
        left = {id_ for id_ in named if backfill is None or id_ > backfill.harvested}
        if left and stream not in begun:
            self._note_again([stream], [reading], noting)
            if stream in noting.failed:
                raise noting.failed[stream]
        return sorted(left - noting.listed[stream.name])

    def _told(self, reading: Reading) -> tuple[set[str], set[str]]:
        """Return the ids that events tell: those of old events, and those that will be followed."""
        told: set[str] = set()
        later: set[str] = set()
        now = self.bounds.signpost
        followed = UnixSeconds((reading.end.value or 0) - self.bounds.lookback_seconds)
        since = UnixSeconds(now - MAX_AGE_SECONDS)
        try:
            for event_id, change in told_since(self.source, reading.stream, since, now):
                is_new = change.at >= followed and event_id not in reading.known.ids
                (later if is_new and self.bounds.incremental else told).add(change.object_id)
        except StripeRefusedError as refused:
            _logger.warning("What only events name is not found: %s", refused)
        return told, later

    def _fetched(self, reading: Reading, ids: Sequence[str]) -> Rows:
        """Fetch objects; those that are gone, and what the events after the list bring, are not."""
        stream, start = reading.stream, reading.harvesting
        found = dict(side_by_side(self._fetch_of(stream), ids, min(self.workers, len(ids))))
        records: list[Record] = []
        for id_ in ids:
            record, date = found[id_]
            if record is not None and _is_older(record, stream, start):
                kept = self.source.kept(stream, [record])
                records.extend(self.source.finished(stream, kept, date))
        backfill = start.backfill and replace(start.backfill, harvested=ids[-1])
        last_date = max(date for _, date in found.values())
        bookmark = replace(start, backfill=backfill)
        return Rows(stream, tuple(records), last_date, reading.version, bookmark)

    def _fetch_of(
        self, stream: Stream
    ) -> Callable[[str], tuple[str, tuple[Record | None, UnixSeconds]]]:
        return lambda id_: (id_, self.source.fetch_object(stream, id_))


def _is_harvesting(bookmark: Bookmark | None) -> bool:
    return bookmark is not None and bookmark.backfill is not None


def _is_older(record: Record, stream: Stream, start: Bookmark) -> bool:
    created = integer_of(record, stream.created_field)
    return created is None or start.backfill is None or created < start.backfill.signpost
