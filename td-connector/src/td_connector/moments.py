"""Moments: Unix seconds inside, a date, a time and an offset for people."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime, tzinfo
from typing import NewType

from td_connector.errors import UserError

UnixSeconds = NewType("UnixSeconds", float)
"""Seconds since 1970-01-01T00:00:00Z."""

Clock = Callable[[], UnixSeconds]


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
