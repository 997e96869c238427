"""Fetching changed objects again, as they are now, in our API version.

Those that stand near each other in their list are read from it, up to a hundred to a request; the
others are fetched one by one, several at once.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from itertools import groupby
from types import MappingProxyType
from typing import TYPE_CHECKING

from tap_stripe_td.children import (
    child_tombstones,
    known_children,
    there_and_gone,
    unshown,
    with_parent,
)
from tap_stripe_td.errors import (
    NoSuchObjectError,
    NotEnabledError,
    StripeRefusedError,
    TapError,
    UnexpectedAnswerError,
)
from tap_stripe_td.memory import recent_entry
from tap_stripe_td.recent import Recent
from tap_stripe_td.side_by_side import side_by_side
from tap_stripe_td.slicing import Slice
from tap_stripe_td.steps import Failed, Rows, Step
from tap_stripe_td.streams.row import CreatedFilter
from tap_stripe_td.streams.table import listed_with
from tap_stripe_td.sweep import Sweep, Swept, after_page, sweeps_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from tap_stripe_td.fold import Change
    from tap_stripe_td.recent import Entry
    from tap_stripe_td.records import Record
    from tap_stripe_td.source import Source
    from tap_stripe_td.streams.row import Stream
    from tap_stripe_td.units import UnixSeconds

_ROWS_A_STEP = 100


@dataclass(frozen=True)
class HydratePlan:
    """How the changed objects of one stream are fetched.

    Attributes:
        gone: Changes that say that their object is gone: nothing is fetched.
        listed: Changes of objects that are looked for in their list.
        single: Changes of objects that are fetched one by one.
    """

    gone: tuple[Change, ...] = ()
    listed: tuple[Change, ...] = ()
    single: tuple[Change, ...] = ()


def plan_hydrate(changes: Iterable[Change]) -> HydratePlan:
    """Return how to fetch the changed objects of one stream with the fewest requests."""
    all_changes = tuple(changes)
    gone = tuple(change for change in all_changes if change.deleted)
    there = [change for change in all_changes if not change.deleted]
    listed = tuple(change for change in there if _can_be_listed(change))
    if len(listed) < 2:
        return HydratePlan(gone, single=tuple(there))
    single = tuple(change for change in there if not _can_be_listed(change))
    return HydratePlan(gone, listed, single)


def _can_be_listed(change: Change) -> bool:
    stream = change.stream
    by_created = stream.created_filter is CreatedFilter.RANGE and stream.parent is None
    return by_created and change.created is not None


def hydrate(
    source: Source,
    changes: Iterable[Change],
    *,
    workers: int,
    sent: Mapping[Stream, Recent] = MappingProxyType({}),
) -> Iterator[Step]:
    """Yield every changed object as it is now, or a tombstone when it is gone.

    Its children follow, those that are there and those that are gone. A stream whose objects may
    not be fetched fails alone.

    Args:
        source: Where they are fetched.
        changes: What changed.
        workers: How many threads fetch.
        sent: What stands for objects that were sent; as they are they do not come again.
    """
    by_stream = sorted(changes, key=lambda change: (change.stream.name, change.at))
    for _, group in groupby(by_stream, key=lambda change: change.stream.name):
        of_stream = list(group)
        stream = of_stream[0].stream
        try:
            plan = plan_hydrate(of_stream)
            found = _found(source, stream, plan, workers)
            yield from _in_steps(_without_sent(found, stream, sent.get(stream, Recent())))
        except StripeRefusedError as error:
            told = dict.fromkeys(each for change in of_stream for each in change.streams)
            yield Failed(tuple(told), error)


@dataclass(frozen=True)
class _Current:
    """An object and its children as they are now.

    Attributes:
        records: Records and tombstones of the streams that are told; none when the object was not
            asked for.
        date: When that was so.
        entry: What stands for the object in a bookmark; None when it is gone.
        failures: Why children could not be read.
        children: Ids of children that are to be remembered, by their stream and their parent.
    """

    records: Mapping[Stream, tuple[Record, ...]]
    date: UnixSeconds
    entry: Entry | None = None
    failures: Mapping[Stream, TapError] = field(default_factory=dict)
    children: Mapping[Stream, Mapping[str, tuple[str, ...]]] = field(default_factory=dict)


def _without_sent(found: Iterable[_Current], stream: Stream, sent: Recent) -> Iterator[_Current]:
    for current in found:
        if current.entry is not None and current.entry in sent:
            children = {told: r for told, r in current.records.items() if told != stream}
            yield replace(current, records=children)
        else:
            yield current


def _in_steps(found: Iterable[_Current]) -> Iterator[Step]:
    batch: list[_Current] = []
    failed: set[Stream] = set()
    for current in found:
        batch.append(current)
        for stream, error in current.failures.items():
            if stream not in failed:
                failed.add(stream)
                yield Failed((stream,), error)
        if len(batch) == _ROWS_A_STEP:
            yield from _rows(batch)
            batch = []
    yield from _rows(batch)


def _rows(batch: list[_Current]) -> Iterator[Rows]:
    for stream in dict.fromkeys(stream for each in batch for stream in each.records):
        told = [each for each in batch if stream in each.records]
        records = tuple(record for each in told for record in each.records[stream])
        entries = tuple(each.entry for each in told if each.entry is not None)
        children: dict[str, tuple[str, ...]] = {}
        for each in told:
            children.update(each.children.get(stream, {}))
        if records or entries:
            date = max(each.date for each in told)
            yield Rows(stream, records, date, entries=entries, children=children)


def _found(source: Source, stream: Stream, plan: HydratePlan, workers: int) -> Iterator[_Current]:
    yield from (_gone(source, change, change.at) for change in plan.gone)
    missed: list[Change] = []
    listed = _listed(source, stream, plan.listed, workers, missed)
    threads = min(workers, sum(len(change.streams) > 1 for change in plan.listed))
    if threads:
        # Each may have lists of children to be read.
        yield from side_by_side(lambda seen: _current(source, *seen), listed, threads)
    else:
        yield from (_current(source, *seen) for seen in listed)
    single = (*plan.single, *missed)
    threads = min(workers, len(single))
    if threads:
        yield from side_by_side(lambda change: _fetched(source, change), single, threads)


def _listed(
    source: Source, stream: Stream, changes: Iterable[Change], workers: int, missed: list[Change]
) -> Iterator[tuple[Change, Record, UnixSeconds]]:
    """Yield what the list shows of the changed objects; the others are added to `missed`."""
    sweeps = sweeps_of(changes, workers)
    while sweeps:
        rests: list[Sweep] = []
        threads = min(workers, len(sweeps))
        for swept, date in side_by_side(
            lambda sweep: _swept(source, stream, sweep), sweeps, threads
        ):
            yield from ((change, record, date) for change, record in swept.found)
            missed.extend(swept.missed)
            rests.extend([] if swept.rest is None else [swept.rest])
        sweeps = rests


def _swept(source: Source, stream: Stream, sweep: Sweep) -> tuple[Swept, UnixSeconds]:
    try:
        page = source.page(stream, sweep.stretch)
    except NoSuchObjectError as gone:
        if gone.param != "starting_after" or sweep.cursor is None:
            raise
        return sweep.without_cursor, gone.date
    return after_page(sweep, page, stream.created_field), page.date


def _fetched(source: Source, change: Change) -> _Current:
    record, date = source.fetch_object(change.stream, change.object_id, change.parent_id)
    if record is None:
        return _gone(source, change, date)
    if change.parent_id and not _is_of_range(source, change):
        return _Current({}, date)
    return _current(source, change, record, date)


def _is_of_range(source: Source, change: Change) -> bool:
    """Whether a child's parent was created in the stretch that was asked for."""
    if source.created == Slice():
        return True
    row = listed_with(change.stream)
    parent, _ = source.fetch_object(row, change.parent_id)
    return parent is not None and bool(source.kept(row, [parent]))


def _current(source: Source, change: Change, record: Record, date: UnixSeconds) -> _Current:
    stream = change.stream
    named = with_parent(stream, record, change.parent_id)
    if change.parent_id == "" and not source.kept(stream, [record]):
        return _Current({}, date)
    records: dict[Stream, tuple[Record, ...]] = {}
    failures: dict[Stream, TapError] = {}
    for told in change.streams:
        try:
            records[told] = (
                source.finished(stream, [named], date)
                if told == stream
                else there_and_gone(source, told, record, date, change.known_children(told))
            )
        except NotEnabledError:
            records[told] = ()
        except (StripeRefusedError, UnexpectedAnswerError) as error:
            failures[told] = error
    known = {
        told: {change.object_id: unshown(source, told, record, found)}
        for told, found in records.items()
        if told != stream
    }
    entry = recent_entry(record, stream.created_field)
    return _Current(records, date, entry, failures, known)


def _gone(source: Source, change: Change, updated_at: UnixSeconds) -> _Current:
    seconds = (change.at, updated_at)
    own = child_tombstones(source, change.stream, [change.object_id], change.parent_id, seconds)
    records = {
        told: own
        if told == change.stream
        else child_tombstones(
            source, told, _children_before(source, told, change), change.object_id, seconds
        )
        for told in change.streams
    }
    none_left: dict[str, tuple[str, ...]] = {change.object_id: ()}
    known = dict.fromkeys((told for told in change.streams if told != change.stream), none_left)
    return _Current(records, updated_at, children=known)


def _children_before(source: Source, child: Stream, change: Change) -> Iterable[str]:
    known = known_children(source, child, change.object_id)
    return dict.fromkeys((*change.known_children(child), *known))
