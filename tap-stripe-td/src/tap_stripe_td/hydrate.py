"""Fetching changed objects again, as they are now, in our API version.

Objects that were created since the bookmark are all among the changed ones, so their stretch of
the list is read, a hundred to a request; older ones are fetched one by one, several at once.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import groupby
from typing import TYPE_CHECKING

from tap_stripe_td.errors import NoSuchObjectError, StripeRefusedError
from tap_stripe_td.memory import digest_of
from tap_stripe_td.records import text_of
from tap_stripe_td.side_by_side import side_by_side
from tap_stripe_td.slicing import Slice
from tap_stripe_td.splitting import STRIPES_FIRST_SECOND, Share, after_page, without_cursor
from tap_stripe_td.steps import Failed, Rows, Step
from tap_stripe_td.streams.row import CreatedFilter
from tap_stripe_td.units import UnixSeconds

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from tap_stripe_td.fold import Change
    from tap_stripe_td.pagination import Page
    from tap_stripe_td.records import Record
    from tap_stripe_td.source import Source
    from tap_stripe_td.streams.row import Stream

_ROWS_A_STEP = 100


@dataclass(frozen=True)
class HydratePlan:
    """How the changed objects of one stream are fetched.

    Attributes:
        gone: Changes that say that their object is gone: nothing is fetched.
        listed: Changes of objects that are found in `stretch` of the list.
        single: Changes of objects that are fetched one by one.
        stretch: When the listed objects were created.
    """

    gone: tuple[Change, ...] = ()
    listed: tuple[Change, ...] = ()
    single: tuple[Change, ...] = ()
    stretch: Slice = field(default_factory=Slice)


def plan_hydrate(changes: Iterable[Change], since: UnixSeconds) -> HydratePlan:
    """Return how to fetch the changed objects of one stream with the fewest requests.

    Args:
        changes: The newest change of each object.
        since: From when on events were read: whatever was created since is among the changes.
    """
    all_changes = tuple(changes)
    gone = tuple(change for change in all_changes if change.deleted)
    there = [change for change in all_changes if not change.deleted]
    fresh = tuple(change for change in there if _is_fresh(change, since))
    if len(fresh) < 2:
        return HydratePlan(gone, single=tuple(there))
    seconds = [change.created for change in fresh if change.created is not None]
    stretch = Slice(UnixSeconds(min(seconds)), UnixSeconds(max(seconds) + 1))
    older = tuple(change for change in there if change not in set(fresh))
    return HydratePlan(gone, fresh, older, stretch)


def _is_fresh(change: Change, since: UnixSeconds) -> bool:
    by_created = change.stream.created_filter is CreatedFilter.RANGE
    return by_created and change.created is not None and change.created >= since


def hydrate(
    source: Source, changes: Iterable[Change], *, since: UnixSeconds, workers: int
) -> Iterator[Step]:
    """Yield every changed object as it is now, or a tombstone when it is gone.

    A stream whose objects may not be fetched fails alone.
    """
    by_stream = sorted(changes, key=lambda change: (change.stream.name, change.at))
    for _, group in groupby(by_stream, key=lambda change: change.stream.name):
        of_stream = list(group)
        stream = of_stream[0].stream
        try:
            plan = plan_hydrate(of_stream, since)
            yield from _in_steps(stream, _found(source, stream, plan, workers))
        except StripeRefusedError as error:
            yield Failed((stream,), error)


@dataclass(frozen=True)
class _Current:
    """An object as it is now.

    Attributes:
        record: Its record, or a tombstone; None when it was not asked for.
        date: When that was so.
        digest: What stands for it in a bookmark; empty for a tombstone.
    """

    record: Record | None
    date: UnixSeconds
    digest: str = ""


def _in_steps(stream: Stream, found: Iterable[_Current]) -> Iterator[Rows]:
    batch: list[_Current] = []
    for current in found:
        batch.append(current)
        if len(batch) == _ROWS_A_STEP:
            yield from _rows(stream, batch)
            batch = []
    yield from _rows(stream, batch)


def _rows(stream: Stream, batch: list[_Current]) -> Iterator[Rows]:
    records = tuple(each.record for each in batch if each.record is not None)
    digests = tuple(each.digest for each in batch if each.digest)
    if records:
        yield Rows(stream, records, max(each.date for each in batch), digests=digests)


def _found(source: Source, stream: Stream, plan: HydratePlan, workers: int) -> Iterator[_Current]:
    yield from (_gone(source, change, change.at) for change in plan.gone)
    wanted = {change.object_id: change for change in plan.listed}
    if wanted:
        for page in _pages(source, stream, plan.stretch):
            for record in page.records:
                if wanted.pop(text_of(record, "id") or "", None) is not None:
                    yield _current(source, stream, record, page.date)
    single = (*plan.single, *wanted.values())
    threads = min(workers, len(single))
    if threads:
        yield from side_by_side(lambda change: _fetched(source, change), single, threads)


def _fetched(source: Source, change: Change) -> _Current:
    record, date = source.fetch_object(change.stream, change.object_id)
    if record is None:
        return _gone(source, change, date)
    return _current(source, change.stream, record, date)


def _current(source: Source, stream: Stream, record: Record, date: UnixSeconds) -> _Current:
    kept = source.kept(stream, [record])
    finished = source.finished(stream, kept, date)
    return _Current(finished[0], date, digest_of(record)) if finished else _Current(None, date)


def _gone(source: Source, change: Change, updated_at: UnixSeconds) -> _Current:
    (tombstone,) = source.tombstones([change.object_id], change.at, updated_at)
    return _Current(tombstone, updated_at)


def _pages(source: Source, stream: Stream, stretch: Slice) -> Iterator[Page]:
    share = Share(stretch)
    while (unread := share.unread) is not None:
        try:
            page = source.page(stream, unread)
        except NoSuchObjectError as gone:
            if gone.param != "starting_after" or unread.cursor is None:
                raise
            share = without_cursor(share, narrows=True)
            continue
        share, _ = after_page(share, unread, page, stream.created_field, STRIPES_FIRST_SECOND)
        yield page
