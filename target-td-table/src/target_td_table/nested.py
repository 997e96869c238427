"""JSON that is nested deeper than its parsers go.

They call themselves for each level, and Python limits how many calls may wait for each other. How
many a value may have left depends on who reads it, so one place decides for all of them.
"""

import json
import re
from collections.abc import Callable, Iterable
from typing import TypeVar

import msgspec

_T = TypeVar("_T")
# More calls than anybody who reads a record again, here or in a loader, is further from the start.
_MARGIN_CALLS = 40
_TOKEN = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"|[{}\[\],:]', re.DOTALL)
_CLOSES = {b"{": b"}", b"[": b"]"}


def with_margin(parse: Callable[[], _T]) -> _T:
    """Parse so that whoever parses the same later has enough calls left.

    Raises:
        RecursionError: If it is nested too deeply for that.
    """
    return _from_deeper(_MARGIN_CALLS, parse)


def is_too_deep(value: bytes) -> bool:
    """Whether a value is nested too deeply, in JSON or in what Python takes for it."""
    try:
        with_margin(lambda: msgspec.json.decode(value, type=msgspec.Raw))
    except RecursionError:
        return True
    except (msgspec.DecodeError, UnicodeDecodeError):
        return _is_too_deep_for_python(value)
    return False


def _is_too_deep_for_python(value: bytes) -> bool:
    try:
        json.loads(value)
    except RecursionError:
        return True
    except ValueError:
        return False
    return False


def members(text: bytes) -> dict[str, bytes] | None:
    """The members of a JSON object, found by its brackets alone; None if those do not match.

    The values are as they came, and may be no JSON.
    """
    found: dict[str, bytes] = {}
    closing: list[bytes] = []
    name, start = b"", 0
    for token in _TOKEN.finditer(text):
        sign = token[0]
        if sign in _CLOSES:
            closing.append(_CLOSES[sign])
        elif sign in (b"}", b"]") and (not closing or closing.pop() != sign):
            return None
        elif len(closing) == 1 and sign == b":":
            start = token.end()
        elif len(closing) == 1 and sign.startswith(b'"') and not start:
            name = sign
        if start and (not closing or (len(closing) == 1 and sign == b",")):
            found[_decoded(name)] = text[start : token.start()].strip()
            name, start = b"", 0
    is_object = text.lstrip().startswith(b"{") and text.rstrip().endswith(b"}")
    return None if closing or not is_object else found


def _decoded(name: bytes) -> str:
    try:
        return msgspec.json.decode(name, type=str)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return name.decode(errors="replace").strip('"')


def _from_deeper(calls: int, job: Callable[[], _T]) -> _T:
    """Through `next` and `map`, so that also an interpreter that counts only calls of C does."""
    if not calls:
        return job()
    found: Iterable[_T] = map(_from_deeper, [calls - 1], [job])
    return next(iter(found))
