"""How a job that nobody runs any more is told from one that is slow."""

from __future__ import annotations

LOST_AFTER_SECONDS = 300.0
"""A job that was silent for so long is lost, if it says nothing else; Meltano has the same."""

BEATS_BEFORE_LOST = 20
"""How many heartbeats may fail in a row before a job counts as lost."""


def beat_seconds(lost_after_seconds: float) -> float:
    """How often a runner says that it lives."""
    return lost_after_seconds / BEATS_BEFORE_LOST


def look_seconds(lost_after_seconds: float) -> float:
    """For how long a job that seems silent is looked at: one that lives says so in the meantime.

    By the clock alone all jobs seem silent when it has jumped, as after a machine slept, and those
    of another machine whose clock is behind.
    """
    return 2 * beat_seconds(lost_after_seconds)
