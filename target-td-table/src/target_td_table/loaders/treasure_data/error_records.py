"""The records that Treasure Data could not load, as it gives them back."""

import gzip
import itertools

import msgpack  # type: ignore[import-untyped]

_MOST = 10
_LONGEST = 200


def readable(body: bytes) -> str:
    """The first of them, each cut to a length that a person reads."""
    try:
        packed = gzip.decompress(body)
        unpacker = msgpack.Unpacker(strict_map_key=False, unicode_errors="replace")
        unpacker.feed(packed)
        found = [str(each)[:_LONGEST] for each in itertools.islice(unpacker, _MOST)]
    except (OSError, EOFError, ValueError, msgpack.UnpackException):
        return "(they cannot be read)"
    return "; ".join(found)
