"""How a running load is asked to end: first so that nothing read is lost, at last by force."""

from __future__ import annotations

import signal
import time
from dataclasses import dataclass

_LOOK_SECONDS = 0.1


class Stop:
    """Whether, and by what, runs are asked to end.

    Written by a signal handler: so it takes no lock, and who waits for it looks again and again.
    """

    def __init__(self) -> None:
        self.is_asked = False
        self.is_urgent = False
        self.by = ""

    def ask(self, by: str) -> None:
        """Ask to end in order; asked again, at once."""
        self.is_urgent = self.is_asked
        self.by = by
        self.is_asked = True

    def wait(self, seconds: float) -> None:
        """Return after some time, or soon after a stop was asked for."""
        end = time.monotonic() + seconds
        while not self.is_asked and (left := end - time.monotonic()) > 0:
            time.sleep(min(left, _LOOK_SECONDS))


@dataclass(frozen=True)
class Rung:
    """One step.

    Attributes:
        after_seconds: When, from the moment it was decided to end the load.
        position: Which program of the pipe; -1 is the last one.
        number: The signal.
    """

    after_seconds: float
    position: int
    number: signal.Signals


STOP = (
    # The tap writes a last state; the target publishes what came before it and ends by itself.
    Rung(0, 0, signal.SIGTERM),
    Rung(60, -1, signal.SIGTERM),
    Rung(80, 0, signal.SIGKILL),
    Rung(80, -1, signal.SIGKILL),
)
"""Somebody asked the load to stop."""

READER_GONE = (
    # A tap that writes notices the closed pipe; one that waits for an answer may take long.
    Rung(2, 0, signal.SIGTERM),
    Rung(32, 0, signal.SIGKILL),
)
"""The target ended before the tap."""

AT_ONCE = (Rung(0, 0, signal.SIGKILL), Rung(0, -1, signal.SIGKILL))
"""The job is no longer ours, or a second signal came."""


def rungs_due(ladder: tuple[Rung, ...], taken: int, elapsed_seconds: float) -> tuple[Rung, ...]:
    """Return the steps whose time has come, beyond those that were taken."""
    return tuple(rung for rung in ladder[taken:] if rung.after_seconds <= elapsed_seconds)
