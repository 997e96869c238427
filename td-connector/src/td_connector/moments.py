"""Moments: Unix seconds inside, a date, a time and an offset for people."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from typing import NewType

from td_connector.errors import UserError

UnixSeconds = NewType("UnixSeconds", float)
"""Seconds since 1970-01-01T00:00:00Z."""

Clock = Callable[[], UnixSeconds]


CLOCKS_DIFFER_SECONDS = 3600.0
"""How much a clock may be wrong without anything being made of it."""


@dataclass(frozen=True)
class SeenClock:
    """How a clock went since we look at it.

    Attributes:
        ahead_seconds: The most it was ahead of seconds that only count.
    """

    ahead_seconds: float = -math.inf

    def seen(self, now: UnixSeconds, monotonic_seconds: float) -> SeenClock:
        """Return it after another look."""
        return SeenClock(max(self.ahead_seconds, now - monotonic_seconds))

    def was_set_back(self, now: UnixSeconds, monotonic_seconds: float) -> bool:
        """Whether the clock was set back by more than clocks may differ.

        A clock that is behind, however far, was not: it is not known to have been right before.
        """
        return self.ahead_seconds - (now - monotonic_seconds) > CLOCKS_DIFFER_SECONDS


def now() -> UnixSeconds:
    """The clock of this machine."""
    return UnixSeconds(time.time())


def parse_time(text: str, zone: tzinfo) -> UnixSeconds:
    """Return an ISO 8601 time; one without an offset is a time in `zone`.

    Raises:
        UserError: If the text is no such time.
    """
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError:
        raise UserError(
            f"`{text}` is no time. Write it as `2026-11-23 08:00` or `2026-11-23T08:00:00Z`."
        ) from None
    aware = moment if moment.tzinfo else moment.replace(tzinfo=zone)
    return UnixSeconds(aware.timestamp())


def format_time(moment: UnixSeconds | None, zone: tzinfo = UTC) -> str:
    """Return `2026-11-23 08:59:35 +0000`, in the zone; nothing for no moment."""
    if moment is None:
        return ""
    return datetime.fromtimestamp(moment, zone).strftime("%Y-%m-%d %H:%M:%S %z")
