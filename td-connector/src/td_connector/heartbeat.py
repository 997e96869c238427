"""How a job that nobody runs any more is told from one that is slow."""

from __future__ import annotations

from td_connector.moments import UnixSeconds

LOST_AFTER_SECONDS = 300.0
"""A job that was silent for so long is lost; Meltano has the same."""

BEATS_BEFORE_LOST = 20
"""How many heartbeats may fail in a row before a job counts as lost."""


def beat_seconds(lost_after_seconds: float) -> float:
    """How often a runner says that it lives."""
    return lost_after_seconds / BEATS_BEFORE_LOST


def silent_since(now: UnixSeconds, lost_after_seconds: float) -> UnixSeconds:
    """A job whose last heartbeat is before this moment is lost."""
    return UnixSeconds(now - lost_after_seconds)
