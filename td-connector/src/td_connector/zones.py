"""Time zones by their IANA names only.

An abbreviation such as `PST` is a fixed offset for half of the year, `CST` is three different
zones, and `EST` is accepted by `zoneinfo` without daylight saving time.
"""

from __future__ import annotations

from difflib import get_close_matches
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

from td_connector.errors import UserError

_MEANT = {
    "AEDT": "Australia/Sydney", "AEST": "Australia/Sydney", "BST": "Europe/London",
    "CDT": "America/Chicago", "CEST": "Europe/Berlin", "CET": "Europe/Berlin",
    "CST": "America/Chicago", "EDT": "America/New_York", "EET": "Europe/Helsinki",
    "EST": "America/New_York", "GMT": "Europe/London", "HKT": "Asia/Hong_Kong",
    "HST": "Pacific/Honolulu", "IST": "Asia/Kolkata", "JST": "Asia/Tokyo",
    "KST": "Asia/Seoul", "MDT": "America/Denver", "MET": "Europe/Berlin",
    "MSK": "Europe/Moscow", "MST": "America/Denver", "NZST": "Pacific/Auckland",
    "PDT": "America/Los_Angeles", "PST": "America/Los_Angeles", "SGT": "Asia/Singapore",
    "WET": "Europe/Lisbon", "Z": "UTC",
}  # fmt: skip


def parse_zone(name: str) -> ZoneInfo:
    """Return the zone of an IANA name, or `UTC`.

    Raises:
        UserError: If there is no zone of that name; the sentence offers one if it can.
    """
    if name == "UTC" or name in _names():
        return ZoneInfo(name)
    meant = _meant(name)
    if meant is None:
        raise UserError(
            f"There is no time zone `{name}`. Use a name such as `Asia/Tokyo`, or `UTC`: "
            "https://en.wikipedia.org/wiki/List_of_tz_database_time_zones"
        )
    why = "is an abbreviation" if name.upper() in _MEANT else "is no IANA name"
    raise UserError(f"The time zone `{name}` {why}. Use a full name, such as `{meant}`.")


@cache
def _names() -> frozenset[str]:
    return frozenset(name for name in available_timezones() if "/" in name)


def _meant(name: str) -> str | None:
    if name.upper() in _MEANT:
        return _MEANT[name.upper()]
    spelled = name.strip().replace(" ", "_").lower()
    by_spelling = {each.lower(): each for each in sorted(_names())}
    by_city = {each.rsplit("/", 1)[1].lower(): each for each in sorted(_names(), reverse=True)}
    if spelled in {"utc", "etc/utc", ""}:
        return "UTC"
    for known in (by_spelling, by_city):
        for close in get_close_matches(spelled, known, n=1, cutoff=0.85):
            return known[close]
    return None
