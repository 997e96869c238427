"""Several threads at one kind of work: however it ends, nobody waits in vain."""

from __future__ import annotations

import sys
import threading
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import pytest

from tap_stripe_td import side_by_side as module
from tap_stripe_td.side_by_side import side_by_side

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType

THREADS = 4


def slowly(frame: FrameType, event: str, _argument: Any) -> Any:
    """Let the other threads go on at every line: a trace function."""
    if event == "line" and frame.f_code.co_filename == module.__file__:
        time.sleep(0.003)
    return slowly


@pytest.mark.parametrize("milliseconds", range(16, 30, 2))
def test_a_refusal_ends_the_work_though_others_take_the_last_items_meanwhile(
    milliseconds: int,
) -> None:
    asked_for_all = threading.Event()

    def items() -> Iterator[int]:
        yield from range(2 * THREADS)
        asked_for_all.set()

    def refuse_the_first(item: int) -> None:
        asked_for_all.wait()
        if item == 0:
            raise ValueError
        time.sleep(milliseconds / 1000)

    def ask() -> None:
        sys.settrace(slowly)
        with suppress(ValueError):
            list(side_by_side(refuse_the_first, items(), THREADS))

    asking = threading.Thread(target=ask, daemon=True)
    asking.start()
    asking.join(5)

    assert not asking.is_alive()


def test_what_nobody_asks_for_any_more_is_not_begun() -> None:
    begun: list[int] = []
    go_on = threading.Event()

    def begin(item: int) -> int:
        begun.append(item)
        if item >= THREADS:
            go_on.wait(10)
        return item

    results = side_by_side(begin, range(100), THREADS)
    next(results)
    results.close()  # type: ignore[attr-defined] # it is a generator
    go_on.set()
    for thread in threading.enumerate():
        if thread.name.startswith("side-"):
            thread.join(10)

    assert len(begun) <= 2 * THREADS
