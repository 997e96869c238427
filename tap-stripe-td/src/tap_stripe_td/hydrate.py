"""Fetching changed objects again, as they are now, in our API version.

Objects that were created since the bookmark are all among the changed ones, so their stretch of
the list is read, a hundred to a request; older ones are fetched one by one, several at once.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import groupby
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
from tap_stripe_td.memory import digest_of
from tap_stripe_td.records import text_of
from tap_stripe_td.side_by_side import side_by_side
from tap_stripe_td.slicing import Slice
from tap_stripe_td.splitting import Share, after_page, without_cursor
from tap_stripe_td.steps import Failed, Rows, Step
from tap_stripe_td.streams.row import CreatedFilter
from tap_stripe_td.streams.table import listed_with
from tap_stripe_td.units import UnixSeconds

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

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

    Its children follow, those that are there and those that are gone. A stream whose objects may
    not be fetched fails alone.
    """
    by_stream = sorted(changes, key=lambda change: (change.stream.name, change.at))
    for _, group in groupby(by_stream, key=lambda change: change.stream.name):
        of_stream = list(group)
        stream = of_stream[0].stream
        try:
            plan = plan_hydrate(of_stream, since)
            yield from _in_steps(_found(source, stream, plan, workers))
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
        digest: What stands for the object in a bookmark; empty when it is gone.
        failures: Why children could not be read.
        children: Ids of children that are to be remembered, by their stream and their parent.
    """

    records: Mapping[Stream, tuple[Record, ...]]
    date: UnixSeconds
    digest: str = ""
    failures: Mapping[Stream, TapError] = field(default_factory=dict)
    children: Mapping[Stream, Mapping[str, tuple[str, ...]]] = field(default_factory=dict)


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
        digests = tuple(each.digest for each in told if each.digest)
        children: dict[str, tuple[str, ...]] = {}
        for each in told:
            children.update(each.children.get(stream, {}))
        if records or digests:
            date = max(each.date for each in told)
            yield Rows(stream, records, date, digests=digests, children=children)


def _found(source: Source, stream: Stream, plan: HydratePlan, workers: int) -> Iterator[_Current]:
    yield from (_gone(source, change, change.at) for change in plan.gone)
    wanted = {change.object_id: change for change in plan.listed}
    if wanted:
        for page in _pages(source, stream, plan.stretch):
            for record in page.records:
                change = wanted.pop(text_of(record, "id") or "", None)
                if change is not None:
                    yield _current(source, change, record, page.date)
    single = (*plan.single, *wanted.values())
    threads = min(workers, len(single))
    if threads:
        yield from side_by_side(lambda change: _fetched(source, change), single, threads)


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
    return _Current(records, date, digest_of(record), failures, known)


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
        share, _ = after_page(share, unread, page, stream.created_field)
        yield page
