"""The way from the threads that read to the one that writes.

The queue between them is bounded: when nobody takes steps, none are read, and memory stays flat.
"""

from __future__ import annotations

import queue
import threading
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tap_stripe_td.steps import Step

_QUEUED_STEPS = 16
_POLL_SECONDS = 0.1
_PARTING_SECONDS = 1.0


class _End:
    """Nothing more comes."""


class Taker(Protocol):
    """What readers hand steps to."""

    @property
    def is_abandoned(self) -> bool:
        """Whether nobody takes steps any more: readers may stop."""

    def put(self, step: Step) -> None:
        """Hand over a step."""

    def fail(self, error: BaseException) -> None:
        """End the whole reading."""


class Handover:
    """Steps on their way to the writer."""

    def __init__(self) -> None:
        self._steps: queue.Queue[Step | _End] = queue.Queue(_QUEUED_STEPS)
        self._abandoned = threading.Event()
        self._error: BaseException | None = None

    @property
    def is_abandoned(self) -> bool:
        """Whether nobody takes steps any more: readers may stop."""
        return self._abandoned.is_set()

    def put(self, step: Step) -> None:
        """Hand over a step, when there is room for it; it is dropped when nobody takes it."""
        self._put(step)

    def fail(self, error: BaseException) -> None:
        """End the reading: the writer gets the error after all steps before it."""
        self._error = self._error or error
        self._put(_End())

    def take(self, read: Callable[[Handover], object], stop: threading.Event) -> Iterator[Step]:
        """Yield what `read` hands over in a thread of its own, until it ends or `stop` is set.

        Raises:
            BaseException: Whatever ended the reading, after every step before it was yielded.
        """
        thread = threading.Thread(target=self._run, args=(read,), name="reader", daemon=True)
        thread.start()
        try:
            yield from self._until_end(stop)
        finally:
            self._abandoned.set()
            # It ends by itself soon, unless Stripe keeps it waiting: nobody else should.
            thread.join(_PARTING_SECONDS)

    def _run(self, read: Callable[[Handover], object]) -> None:
        try:
            read(self)
        except BaseException as error:  # noqa: BLE001 - raised again where the steps are taken
            self.fail(error)
        else:
            self._put(_End())

    def _until_end(self, stop: threading.Event) -> Iterator[Step]:
        while not stop.is_set():
            try:
                item = self._steps.get(timeout=_POLL_SECONDS)
            except queue.Empty:
                continue
            if isinstance(item, _End):
                if self._error is not None:
                    raise self._error
                return
            yield item

    def _put(self, item: Step | _End) -> None:
        while not self._abandoned.is_set():
            try:
                self._steps.put(item, timeout=_POLL_SECONDS)
            except queue.Full:
                continue
            return
