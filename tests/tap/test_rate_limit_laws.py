"""However many threads ask whenever they like: no budget is exceeded, and none is left unused."""

from __future__ import annotations

import heapq
import itertools
import threading
from collections import defaultdict
from math import inf
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tap_stripe_td.limiter import REASON_HEADER, Limiter
from tap_stripe_td.rate_limit import Pace

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

BURST_SECONDS = 0.2
RECOVERY_SECONDS = 20.0
SLOWEST_PER_SECOND = 1.0
A_LITTLE = 1e-6

ceilings = st.floats(1.0, 1000.0)
gaps = st.lists(st.sampled_from([0.0, 0.001, 0.05, 0.3, 3.0]), min_size=1, max_size=60)
refusals = st.lists(st.booleans(), min_size=60, max_size=60)


def most_in_a_window(starts: Sequence[float], rate: float) -> float:
    """By how many requests the fullest window of any length exceeds the rate."""
    lowest, worst = inf, -inf
    for number, start in enumerate(sorted(starts)):
        lowest = min(lowest, number - rate * start)
        worst = max(worst, number + 1 - rate * start - lowest)
    return worst


def test_the_fullest_window_is_found() -> None:
    assert most_in_a_window([0, 1, 2, 3], rate=1) == 1
    assert most_in_a_window([0, 5, 5, 5, 9], rate=1) == 3


@given(ceilings, gaps, refusals)
def test_no_window_has_more_starts_than_its_rate_a_burst_and_one(
    ceiling: float, waits: list[float], refused: list[bool]
) -> None:
    pace, now, starts = Pace(ceiling), 0.0, []
    for wait, is_refused in zip(waits, refused, strict=False):
        now += wait
        pace = pace.slowed(now) if is_refused else pace
        start, pace = pace.reserve(now)
        starts.append(start)

    assert most_in_a_window(starts, ceiling) <= ceiling * BURST_SECONDS + 1 + A_LITTLE


@given(ceilings, gaps)
def test_nobody_starts_before_asking_and_turns_keep_their_order(
    ceiling: float, waits: list[float]
) -> None:
    pace, now, before = Pace(ceiling), 0.0, 0.0
    for wait in waits:
        now += wait
        start, pace = pace.reserve(now)
        assert start >= max(now, before)
        before = start


@given(ceilings, st.integers(1, 100))
def test_a_queue_that_is_never_empty_uses_the_whole_rate(ceiling: float, turns: int) -> None:
    pace, start = Pace(ceiling), 0.0
    for _ in range(turns):
        start, pace = pace.reserve(0.0)

    assert start <= (turns - 1) / ceiling + A_LITTLE


@given(ceilings, st.lists(st.floats(1.0, 30.0), min_size=1, max_size=10))
def test_a_429_halves_the_rate_but_never_below_one_a_second(
    ceiling: float, waits: list[float]
) -> None:
    pace, now = Pace(ceiling), 0.0
    for wait in waits:
        now += wait
        before = pace.rate(now)
        pace = pace.slowed(now)
        assert pace.rate(now) == pytest.approx(max(before / 2, SLOWEST_PER_SECOND))


@given(ceilings, st.lists(st.floats(0, 5), max_size=10), st.floats(0, 2 * RECOVERY_SECONDS))
def test_after_429s_the_rate_climbs_back_to_the_ceiling_and_never_past_it(
    ceiling: float, waits: list[float], later: float
) -> None:
    pace, now = Pace(ceiling), 0.0
    for wait in waits:
        now += wait
        pace = pace.slowed(now)

    assert pace.rate(now) <= pace.rate(now + later) <= ceiling
    assert pace.rate(now + RECOVERY_SECONDS) == pytest.approx(ceiling)


@given(ceilings, st.floats(0, 100), st.lists(st.floats(0, 0.99), max_size=10))
def test_the_429s_of_one_second_are_one_message(
    ceiling: float, first: float, others: list[float]
) -> None:
    slowed = Pace(ceiling).slowed(first)
    again = slowed
    for other in others:
        again = again.slowed(first + other)

    assert again == slowed


@given(ceilings, st.floats(0, 100), st.integers(2, 50))
def test_no_burst_follows_a_429(ceiling: float, at: float, turns: int) -> None:
    pace, starts = Pace(ceiling).slowed(at), []
    for _ in range(turns):
        start, pace = pace.reserve(at)
        starts.append(start)

    assert most_in_a_window(starts, ceiling) <= 1 + A_LITTLE


class VirtualTime:
    """A clock that moves when all threads sleep. One of them runs at a time, so runs repeat."""

    def __init__(self) -> None:
        self._now = 0.0
        self._order = itertools.count()
        self._sleepers: list[tuple[float, int, threading.Event]] = []
        self._paused = threading.Semaphore(0)

    def clock(self) -> float:
        return self._now

    def sleep(self, seconds: float) -> None:
        woken = threading.Event()
        heapq.heappush(self._sleepers, (self._now + seconds, next(self._order), woken))
        self._paused.release()
        woken.wait()

    def run(self, works: Sequence[Callable[[], None]]) -> None:
        for work in works:
            threading.Thread(target=self._run, args=(work,), daemon=True).start()
            self._paused.acquire()
        while self._sleepers:
            wakes, _, woken = heapq.heappop(self._sleepers)
            self._now = max(self._now, wakes)
            woken.set()
            self._paused.acquire()

    def _run(self, work: Callable[[], None]) -> None:
        self.sleep(0)
        work()
        self._paused.release()


class Requests:
    """Threads that ask endpoints again and again.

    Attributes:
        starts: When requests began, by endpoint.
    """

    def __init__(self, account_per_second: float, latency_seconds: float = 0.15) -> None:
        self.time = VirtualTime()
        self.limiter = Limiter(account_per_second, clock=self.time.clock, sleep=self.time.sleep)
        self.starts: defaultdict[str, list[float]] = defaultdict(list)
        self._latency_seconds = latency_seconds

    def thread(self, endpoint: str, begins: float, ends: float) -> Callable[[], None]:
        """A thread that asks an endpoint from one moment to another."""

        def ask() -> None:
            self.time.sleep(begins)
            self.limiter.wait(endpoint)
            while self.time.clock() <= ends:
                self.starts[endpoint].append(self.time.clock())
                self.time.sleep(self._latency_seconds)
                self.limiter.wait(endpoint)

        return ask

    def run(self, seconds: float, **threads: int) -> None:
        """So many threads ask each endpoint from the start to the end."""
        asked = [endpoint for endpoint, count in threads.items() for _ in range(count)]
        self.time.run([self.thread(endpoint, 0, seconds) for endpoint in asked])

    @property
    def all_starts(self) -> list[float]:
        return sorted(itertools.chain.from_iterable(self.starts.values()))


crews = st.dictionaries(st.sampled_from("abcdef"), st.integers(1, 12), min_size=1)
latencies = st.sampled_from([0.0, 0.01, 0.15])


@settings(max_examples=25)
@given(crews, latencies)
def test_neither_the_account_nor_an_endpoint_is_asked_faster_than_it_allows(
    threads: dict[str, int], latency_seconds: float
) -> None:
    requests = Requests(100, latency_seconds)

    requests.run(3, **threads)

    assert most_in_a_window(requests.all_starts, 100) <= 100 * BURST_SECONDS + 1 + A_LITTLE
    for starts in requests.starts.values():
        assert most_in_a_window(starts, 25) <= 25 * BURST_SECONDS + 1 + A_LITTLE


comings = st.tuples(
    st.sampled_from("abcdef"), st.sampled_from([0, 0.5, 1, 1.3]), st.sampled_from([0.3, 1, 3])
)


@settings(max_examples=25)
@given(st.lists(comings, min_size=1, max_size=32), latencies)
def test_threads_that_come_and_go_exceed_no_budget_by_more_than_their_own_number(
    coming: list[tuple[str, float, float]], latency_seconds: float
) -> None:
    requests = Requests(100, latency_seconds)

    requests.time.run([requests.thread(e, begin, begin + lasts) for e, begin, lasts in coming])

    assert most_in_a_window(requests.all_starts, 100) <= 100 * BURST_SECONDS + 1 + A_LITTLE
    # While the account's turns were all taken, as many of an endpoint may have come to wait as it
    # allows in that time; they start together.
    waited_seconds = len(coming) / 100
    for starts in requests.starts.values():
        excess = most_in_a_window(starts, 25)
        assert excess <= 25 * (BURST_SECONDS + waited_seconds) + 1 + A_LITTLE


def test_one_endpoint_is_asked_as_fast_as_it_allows() -> None:
    requests = Requests(100)

    requests.run(20, charges=8)

    assert len(requests.all_starts) >= 0.95 * 25 * 20


def test_six_endpoints_are_asked_as_fast_as_the_account_allows() -> None:
    requests = Requests(100)

    requests.run(10, a=6, b=6, c=5, d=5, e=5, f=5)

    assert len(requests.all_starts) >= 0.95 * 100 * 10


def test_a_crowded_endpoint_does_not_hold_the_turns_of_another() -> None:
    requests = Requests(100)

    requests.run(20, crowded=28, other=8)

    assert len(requests.starts["other"]) >= 0.95 * 25 * 20


def test_a_crowded_endpoint_has_no_room_and_the_others_have() -> None:
    requests = Requests(100)
    seen: list[bool] = []

    def look() -> None:
        requests.time.sleep(5)
        seen.extend(requests.limiter.has_room(endpoint) for endpoint in ("crowded", "other"))

    requests.time.run([look, *(requests.thread("crowded", 0, 6) for _ in range(12))])

    assert seen == [False, True]


@pytest.mark.parametrize(
    ("reason", "same", "other"),
    [("endpoint-rate", 12.5, 25), ("global-rate", 12.5, 12.5), ("", 25, 25)],
    ids=["the endpoint's", "the account's", "a lock's"],
)
def test_a_429_slows_the_budget_that_it_names_and_no_other(
    reason: str, same: float, other: float
) -> None:
    assert asked_in_a_second("refused", reason) == pytest.approx(same, abs=6)
    assert asked_in_a_second("other", reason) == pytest.approx(other, abs=6)


def asked_in_a_second(endpoint: str, reason: str) -> int:
    """How many requests start in the second after a 429 of the endpoint `refused`."""
    requests = Requests(25)
    requests.limiter.slow_down("refused", {REASON_HEADER: reason} if reason else {})
    requests.run(1, **{endpoint: 10})
    return len(requests.all_starts)


def test_a_request_counts_once_it_may_start() -> None:
    now = 0.0
    counted: list[int] = []

    def sleep(seconds: float) -> None:
        nonlocal now
        counted.append(limiter.requests)
        now += seconds

    limiter = Limiter(1.0, clock=lambda: now, sleep=sleep)
    for endpoint in ("charges", "customers", "refunds"):
        limiter.wait(endpoint)

    assert (counted, limiter.requests) == ([1, 2], 3)
