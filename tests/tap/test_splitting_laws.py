"""However a list is shared between workers: every object once, in hardly more requests."""

from __future__ import annotations

import heapq
import random
from bisect import bisect_right
from collections import Counter
from dataclasses import dataclass, field, replace
from itertools import islice, pairwise
from math import ceil
from typing import TYPE_CHECKING

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tap_stripe_td.backfill import Progress, Reading
from tap_stripe_td.memory import Rule, digest_of
from tap_stripe_td.pagination import MAX_LIMIT, Page
from tap_stripe_td.rate_limit import Pace
from tap_stripe_td.records import text_of
from tap_stripe_td.slicing import Slice
from tap_stripe_td.state import Backfill, Bookmark, State, format_state, parse_state
from tap_stripe_td.streams.table import named
from tap_stripe_td.units import UnixSeconds

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from tap_stripe_td.records import Record

(ACCOUNTS,) = named("accounts")
(CHARGES,) = named("charges")
OPENED = UnixSeconds(1_700_000_000)
NOW = UnixSeconds(1_790_000_000)


class VanishedError(Exception):
    """The cursor's object is gone."""


@dataclass
class Listed:
    """A list as Stripe keeps it.

    Attributes:
        created: The second of every object, newest first; an object's id is its place.
        gone: Places of objects that were deleted.
    """

    created: Sequence[int]
    gone: set[int] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.created = sorted(self.created, reverse=True)
        self._ages = [-created for created in self.created]

    @property
    def ids(self) -> list[str]:
        """Every object that is there, newest first."""
        return [str(place) for place in range(len(self.created)) if place not in self.gone]

    def page(self, slice_: Slice, limit: int) -> Page:
        """What Stripe answers.

        Raises:
            VanishedError: If the cursor's object is gone.
        """
        first, end = 0, len(self.created)
        if slice_.until is not None:
            first = bisect_right(self._ages, -slice_.until)
        if slice_.since is not None:
            end = bisect_right(self._ages, -slice_.since)
        if slice_.cursor is not None:
            if int(slice_.cursor) in self.gone:
                raise VanishedError
            first = max(first, int(slice_.cursor) + 1)
        found = self._there(first, end, limit + 1)
        return Page(tuple(map(self._record, found[:limit])), len(found) > limit, NOW)

    def _there(self, first: int, end: int, most: int) -> list[int]:
        found = []
        for place in range(first, end):
            if place not in self.gone:
                found.append(place)
                if len(found) == most:
                    break
        return found

    def _record(self, place: int) -> Record:
        return {
            "id": msgspec.Raw(b'"%d"' % place),
            "created": msgspec.Raw(b"%d" % self.created[place]),
        }


def reading(*unread: Slice) -> Reading:
    start = Bookmark("_updated_at", backfill=Backfill(NOW, unread))
    return Reading(CHARGES, start, Bookmark("_updated_at", NOW))


def whole() -> Progress:
    return Progress.of(reading(Slice(until=NOW)))


def resumed(bookmark: Bookmark) -> Progress:
    """The progress of a run that is given the STATE line that another wrote."""
    line = msgspec.json.encode(format_state(State().advance("charges", bookmark)))
    found = parse_state(msgspec.json.decode(line)).bookmark("charges")
    assert found is not None
    return Progress.of(reading(*(found.backfill.unread if found.backfill else ())))


@dataclass
class Workers:
    """Any number of workers, who act in an order that chance decides.

    Attributes:
        listed: What they read.
        limit: How many objects Stripe gives in a page.
        chance: Who acts next, and what happens.
        deletes: Whether objects are deleted meanwhile.
    """

    listed: Listed
    limit: int
    chance: random.Random
    deletes: bool = False

    def read(self, progress: Progress) -> Iterator[tuple[Progress, list[str]]]:
        """Yield the progress after every page, and the ids that were sent with it."""
        asked: dict[int, Slice] = {}
        while not progress.is_finished:
            number = self.chance.choice(sorted(progress.shares))
            act = self.chance.choice(("go on", "go on", "split"))
            if self.deletes and self.chance.random() < 0.2 and self.listed.ids:
                self.listed.gone.add(int(self.chance.choice(self.listed.ids)))
            if act == "split":
                progress = self._split(progress, number)
            elif number not in asked:
                asked[number] = self._unread(progress, number)
            else:
                progress, ids = self._answered(progress, number, asked.pop(number))
                yield progress, ids

    def _unread(self, progress: Progress, number: int) -> Slice:
        unread = progress.shares[number].unread
        assert unread is not None
        return unread

    def _split(self, progress: Progress, number: int) -> Progress:
        try:
            return progress.split(number, OPENED)[0]
        except ValueError:
            return progress

    def _answered(
        self, progress: Progress, number: int, asked: Slice
    ) -> tuple[Progress, list[str]]:
        try:
            page = self.listed.page(asked, self.limit)
        except VanishedError:
            return progress.after_vanished_cursor(number), []
        progress, records = progress.after(number, asked, page)
        return progress, [text_of(record, "id") or "" for record in records]


# Few seconds for many objects, or many for few, and some before the account was opened.
seconds = st.one_of(
    st.integers(0, 6).map(lambda second: NOW - 7 + second),
    st.integers(0, 3).map(lambda second: OPENED + second),
    st.integers(OPENED - 100_000, NOW - 1),
)
lists = st.lists(seconds, max_size=40).map(Listed)
limits = st.integers(1, 10)
chances = st.randoms(use_true_random=False)


@settings(max_examples=25)
@given(lists, limits, chances)
def test_every_object_comes_once_however_the_list_is_shared(
    listed: Listed, limit: int, chance: random.Random
) -> None:
    steps = Workers(listed, limit, chance).read(whole())

    sent = [id_ for _, ids in steps for id_ in ids]

    assert sorted(sent) == sorted(listed.ids)


def test_a_run_that_ends_while_a_cursor_is_doubted_sends_nothing_again() -> None:
    listed = Listed([NOW - 7, NOW - 7, OPENED])
    progress, _ = answered(listed, whole(), 0, limit=2)
    # All of the second is read; a split leaves it behind as a stretch without an object.
    while progress.shares[0].unread != Slice(UnixSeconds(NOW - 7), UnixSeconds(NOW - 6), "1"):
        progress, _ = progress.split(0, OPENED)
    doubting, ids = answered(listed, progress, 0, limit=2)

    rest = Workers(listed, 2, random.Random(1)).read(resumed(doubting.bookmark))

    assert ids == []
    assert [id_ for _, sent in rest for id_ in sent] == ["2"]


def test_of_two_streams_alike_the_one_with_fewer_workers_is_split_next() -> None:
    listed = Listed([NOW - 10 * place for place in range(1, 2_000)])
    alone, _ = whole().after(0, Slice(until=NOW), listed.page(Slice(until=NOW), 100))
    helped, _ = alone.split(0, OPENED)

    assert alone.rows_a_worker(OPENED) > 1.5 * helped.rows_a_worker(OPENED)


def test_a_second_that_is_looked_at_again_sends_nothing_again() -> None:
    listed = Listed([NOW - 6, NOW - 7, NOW - 7, OPENED])
    progress = whole()
    sent: list[str] = []
    for _ in range(3):
        progress, ids = answered(listed, progress, 0)
        sent += ids
    second = Slice(UnixSeconds(NOW - 7), UnixSeconds(NOW - 6), "2")
    # All of the second is read; a split now leaves it behind as a stretch without an object.
    while progress.shares[0].unread != second:
        progress, _ = progress.split(0, OPENED)

    while not progress.is_finished:
        progress, ids = answered(listed, progress, max(progress.shares))
        sent += ids

    assert sorted(sent) == listed.ids


def answered(
    listed: Listed, progress: Progress, number: int, *, limit: int = 1
) -> tuple[Progress, list[str]]:
    unread = progress.shares[number].unread
    assert unread is not None
    progress, records = progress.after(number, unread, listed.page(unread, limit))
    return progress, [text_of(record, "id") or "" for record in records]


@settings(max_examples=25)
@given(lists, limits, chances, st.integers(0, 30))
def test_from_the_bookmark_of_any_step_all_that_is_left_is_read(
    listed: Listed, limit: int, chance: random.Random, dies_after: int
) -> None:
    workers = Workers(listed, limit, chance)
    written = list(islice(workers.read(whole()), dies_after + 1))
    bookmark = written[-1][0].bookmark

    rest = list(workers.read(resumed(bookmark)))

    sent = Counter(id_ for _, ids in (*written, *rest) for id_ in ids)
    assert sorted(sent) == sorted(listed.ids)
    # A cursor may be doubted; then the second that was reached is read again from its beginning.
    again = {listed.created[int(id_)] for id_, times in sent.items() if times > 1}
    more_than_a_page = {s for s, rows in Counter(listed.created).items() if rows > limit}
    assert again <= seconds_reached(bookmark) & more_than_a_page


class Helpers(Workers):
    """Workers who help each other only where that is worth it."""

    def _split(self, progress: Progress, _: int) -> Progress:
        worth = progress.worth_splitting(OPENED, workers=8)
        return progress if worth is None else progress.split(worth, OPENED)[0]


def long_list(listed: Listed, places: range, backfill: Backfill) -> Reading:
    """A reading of a list with more accounts than are remembered, which are some of them."""
    remembered = tuple(map(digest_of, listed.page(Slice(), 99).records[places.start : places.stop]))
    start = Bookmark("_updated_at", backfill=backfill, digests=remembered)
    rule = Rule(names=True, most_named=len(places))
    return Reading(ACCOUNTS, start, Bookmark("_updated_at", NOW), rule=rule)


@settings(max_examples=25)
@given(st.integers(0, 20), st.integers(1, 9), limits, chances)
def test_of_a_list_too_long_to_be_remembered_what_is_new_comes_however_many_workers_there_are(
    new: int, known: int, limit: int, chance: random.Random
) -> None:
    listed = Listed([NOW - 1000 * place for place in range(1, 60)])
    reading = long_list(listed, range(new, new + known), Backfill(NOW, (Slice(until=NOW),)))

    steps = Helpers(listed, limit, chance).read(Progress.of(reading))

    assert [id_ for _, ids in steps for id_ in ids] == listed.ids[:new]


@settings(max_examples=25)
@given(st.integers(0, 20), st.integers(1, 9), limits, chances)
def test_what_is_new_in_such_a_list_comes_where_a_reading_goes_on_that_was_shared(
    new: int, known: int, limit: int, chance: random.Random
) -> None:
    listed = Listed([NOW - 1000 * place for place in range(1, 60)])
    middle = UnixSeconds(listed.created[new])
    shares = (Slice(middle, NOW), Slice(until=middle))
    reading = long_list(listed, range(new, new + 1 + known), Backfill(NOW, shares))

    steps = Helpers(listed, limit, chance).read(Progress.of(reading))

    assert {id_ for _, ids in steps for id_ in ids} >= set(listed.ids[:new])


def test_a_first_reading_of_such_a_list_goes_on_where_its_cursor_is_gone() -> None:
    listed = Listed([NOW - place // 2 for place in range(1, 30)])
    # The third and the fourth were created in one second.
    left = Backfill(NOW, (Slice(until=UnixSeconds(listed.created[4] + 1), cursor="4"),), version=1)
    reading = long_list(listed, range(4), left)
    listed.gone.add(4)

    progress = Progress.of(replace(reading, earlier=reading.remembered))
    steps = Workers(listed, 4, random.Random(1)).read(progress)

    assert {id_ for _, ids in steps for id_ in ids} >= set(listed.ids[4:])


def seconds_reached(bookmark: Bookmark) -> set[int]:
    unread = () if bookmark.backfill is None else bookmark.backfill.unread
    return {(slice_.until or 0) - 1 for slice_ in unread if slice_.cursor is not None}


@settings(max_examples=25)
@given(lists, limits, chances)
def test_objects_deleted_meanwhile_take_no_other_with_them(
    listed: Listed, limit: int, chance: random.Random
) -> None:
    steps = Workers(listed, limit, chance, deletes=True).read(whole())

    sent = [id_ for _, ids in steps for id_ in ids]

    assert len(sent) == len(set(sent))
    assert set(listed.ids) <= set(sent)


@settings(max_examples=25)
@given(lists, limits, chances)
def test_shares_never_overlap_and_no_bookmark_passes_the_signpost(
    listed: Listed, limit: int, chance: random.Random
) -> None:
    for progress, _ in Workers(listed, limit, chance).read(whole()):
        backfill = progress.bookmark.backfill
        unread = [] if backfill is None else sorted(backfill.unread, key=lambda s: s.until or 0)
        assert all(slice_.until is not None and slice_.until <= NOW for slice_ in unread)
        for older, newer in pairwise(unread):
            assert (older.until or 0) <= (newer.since or 0)


@dataclass
class Timed:
    """Workers who read as the crew does, in a time that is only counted.

    Attributes:
        listed: What they read.
        workers: How many there are.
        latency_seconds: How long Stripe takes to answer.
        per_second: How many requests it allows.
        requests: How many were needed.
        ended_at: When the last was answered.
    """

    listed: Listed
    workers: int
    latency_seconds: float = 0.15
    per_second: float = 25.0
    requests: int = 0
    ended_at: float = 0.0

    def read(self) -> int:
        """Read everything; return how many objects came."""
        self._progress, self._pace = whole(), Pace(self.per_second)
        self._flying: list[tuple[float, int, Slice]] = []
        rows = 0
        self._ask(0, 0.0)
        while self._flying:
            now, number, asked = heapq.heappop(self._flying)
            page = self.listed.page(asked, MAX_LIMIT)
            self._progress, records = self._progress.after(number, asked, page)
            rows += len(records)
            self.ended_at = now
            if number in self._progress.shares:
                self._ask(number, now)
            self._help(now)
        return rows

    def _help(self, now: float) -> None:
        """Idle workers take halves, where the budget has room."""
        while len(self._flying) < self.workers:
            if self._pace.backlog_seconds(now) > 1 / self._pace.rate(now):
                return
            number = self._progress.worth_splitting(OPENED, self.workers)
            if number is None:
                return
            self._progress, older = self._progress.split(number, OPENED)
            self._ask(older, now)

    def _ask(self, number: int, now: float) -> None:
        start, self._pace = self._pace.reserve(now)
        unread = self._progress.shares[number].unread
        assert unread is not None
        self.requests += 1
        heapq.heappush(self._flying, (start + self.latency_seconds, number, unread))


SHAPES: dict[str, Callable[[random.Random], float]] = {
    "evenly": lambda chance: chance.random(),
    "growing": lambda chance: chance.random() ** 0.5,
    "growing fast": lambda chance: 1 - min(0.999, chance.expovariate(20)),
    "shrinking fast": lambda chance: min(0.999, chance.expovariate(20)),
    "all of yesterday": lambda chance: 1 - chance.random() / 1000,
    "all long ago": lambda chance: chance.random() / 1000,
    "in two heaps": lambda chance: chance.choice((0.1, 0.8)) + chance.random() / 1000,
    "in ten heaps": lambda chance: chance.randrange(10) / 10 + chance.random() / 1000,
    "in a hundred seconds": lambda chance: chance.randrange(100) / 100,
}


def spread(count: int, shape: str) -> Listed:
    """Objects over the years, as businesses have them."""
    chance = random.Random(count)
    at = SHAPES[shape]
    return Listed([int(OPENED + at(chance) * (NOW - OPENED - 1)) for _ in range(count)])


each_shape = pytest.mark.parametrize("shape", SHAPES)


@each_shape
@pytest.mark.parametrize(
    ("count", "workers", "per_second"), [(10_000, 8, 25), (10_000, 32, 1000), (3_000, 32, 1000)]
)
def test_sharing_costs_few_requests(
    shape: str, count: int, workers: int, per_second: float
) -> None:
    timed = Timed(spread(count, shape), workers, per_second=per_second)

    rows = timed.read()

    assert rows == count
    assert timed.requests <= 1.05 * ceil(count / MAX_LIMIT) + 2 * workers


@each_shape
def test_workers_together_use_the_whole_budget_of_an_endpoint(shape: str) -> None:
    timed = Timed(spread(20_000, shape), workers=8)

    timed.read()

    assert timed.requests / timed.ended_at >= 0.9 * timed.per_second
