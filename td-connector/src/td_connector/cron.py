"""Cron lines: five fields with Debian's meaning, or one of four names.

Daylight saving time is as in Debian's cron, by CronSim: a run at a time that a night skips comes
right after the gap, and a run at a time that a night repeats comes once. Runs every so many
minutes or every hour go on through both.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from cronsim import CronSim, CronSimError

from td_connector.errors import UserError
from td_connector.moments import UnixSeconds

if TYPE_CHECKING:
    from collections.abc import Iterator
    from zoneinfo import ZoneInfo

NAMED = {
    "@hourly": "0 * * * *",
    "@daily": "0 0 * * *",
    "@weekly": "0 0 * * 0",
    "@monthly": "0 0 1 * *",
}

_FIELDS = 5


def check_cron(line: str) -> str:
    """Return a cron line as it is stored: `@` names stay, blanks are single.

    Raises:
        UserError: If it is no cron line, or names a time that never comes.
    """
    tidy = " ".join(line.split())
    fields = _fields(tidy)
    try:
        next(CronSim(fields, datetime(2000, 1, 1)))  # noqa: DTZ001 - any moment will do
    except CronSimError as error:
        problem = str(error).removeprefix("Bad ")
        raise UserError(
            f"The cron line `{tidy}` has an impossible {problem}. Write minute, hour, day of the "
            "month, month and day of the week, such as `10 0 * * *`."
        ) from None
    except StopIteration:
        raise UserError(
            f"The time of the cron line `{tidy}` never comes. Change its day or its month."
        ) from None
    return tidy


def ticks_after(line: str, zone: ZoneInfo, after: UnixSeconds) -> Iterator[UnixSeconds]:
    """Yield the times of a cron line after a moment, in order, without end."""
    last = after
    for tick in CronSim(_fields(line), datetime.fromtimestamp(after, zone)):
        moment = UnixSeconds(float(round(tick.timestamp())))
        # Inside a repeated hour CronSim starts from its first pass, which may be over.
        if moment > last:
            last = moment
            yield moment


def _fields(line: str) -> str:
    if line.startswith("@"):
        if line not in NAMED:
            names = ", ".join(f"`{name}`" for name in NAMED)
            raise UserError(f"There is no cron name `{line}`. Use one of: {names}.")
        return NAMED[line]
    given = len(line.split())
    if given != _FIELDS:
        raise UserError(
            f"The cron line `{line}` has {given} fields, but it must have {_FIELDS}: minute, hour, "
            "day of the month, month and day of the week, such as `10 0 * * *`."
        )
    return line
