"""What readers hand over reaches the writer in order, and nothing piles up between them."""

from __future__ import annotations

import threading
import time
from itertools import islice

import pytest

from tap_stripe_td.handover import Handover
from tap_stripe_td.steps import Rows, Step
from tap_stripe_td.streams.table import named
from tap_stripe_td.units import UnixSeconds

(CHARGES,) = named("charges")
SECONDS = 5


def rows(number: int) -> Rows:
    return Rows(CHARGES, (), UnixSeconds(number))


def never() -> threading.Event:
    return threading.Event()


def test_steps_come_in_the_order_in_which_they_were_handed_over() -> None:
    steps = [rows(number) for number in range(100)]

    def read(handover: Handover) -> None:
        for step in steps:
            handover.put(step)

    assert list(Handover().take(read, never())) == steps


def test_readers_wait_for_a_slow_writer() -> None:
    ahead: list[int] = []

    def read(handover: Handover) -> None:
        for number in range(200):
            handover.put(rows(number))
            ahead.append(number)

    taken = Handover().take(read, never())
    first = next(taken)
    threading.Event().wait(0.3)

    assert first == rows(0)
    assert len(ahead) < 30
    assert len(list(taken)) == 199


def test_an_error_comes_after_all_steps_before_it() -> None:
    def read(handover: Handover) -> None:
        for number in range(40):
            handover.put(rows(number))
        raise LookupError("torn")

    came: list[Step] = []
    with pytest.raises(LookupError, match="torn"):
        came.extend(Handover().take(read, never()))

    assert came == [rows(number) for number in range(40)]


def test_the_first_of_several_errors_is_the_one_that_is_told() -> None:
    def read(handover: Handover) -> None:
        handover.fail(LookupError("first"))
        handover.fail(LookupError("second"))

    with pytest.raises(LookupError, match="first"):
        list(Handover().take(read, never()))


def test_readers_learn_that_nobody_takes_steps_any_more() -> None:
    ended = threading.Event()

    def read(handover: Handover) -> None:
        number = 0
        while not handover.is_abandoned:
            handover.put(rows(number))
            number += 1
        ended.set()

    taken = Handover().take(read, never())
    assert len(list(islice(taken, 3))) == 3
    taken.close()  # type: ignore[attr-defined] # it is a generator

    assert ended.is_set()


def test_a_reader_that_is_kept_waiting_keeps_nobody_waiting() -> None:
    answered = threading.Event()

    def read(handover: Handover) -> None:
        handover.put(rows(0))
        answered.wait(SECONDS)

    taken = Handover().take(read, never())
    next(taken)
    before = time.monotonic()
    taken.close()  # type: ignore[attr-defined] # it is a generator

    assert time.monotonic() - before < SECONDS / 2
    answered.set()


def test_a_stop_ends_the_taking_though_readers_go_on() -> None:
    stop, ended = threading.Event(), threading.Event()

    def read(handover: Handover) -> None:
        while not handover.is_abandoned:
            handover.put(rows(0))
        ended.set()

    came = 0
    for _ in Handover().take(read, stop):
        came += 1
        if came == 5:
            stop.set()

    assert came == 5
    assert ended.wait(SECONDS)


def test_a_stop_is_heard_while_nothing_comes() -> None:
    stop = threading.Event()
    threading.Timer(0.2, stop.set).start()

    def read(handover: Handover) -> None:
        while not handover.is_abandoned:
            threading.Event().wait(0.01)

    assert list(Handover().take(read, stop)) == []
