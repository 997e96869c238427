"""How a job that nobody runs any more is told from one that is slow."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from td_connector.moments import UnixSeconds

LOST_AFTER_SECONDS = 300.0
"""A job that was silent for so long is lost, if it says nothing else; Meltano has the same."""

BEATS_BEFORE_LOST = 20
"""How many heartbeats may fail in a row before a job counts as lost."""


def beat_seconds(lost_after_seconds: float) -> float:
    """How often a runner says that it lives."""
    return lost_after_seconds / BEATS_BEFORE_LOST


@dataclass(frozen=True)
class Watch:
    """Whether the clock goes steadily.

    When it jumps, as after a machine slept, every job looks silent that has had no time to beat.

    Attributes:
        wall: The clock, when it was last looked at.
        monotonic_seconds: What only counts, at the same moment.
        steady_since: When it last jumped, or the watch began; by what only counts.
    """

    wall: UnixSeconds
    monotonic_seconds: float
    steady_since: float

    @classmethod
    def begun(cls, wall: UnixSeconds, monotonic_seconds: float) -> Watch:
        """A watch that has seen no jump yet, nor that there is none."""
        return cls(wall, monotonic_seconds, monotonic_seconds)

    def seen(self, wall: UnixSeconds, monotonic_seconds: float, *, jump_seconds: float) -> Watch:
        """Return the watch after another look; the two may differ by less than a jump."""
        passed = monotonic_seconds - self.monotonic_seconds
        jumped = abs(wall - self.wall - passed) >= jump_seconds
        since = monotonic_seconds if jumped else self.steady_since
        return Watch(wall, monotonic_seconds, since)

    @property
    def steady_seconds(self) -> float:
        """For how long the clock has gone steadily."""
        return self.monotonic_seconds - self.steady_since
