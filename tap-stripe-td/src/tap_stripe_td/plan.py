"""What a run reads of each stream, decided from the table, the settings and the state. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from tap_stripe_td.backfill import Reading
from tap_stripe_td.memory import Memory, Rule
from tap_stripe_td.recent import MOST_RECENT
from tap_stripe_td.slicing import Slice
from tap_stripe_td.state import Backfill, Bookmark, State
from tap_stripe_td.streams.row import Coverage, CreatedFilter, Stream
from tap_stripe_td.streams.table import listed_with
from tap_stripe_td.tail import LATENESS_SECONDS, MAX_AGE_SECONDS
from tap_stripe_td.units import UnixSeconds
from tap_stripe_td.upkeep import Upkeep, bookmark_of, follows, replication_key, upkeep

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from tap_stripe_td.recent import Recent

_DAY_SECONDS = 86_400


@dataclass(frozen=True)
class Plan:
    """What a run reads.

    Attributes:
        lists: What is read by its list, in order.
        tail: Streams that are read from events, each with its bookmark.
        aged: Streams of `lists` whose bookmark is too old to be read from events.
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
        most_recent: How many recent objects may be remembered.
    """

    signpost: UnixSeconds
    created: Slice
    lookback_seconds: int
    incremental: bool
    version: int | None
    reconcile_days: int = 0
    most_recent: int = MOST_RECENT

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
    lists: dict[tuple[Stream, Bookmark | None], list[Stream]] = {}
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
            row = listed_with(stream)
            shared = None if bookmark is None else bookmark_of(row, bookmark)
            lists.setdefault((row, shared), []).append(stream)
    readings = (
        replace(
            _reading(row, bookmark, bounds, _united(visible.get(m.name, ()) for m in members)),
            members=tuple(members),
        )
        for (row, bookmark), members in lists.items()
    )
    return Plan(tuple(readings), tail, tuple(aged))


def _united(ids: Iterable[tuple[str, ...]]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(id_ for some in ids for id_ in some))


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
        reading = _resumed(stream, bookmark, bounds)
        return replace(reading, harvests=bool(stream.named_in))
    if bookmark is not None and upkeep(stream) is Upkeep.FORWARD:
        since = _unsent_since(bookmark, bounds)
        if stream.coverage is not Coverage.SELF:
            since = min(since, _again_since(bookmark, bounds))
        stretch = Slice(since, bounds.signpost).intersect(bounds.created)
        return _part(stream, bookmark, stretch, bounds)
    whole = Slice(until=bounds.signpost)
    if not stream.relisted:
        # Else what was asked for before and is not now would be taken for gone.
        whole = whole.intersect(bounds.created)
    if bookmark is not None and bookmark.digests:
        return _part(stream, bookmark, whole, bounds)
    return _first(stream, whole, bounds, visible)


def _first(stream: Stream, whole: Slice, bounds: Bounds, visible: tuple[str, ...]) -> Reading:
    key = replication_key(stream) or "_updated_at"
    backfill = Backfill(bounds.signpost, _unread(whole), bounds.version)
    start = Bookmark(key, backfill=backfill, seen=visible)
    reading = _with_end(stream, start, bounds, whole.since)
    return replace(reading, begins=True, harvests=bool(stream.named_in))


def whole_readings(streams: Iterable[Stream], bounds: Bounds) -> list[Reading]:
    """Return the readings of everything there is of some streams, whatever was read before."""
    plan = make_plan(streams, State(), replace(bounds, incremental=False, version=None), {})
    return [replace(reading, harvests=False) for reading in plan.lists]


def _part(stream: Stream, bookmark: Bookmark, stretch: Slice, bounds: Bounds) -> Reading:
    """A reading of which only what is new since the bookmark is sent."""
    backfill = Backfill(bounds.signpost, _unread(stretch))
    return _with_end(stream, replace(bookmark, backfill=backfill), bounds, stretch.since)


def _resumed(stream: Stream, bookmark: Bookmark, bounds: Bounds) -> Reading:
    since = bookmark.recent.since
    reading = _with_end(stream, bookmark, bounds, since)
    rule = reading.rule
    if since is not None and bookmark.value is not None and reading.version is None:
        rule = replace(rule, sent_before=min(since, _unsent_since(bookmark, bounds)))
    earlier = Memory(
        () if rule.ids_since is None else bookmark.seen, bookmark.digests, bookmark.recent
    )
    return replace(reading, rule=rule, earlier=earlier)


def _unsent_since(bookmark: Bookmark, bounds: Bounds) -> UnixSeconds:
    """The second from which objects may have been created that were not sent."""
    return UnixSeconds((bookmark.value or 0) - bounds.lookback_seconds)


def _again_since(bookmark: Bookmark, bounds: Bounds) -> UnixSeconds:
    """The second from which objects are read again, as far as they are remembered."""
    if bookmark.recent.since is not None:
        return max(bounds.reconcile_since, bookmark.recent.since)
    # An earlier release remembered all, or nothing when that was too much.
    return bounds.reconcile_since if bookmark.digests else bounds.signpost


def forgotten_until(reading: Reading, bounds: Bounds) -> UnixSeconds | None:
    """Return the second before which recent objects are not read again; None when all are."""
    since = reading.start.recent.since
    if reading.start.value is None or reading.version is not None or since is None:
        return None
    wanted = max(bounds.reconcile_since, bounds.created.since or 0)
    return since if reading.rule.recent_since is not None and since > wanted else None


def reconciling(bookmarks: Mapping[Stream, Bookmark], bounds: Bounds) -> list[Reading]:
    """Return the readings that find what events did not tell, of recently created objects.

    Args:
        bookmarks: How far the events of streams are read.
        bounds: What this run reads within.
    """
    alike: dict[tuple[Stream, tuple[str, ...], Recent], dict[Stream, Bookmark]] = {}
    for stream, bookmark in bookmarks.items():
        if is_reconciled(stream, bounds):
            remembered = (listed_with(stream), bookmark.digests, bookmark.recent)
            alike.setdefault(remembered, {})[stream] = bookmark
    return [_reconciling(row, members, bounds) for (row, *_), members in alike.items()]


def _reconciling(row: Stream, members: Mapping[Stream, Bookmark], bounds: Bounds) -> Reading:
    end = replace(
        bookmark_of(row, next(iter(members.values()))),
        seen=_united(bookmark.seen for bookmark in members.values()),
    )
    # Where nothing is remembered all are sent: of some lists events do not tell the new ones.
    is_remembered = end.digests or end.recent.since is not None
    since = _again_since(end, bounds) if is_remembered else bounds.reconcile_since
    stretch = Slice(since, bounds.signpost).intersect(bounds.created)
    start = replace(end, backfill=Backfill(bounds.signpost, _unread(stretch)))
    reading = _with_end(row, start, bounds, stretch.since)
    return replace(reading, end=end, members=tuple(members))


def is_reconciled(stream: Stream, bounds: Bounds) -> bool:
    """Whether recent objects are read again, as events do not tell everything about them."""
    row = listed_with(stream)
    by_range = row.created_filter is not CreatedFilter.NONE
    partial = row.coverage is Coverage.PARTIAL and follows(stream)
    return bounds.reconcile_days > 0 and by_range and partial


def _with_end(
    stream: Stream, start: Bookmark, bounds: Bounds, since: UnixSeconds | None
) -> Reading:
    """A reading that begins at a bookmark, of objects created from a second on."""
    signpost = bounds.signpost if start.backfill is None else start.backfill.signpost
    return Reading(
        stream,
        start,
        _end(stream, start, signpost),
        rule=_rule(stream, signpost, bounds, since) if bounds.incremental else Rule(),
        tells_gone=upkeep(stream) is Upkeep.WHOLE,
    )


def _rule(stream: Stream, signpost: UnixSeconds, bounds: Bounds, since: UnixSeconds | None) -> Rule:
    """What is remembered of a stream: what the next run reads again, of what this one reads."""
    lookback = UnixSeconds(signpost - bounds.lookback_seconds)
    recent = UnixSeconds(max(signpost - bounds.reconcile_days * _DAY_SECONDS, since or 0))
    kind = upkeep(stream)
    if kind is Upkeep.WHOLE:
        return Rule(stream.created_field, names=True, sends=bounds.created)
    rule = Rule(stream.created_field, most_recent=bounds.most_recent)
    if kind is Upkeep.TAIL:
        return replace(rule, recent_since=recent) if is_reconciled(stream, bounds) else rule
    if stream.coverage is Coverage.SELF or bounds.reconcile_days == 0:
        return replace(rule, ids_since=lookback)
    return replace(rule, ids_since=lookback, recent_since=min(recent, lookback))


def _unread(stretch: Slice) -> tuple[Slice, ...]:
    return () if stretch.is_empty else (stretch,)


def _end(stream: Stream, start: Bookmark, signpost: UnixSeconds) -> Bookmark:
    tailed = upkeep(stream) is Upkeep.TAIL
    value = signpost - LATENESS_SECONDS if tailed else signpost
    return Bookmark(start.replication_key, UnixSeconds(value), seen=start.seen)
