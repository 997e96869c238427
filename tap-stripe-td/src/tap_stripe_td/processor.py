"""Whether this process has time for more.

CPython runs one thread at a time. Where that one has no pause, more threads only take turns.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

_WINDOW_SECONDS = 0.1
_BUSY_SHARE = 0.85


class Processor:
    """How much of one core the process used lately; asked by one thread at a time."""

    def __init__(
        self,
        clock: Callable[[], float] = time.monotonic,
        spent: Callable[[], float] = time.process_time,
    ) -> None:
        """Begin to look.

        Args:
            clock: Tells the time, in seconds.
            spent: Tells the processor time that the process used, in seconds.
        """
        self._clock = clock
        self._spent = spent
        self._since = (clock(), spent())
        self._busy = True

    def is_busy(self) -> bool:
        """Whether nearly a whole core was used since a while; so it counts until that is known."""
        now = (self._clock(), self._spent())
        passed, used = (later - earlier for later, earlier in zip(now, self._since, strict=True))
        if passed >= _WINDOW_SECONDS:
            self._busy = used / passed >= _BUSY_SHARE
            self._since = now
        return self._busy
