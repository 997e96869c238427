"""The records that Treasure Data could not load, named without their content."""

import gzip
import itertools
from collections.abc import Mapping, Sequence
from typing import Any

import msgpack  # type: ignore[import-untyped]

_MOST = 10
_LONGEST = 80


def readable(body: bytes, key: Sequence[str]) -> str:
    """The first of them, each by its key and by what its `time` is: it must be an integer."""
    try:
        packed = gzip.decompress(body)
        unpacker = msgpack.Unpacker(strict_map_key=False, unicode_errors="replace")
        unpacker.feed(packed)
        found = [_named(each, key) for each in itertools.islice(unpacker, _MOST)]
    except (OSError, EOFError, ValueError, msgpack.UnpackException):
        return "(they cannot be read)"
    return "; ".join(found)


def _named(record: Any, key: Sequence[str]) -> str:
    if not isinstance(record, Mapping):
        return f"one that is no map but of type {type(record).__name__}"
    values = [str(record[name])[:_LONGEST] for name in key if record.get(name) is not None]
    name = f"`{'`, `'.join(values)}`" if values else "one without a key"
    time = record.get("time")
    wrong = "" if type(time) is int else f" (its `time` is of type {type(time).__name__})"
    return name + wrong
