"""What a run reads of each stream, decided from the table, the settings and the state. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum
from typing import TYPE_CHECKING

from tap_stripe_td.backfill import Reading
from tap_stripe_td.memory import Memory, Rule
from tap_stripe_td.slicing import Slice
from tap_stripe_td.state import Backfill, Bookmark
from tap_stripe_td.streams.row import Coverage, CreatedFilter, Stream
from tap_stripe_td.tail import LATENESS_SECONDS, MAX_AGE_SECONDS
from tap_stripe_td.units import UnixSeconds

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from tap_stripe_td.state import State


_DAY_SECONDS = 86_400


class Upkeep(Enum):
    """How a stream is kept up to date after it was read once."""

    TAIL = "changes, from events"
    FORWARD = "new objects, and recent ones again, by creation time"
    WHOLE = "read whole every time; what changed is sent"


def upkeep(stream: Stream) -> Upkeep:
    """Return how a stream is kept up to date."""
    if stream.events and stream.coverage in {Coverage.FULL, Coverage.PARTIAL}:
        return Upkeep.TAIL
    if stream.created_filter is not CreatedFilter.NONE:
        return Upkeep.FORWARD
    return Upkeep.WHOLE


def replication_key(stream: Stream) -> str | None:
    """Return the field that orders a stream's changes; None when it is read whole every time."""
    fields = {Upkeep.TAIL: "_updated_at", Upkeep.FORWARD: stream.created_field, Upkeep.WHOLE: None}
    return fields[upkeep(stream)]


@dataclass(frozen=True)
class Plan:
    """What a run reads.

    Attributes:
        lists: Streams that are read by their list, in order.
        tail: Streams that are read from events, each with its bookmark.
        aged: Those of `lists` whose bookmark is too old to be read from events.
    """

    lists: tuple[Reading, ...]
    tail: Mapping[Stream, Bookmark]
    aged: tuple[Stream, ...] = ()


@dataclass(frozen=True)
class Bounds:
    """What a plan is made within.

    Attributes:
        signpost: Nothing newer is read.
        created: The stretch of creation time that was asked for.
        lookback_seconds: How far before a bookmark is read again.
        incremental: Whether to go on from the state.
        version: What whole readings of this run are called.
        reconcile_days: How many days of created objects are read again where events do not tell
            everything.
    """

    signpost: UnixSeconds
    created: Slice
    lookback_seconds: int
    incremental: bool
    version: int | None
    reconcile_days: int = 0

    @property
    def reconcile_since(self) -> UnixSeconds:
        """The second from which objects are read again."""
        return UnixSeconds(self.signpost - self.reconcile_days * _DAY_SECONDS)

    @property
    def tail_end(self) -> UnixSeconds:
        """The second before which events are read."""
        return UnixSeconds(self.signpost - LATENESS_SECONDS)


def make_plan(
    streams: Iterable[Stream],
    state: State,
    bounds: Bounds,
    visible: Mapping[str, tuple[str, ...]],
) -> Plan:
    """Return what is to be read.

    Args:
        streams: What was selected.
        state: Where the last run left off.
        bounds: What this run reads within.
        visible: Ids of the events, by stream, that lists read from now on have in them already.
    """
    lists: list[Reading] = []
    tail: dict[Stream, Bookmark] = {}
    aged: list[Stream] = []
    for stream in streams:
        bookmark = state.bookmark(stream.name) if bounds.incremental else None
        if is_aged(stream, bookmark, bounds):
            aged.append(stream)
            bookmark = None
        if bookmark is not None and bookmark.backfill is None and upkeep(stream) is Upkeep.TAIL:
            tail[stream] = bookmark
        else:
            lists.append(_reading(stream, bookmark, bounds, visible.get(stream.name, ())))
    return Plan(tuple(lists), tail, tuple(aged))


def is_aged(stream: Stream, bookmark: Bookmark | None, bounds: Bounds) -> bool:
    """Whether a bookmark is too old for the events that Stripe still has."""
    if bookmark is None or upkeep(stream) is not Upkeep.TAIL:
        return False
    since = bookmark.value if bookmark.backfill is None else bookmark.backfill.signpost
    return since is not None and since < bounds.signpost - MAX_AGE_SECONDS


def is_behind(stream: Stream, bookmark: Bookmark, bounds: Bounds) -> bool:
    """Whether there may be events after a bookmark that this run can read."""
    if bookmark.value is None or upkeep(stream) is not Upkeep.TAIL:
        return False
    return bounds.incremental and bookmark.value < bounds.tail_end


def needs_visible_events(streams: Iterable[Stream], state: State, bounds: Bounds) -> list[Stream]:
    """Return the streams that are read from the start now and from events later."""
    return [
        stream
        for stream in streams
        if bounds.incremental
        and upkeep(stream) is Upkeep.TAIL
        and ((bookmark := state.bookmark(stream.name)) is None or is_aged(stream, bookmark, bounds))
    ]


def _reading(
    stream: Stream, bookmark: Bookmark | None, bounds: Bounds, visible: tuple[str, ...]
) -> Reading:
    if bookmark is not None and bookmark.backfill is not None:
        return _resumed(stream, bookmark, bookmark.backfill.signpost, bounds)
    if bookmark is not None and upkeep(stream) is Upkeep.FORWARD:
        since = UnixSeconds((bookmark.value or 0) - bounds.lookback_seconds)
        if stream.coverage is not Coverage.SELF:
            since = min(since, bounds.reconcile_since)
        stretch = Slice(since, bounds.signpost).intersect(bounds.created)
        return _part(stream, bookmark, stretch, bounds)
    whole = Slice(until=bounds.signpost).intersect(bounds.created)
    if bookmark is not None and bookmark.digests:
        return _part(stream, bookmark, whole, bounds)
    key = replication_key(stream) or "_updated_at"
    start = Bookmark(key, backfill=Backfill(bounds.signpost, _unread(whole)), seen=visible)
    return replace(_with_end(stream, start, bounds.signpost, bounds), version=bounds.version)


def _part(stream: Stream, bookmark: Bookmark, stretch: Slice, bounds: Bounds) -> Reading:
    """A reading of which only what is new since the bookmark is sent."""
    backfill = Backfill(bounds.signpost, _unread(stretch))
    return _with_end(stream, replace(bookmark, backfill=backfill), bounds.signpost, bounds)


def _resumed(stream: Stream, bookmark: Bookmark, signpost: UnixSeconds, bounds: Bounds) -> Reading:
    # Without a version: what is left of a reading is not the whole stream.
    reading = _with_end(stream, bookmark, signpost, bounds)
    ids = () if reading.rule.ids_since is None else bookmark.seen
    return replace(reading, earlier=Memory(ids, bookmark.digests))


def reconciling(
    stream: Stream, bookmark: Bookmark, sent: tuple[str, ...], bounds: Bounds
) -> Reading:
    """Return the reading that finds what events did not tell, of recently created objects.

    Args:
        stream: The stream.
        bookmark: How far its events are read.
        sent: Digests of what was sent since.
        bounds: What this run reads within.
    """
    stretch = Slice(bounds.reconcile_since, bounds.signpost).intersect(bounds.created)
    known = Memory(digests=bookmark.digests).united(Memory(digests=sent))
    start = replace(
        bookmark, backfill=Backfill(bounds.signpost, _unread(stretch)), digests=known.digests
    )
    return replace(_with_end(stream, start, bounds.signpost, bounds), end=bookmark)


def is_reconciled(stream: Stream, bounds: Bounds) -> bool:
    """Whether recent objects are read again, as events do not tell everything about them."""
    by_range = stream.created_filter is not CreatedFilter.NONE
    return bounds.reconcile_days > 0 and by_range and stream.coverage is Coverage.PARTIAL


def _with_end(stream: Stream, start: Bookmark, signpost: UnixSeconds, bounds: Bounds) -> Reading:
    return Reading(
        stream,
        start,
        _end(stream, start, signpost),
        rule=_rule(stream, signpost, bounds) if bounds.incremental else Rule(),
        tells_gone=upkeep(stream) is Upkeep.WHOLE,
    )


def _rule(stream: Stream, signpost: UnixSeconds, bounds: Bounds) -> Rule:
    """What is remembered of a stream: what the next run reads again."""
    ids = UnixSeconds(signpost - bounds.lookback_seconds)
    digests = UnixSeconds(signpost - bounds.reconcile_days * _DAY_SECONDS)
    kind = upkeep(stream)
    if kind is Upkeep.WHOLE:
        return Rule(digests_since=UnixSeconds(0))
    if kind is Upkeep.TAIL:
        kept = digests if is_reconciled(stream, bounds) else None
        return Rule(stream.created_field, digests_since=kept)
    if stream.coverage is Coverage.SELF or bounds.reconcile_days == 0:
        return Rule(stream.created_field, ids_since=ids)
    return Rule(stream.created_field, ids, min(ids, digests))


def _unread(stretch: Slice) -> tuple[Slice, ...]:
    return () if stretch.is_empty else (stretch,)


def _end(stream: Stream, start: Bookmark, signpost: UnixSeconds) -> Bookmark:
    tailed = upkeep(stream) is Upkeep.TAIL
    value = signpost - LATENESS_SECONDS if tailed else signpost
    return Bookmark(start.replication_key, UnixSeconds(value), seen=start.seen)
