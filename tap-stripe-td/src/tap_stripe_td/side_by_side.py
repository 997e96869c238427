"""Work that is done by several threads at once, its results taken as they come."""

from __future__ import annotations

import queue
import threading
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

Item = TypeVar("Item")
Result = TypeVar("Result")

_QUEUED_PER_THREAD = 4


def side_by_side(
    work: Callable[[Item], Result], items: Iterable[Item], threads: int
) -> Iterator[Result]:
    """Yield what `work` makes of every item, in no particular order.

    Items are taken as results are: what is not asked for is not done.

    Raises:
        BaseException: What the work on any item raised; the items that were not begun are left.
    """
    todo: queue.SimpleQueue[Item | None] = queue.SimpleQueue()
    done: queue.SimpleQueue[Result | _Raised] = queue.SimpleQueue()
    ended = threading.Event()
    for number in range(threads):
        threading.Thread(
            target=_work, args=(work, todo, done, ended), name=f"side-{number}", daemon=True
        ).start()
    try:
        waiting = 0
        for item in items:
            todo.put(item)
            waiting += 1
            if waiting >= threads * _QUEUED_PER_THREAD:
                yield _result(done)
                waiting -= 1
        for _ in range(waiting):
            yield _result(done)
    finally:
        # Whoever takes one more item leaves it; emptying the queue would be a race for the last.
        ended.set()
        for _ in range(threads):
            todo.put(None)


class _Raised:
    def __init__(self, error: BaseException) -> None:
        self.error = error


def _work(
    work: Callable[[Item], Result],
    todo: queue.SimpleQueue[Item | None],
    done: queue.SimpleQueue[Result | _Raised],
    ended: threading.Event,
) -> None:
    while (item := todo.get()) is not None and not ended.is_set():
        try:
            done.put(work(item))
        except BaseException as error:  # noqa: BLE001 - raised again where results are taken
            done.put(_Raised(error))


def _result(done: queue.SimpleQueue[Result | _Raised]) -> Result:
    result = done.get()
    if isinstance(result, _Raised):
        raise result.error
    return result
