"""The reading side of a run: a thread that hands over what it reads, so that the writer can stop.

The queue between the two is bounded: when nobody takes rows, none are read, and memory stays flat.
"""

from __future__ import annotations

import queue
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from tap_stripe_td.steps import Step

_QUEUED_STEPS = 8
_POLL_SECONDS = 0.1


class _End:
    """Nothing more comes; with the error that ended the reading, if one did."""

    def __init__(self, error: BaseException | None = None) -> None:
        self.error = error


def read_ahead(steps: Iterable[Step], stop: threading.Event) -> Iterator[Step]:
    """Yield the steps, which are made in a thread of their own, until they end or `stop` is set.

    Raises:
        BaseException: Whatever ended the reading, after every step before it was yielded.
    """
    handed: queue.Queue[Step | _End] = queue.Queue(_QUEUED_STEPS)
    abandoned = threading.Event()
    thread = threading.Thread(
        target=_hand_over, args=(steps, handed, abandoned), name="reader", daemon=True
    )
    thread.start()
    try:
        yield from _take(handed, stop)
    finally:
        abandoned.set()


def _take(handed: queue.Queue[Step | _End], stop: threading.Event) -> Iterator[Step]:
    while not stop.is_set():
        try:
            item = handed.get(timeout=_POLL_SECONDS)
        except queue.Empty:
            continue
        if isinstance(item, _End):
            if item.error is not None:
                raise item.error
            return
        yield item


def _hand_over(
    steps: Iterable[Step], handed: queue.Queue[Step | _End], abandoned: threading.Event
) -> None:
    end = _End()
    try:
        for step in steps:
            if not _put(handed, step, abandoned):
                return
    except BaseException as error:  # noqa: BLE001 - raised again where the steps are taken
        end = _End(error)
    _put(handed, end, abandoned)


def _put(handed: queue.Queue[Step | _End], item: Step | _End, abandoned: threading.Event) -> bool:
    while not abandoned.is_set():
        try:
            handed.put(item, timeout=_POLL_SECONDS)
        except queue.Full:
            continue
        return True
    return False
