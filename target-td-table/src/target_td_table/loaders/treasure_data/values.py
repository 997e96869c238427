"""Values as Treasure Data keeps them, a column at a time: a call for each value costs too much.

A timestamp is text like embulk-output-td writes it, `2026-01-01 12:00:00.000` in UTC, with six
digits where three would cut it; so text sorts as time does.
"""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from itertools import repeat
from typing import Any

import msgspec

from target_td_table.loaders.sql import literal

# Raises ValueError, OverflowError or msgspec.MsgspecError for a value that does not fit.
Convert = Callable[[Sequence[Any]], Sequence[Any]]

_TEXT = msgspec.json.Decoder(str)
_BITS = {True: 1, False: 0, None: None}
# How most taps write a moment, and with the newline that joins it to the next one.
_PLAIN = "2026-01-01T12:00:00Z"
_STEP = len(_PLAIN) + 1


def booleans(found: Sequence[bool | None]) -> list[int | None]:
    """0 or 1: a column of booleans is `long`."""
    return list(map(_BITS.__getitem__, found))


def integers(found: Sequence[msgspec.Raw | None]) -> list[int | None]:
    """JSON Schema calls 1.0 and 1e3 integers."""
    return [None if value is None else _integer(bytes(value).decode()) for value in found]


def long_integers(found: Sequence[msgspec.Raw | None]) -> list[str | None]:
    """All digits, as text: no type of a column holds more than 64 bits."""
    texts = json_texts(found)
    return [None if text is None else f"{int(Decimal(text)):d}" for text in texts]


def exact_doubles(found: Sequence[msgspec.Raw | None]) -> list[float | None]:
    """Integers in a column of doubles; beyond 2^53 digits would be lost in silence."""
    numbers = integers(found)
    if any(number is not None and abs(number) > 2**53 for number in numbers):
        raise ValueError("An integer with more digits than a double has.")
    return [None if number is None else float(number) for number in numbers]


def json_texts(found: Sequence[msgspec.Raw | None]) -> list[str | None]:
    """JSON as the tap sent it."""
    texts: list[str | None]
    try:
        texts = list(map(str, found, repeat("utf-8")))  # type: ignore[arg-type]
    except TypeError:
        # A record that has no such field.
        texts = [None if raw is None else str(raw, "utf-8") for raw in found]
    return [None if text == "null" else text for text in texts] if "null" in texts else texts


def scalar_texts(found: Sequence[msgspec.Raw | None]) -> list[str | None]:
    """Any scalar as text; a string without its quotes."""
    texts = json_texts(found)
    return [_TEXT.decode(text) if text and text[0] == '"' else text for text in texts]


def timestamps(found: Sequence[str | None]) -> Sequence[str | None]:
    """Moments in UTC, to the microsecond."""
    plain = _joined_plain(found)
    if plain is not None:
        return plain.replace("T", " ").replace("Z", ".000").split("\n")
    return [None if value is None else timestamp(value) for value in found]


def unix_seconds(found: Sequence[str | None]) -> list[int | None]:
    """Whole seconds since 1970 of moments."""
    if _joined_plain(found) is not None:
        moments = msgspec.convert(found, list[datetime])
        return list(map(int, map(datetime.timestamp, moments)))
    return [None if value is None else int(_moment(value).timestamp() // 1) for value in found]


def exact_seconds(found: Sequence[str | None]) -> list[float | None]:
    """Seconds since 1970 of moments, to the microsecond."""
    if _joined_plain(found) is not None:
        return list(map(datetime.timestamp, msgspec.convert(found, list[datetime])))
    return [None if value is None else _exact_seconds(value) for value in found]


def whole_seconds(found: Sequence[str | None]) -> list[int | None]:
    """Seconds since 1970 of moments that have no fraction of one."""
    seconds = exact_seconds(found)
    whole = [None if each is None else int(each) for each in seconds]
    if whole != seconds:
        raise ValueError("A moment with a fraction of a second.")
    return whole


def short(convert: Callable[[Any], Sequence[int | None]]) -> Convert:
    """The same for a column `int`, which has 32 bits: times end in 2038 there."""

    def checked(found: Sequence[Any]) -> Sequence[int | None]:
        numbers = convert(found)
        if any(number is not None and not -(2**31) <= number < 2**31 for number in numbers):
            raise ValueError("No integer of 32 bits.")
        return numbers

    return checked


def timestamp(value: str) -> str:
    """One moment; see `timestamps`."""
    moment = _moment(value)
    digits = "microseconds" if moment.microsecond % 1000 else "milliseconds"
    return moment.replace(tzinfo=None).isoformat(" ", digits)


def _exact_seconds(value: str) -> float:
    moment = _moment(value)
    seconds = moment.timestamp()
    # Some hundred years from now a double has no room for microseconds.
    if datetime.fromtimestamp(seconds, UTC) != moment:
        raise ValueError("A moment with more digits than a double has.")
    return seconds


def moment(value: datetime) -> str:
    """One moment, as SQL for a column of text."""
    return literal(timestamp(value.isoformat()))


def _integer(text: str) -> int | None:
    if text == "null":
        return None
    number = Decimal(text)
    if number != int(number) or not -(2**63) <= number < 2**63:
        raise ValueError("No integer of 64 bits.")
    return int(number)


def _joined_plain(found: Sequence[str | None]) -> str | None:
    """The values a line each, if every one is written like `_PLAIN`; else None."""
    count = len(found)
    texts = [value for value in found if value is not None]
    joined = "\n".join(texts)
    if not count or len(texts) != count or len(joined) != _STEP * count - 1:
        return None
    is_plain = (
        joined[10::_STEP] == "T" * count
        and joined[19::_STEP] == "Z" * count
        and joined[20::_STEP] == "\n" * (count - 1)
    )
    return joined if is_plain else None


def _moment(value: str) -> datetime:
    found = datetime.fromisoformat(value)
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
