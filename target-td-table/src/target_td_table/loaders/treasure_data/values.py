"""Single values, as Treasure Data keeps them.

A timestamp is text like embulk-output-td writes it, `2026-01-01 12:00:00.000` in UTC, with six
digits where three would cut it; so text sorts as time does.
"""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import msgspec

Convert = Callable[[Any], Any]

_NULL = b"null"
_TEXT = msgspec.json.Decoder(str)
_UTC_SECONDS_LENGTH = len("2026-01-01T12:00:00Z")


def boolean(value: bool | None) -> int | None:  # noqa: FBT001 -- it is the value itself
    """0 or 1: a column of booleans is `long`."""
    return None if value is None else int(value)


def integer(value: msgspec.Raw) -> int | None:
    """JSON Schema calls 1.0 and 1e3 integers."""
    text = bytes(value).decode()
    if text == "null":
        return None
    number = Decimal(text)
    if number != int(number) or not -(2**63) <= number < 2**63:
        raise ValueError("No integer of 64 bits.")
    return int(number)


def long_integer(value: msgspec.Raw) -> str | None:
    """All digits, as text: no type of a column holds more than 64 bits."""
    text = bytes(value).decode()
    return None if text == "null" else f"{int(Decimal(text)):d}"


def exact_double(value: msgspec.Raw) -> float | None:
    """An integer in a column of doubles; beyond 2^53 digits would be lost in silence."""
    number = integer(value)
    if number is not None and abs(number) > 2**53:
        raise ValueError("An integer with more digits than a double has.")
    return None if number is None else float(number)


def json_text(value: msgspec.Raw) -> str | None:
    """JSON as the tap sent it."""
    return None if bytes(value) == _NULL else str(value, "utf-8")


def json_texts(found: Sequence[msgspec.Raw]) -> list[str | None]:
    """`json_text` of many values at once; no JSON has a zero byte to be taken for the separator."""
    texts = b"\0".join(found).decode().split("\0") if found else []
    if len(texts) != len(found):
        raise ValueError("A zero byte is no JSON.")
    return [None if text == "null" else text for text in texts]


def scalar_text(value: msgspec.Raw) -> str | None:
    """Any scalar as text; a string without its quotes."""
    text = bytes(value)
    return _TEXT.decode(text) if text.startswith(b'"') else json_text(value)


def timestamp(value: str | None) -> str | None:
    """A moment in UTC, to the microsecond."""
    if value is None:
        return None
    if len(value) == _UTC_SECONDS_LENGTH and value[10] == "T" and value[19] == "Z":
        return f"{value[:10]} {value[11:19]}.000"
    moment = _moment(value)
    digits = "microseconds" if moment.microsecond % 1000 else "milliseconds"
    return moment.replace(tzinfo=None).isoformat(" ", digits)


def unix_seconds(value: str | None) -> int | None:
    """Whole seconds since 1970 of a moment."""
    return None if value is None else int(_moment(value).timestamp() // 1)


def _moment(value: str) -> datetime:
    found = datetime.fromisoformat(value)
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
