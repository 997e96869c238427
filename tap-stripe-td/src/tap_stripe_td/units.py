"""Points in time as Stripe counts them: whole seconds since 1970, in UTC."""

from __future__ import annotations

from datetime import UTC, date, datetime
from email.utils import parsedate_to_datetime
from fractions import Fraction
from functools import lru_cache
from typing import NewType

UnixSeconds = NewType("UnixSeconds", int)

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def parse_time(value: object) -> Fraction:
    """Return the seconds since 1970, exactly, of a time as people and programs write it.

    Takes RFC 3339 text with a zone (`2017-01-01T07:36:22.000Z`), what YAML makes of such text when
    it is not quoted (a `datetime`), and whole Unix seconds.

    Raises:
        ValueError: If the value is no time, or leaves open which zone it is in.
    """
    if isinstance(value, bool):
        raise ValueError(f"{value!r} is not a time")  # noqa: TRY004 - a value is wrong, not a call
    if isinstance(value, int):
        return Fraction(value)
    if isinstance(value, str):
        value = _parse_text(value)
    if not isinstance(value, datetime):
        kind = "a date without a time" if isinstance(value, date) else "not a time"
        raise ValueError(f"{str(value)!r} is {kind}")  # noqa: TRY004
    if value.tzinfo is None:
        raise ValueError(f"{value.isoformat()!r} has no time zone")
    passed = value - _EPOCH
    microseconds = (passed.days * 86_400 + passed.seconds) * 1_000_000 + passed.microseconds
    return Fraction(microseconds, 1_000_000)


def _parse_text(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text.strip())
    except ValueError:
        raise ValueError(f"{text!r} is not a time") from None


def parse_bookmark_time(value: object) -> UnixSeconds:
    """Return the whole second of a time that `format_time` wrote.

    Raises:
        ValueError: If the value is not text with a time and a zone.
    """
    if not isinstance(value, str):
        raise ValueError(f"{value!r} is not a time with a zone")  # noqa: TRY004
    return UnixSeconds(int(parse_time(value)))


@lru_cache(maxsize=1024)  # The edges of what is unread stand in one STATE after the other.
def format_time(moment: UnixSeconds) -> str:
    """Return the moment as RFC 3339 in UTC: `2017-01-01T07:36:22Z`."""
    return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def parse_http_date(text: str) -> UnixSeconds:
    """Return the moment of an HTTP `Date` header.

    Raises:
        ValueError: If the text is not such a date.
    """
    return UnixSeconds(int(parsedate_to_datetime(text).timestamp()))
