"""Records of a batch as the columns that something is filled from."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Any

import msgspec

from target_td_table.loaders.treasure_data.filled import Filled

_RAW_NULL = msgspec.Raw(b"null")
# msgspec cannot rename a field to these.
_ODD = re.compile(r'["\\\x00-\x1f]')
_SPLIT: msgspec.json.Decoder[dict[str, msgspec.Raw]] = msgspec.json.Decoder(dict[str, msgspec.Raw])


@dataclass(frozen=True, slots=True)
class Columns:
    """The values of some records by the place of their column; a column left out is all null."""

    rows: int
    values: Mapping[int, Sequence[Any]]


class Reading:
    """Reads blocks of records, one a line.

    Half of all columns of a stream are null in all its records. Those that were so far are read as
    null and nothing else, which costs next to nothing, until one is not.
    """

    def __init__(self, filled: Sequence[Filled]) -> None:
        self._filled = filled
        self._places = range(len(filled))
        self._is_odd = any(_ODD.search(each.spelling) for each in filled)
        # Before the first block every column may turn out to be silent.
        self._silent = frozenset(self._places)
        self._decoder: msgspec.json.Decoder[Any] | None = None

    def columns(self, block: bytes) -> Columns:
        """The columns of a block.

        Raises:
            msgspec.MsgspecError: If a value does not fit its type.
        """
        if self._is_odd:
            found = [_decoded(each, self._filled) for each in _SPLIT.decode_lines(block)]
            return _columns(self._places, found)
        rows = self._rows(block)
        live = [place for place in self._places if place not in self._silent]
        return _columns(live, list(map(_getter(live), rows))) if live else Columns(len(rows), {})

    def _rows(self, block: bytes) -> list[Any]:
        if self._decoder is not None:
            try:
                return self._decoder.decode_lines(block)
            except msgspec.ValidationError:
                if not self._silent:
                    raise
        # Read every column, and let those be silent from here on that are so in these records too.
        found = self._decoder_of(frozenset()).decode_lines(block)
        self._silent = frozenset(place for place in self._silent if _is_null(found, place))
        self._decoder = self._decoder_of(self._silent)
        return found

    def _decoder_of(self, silent: frozenset[int]) -> msgspec.json.Decoder[Any]:
        fields: list[tuple[str, Any, Any]] = [
            (f"f{place}", None if place in silent else each.read, None)
            for place, each in enumerate(self._filled)
        ]
        names = {f"f{place}": each.spelling for place, each in enumerate(self._filled)}
        return msgspec.json.Decoder(msgspec.defstruct("Record", fields, rename=names, gc=False))


def _columns(places: Sequence[int], rows: Sequence[Sequence[Any]]) -> Columns:
    return Columns(len(rows), dict(zip(places, zip(*rows, strict=True), strict=False)))


def _getter(places: Sequence[int]) -> Callable[[Any], Sequence[Any]]:
    first, *more = (attrgetter(f"f{place}") for place in places)
    return attrgetter(*(f"f{place}" for place in places)) if more else lambda row: (first(row),)


def _is_null(rows: Sequence[Any], place: int) -> bool:
    values = map(attrgetter(f"f{place}"), rows)
    return all(value is None or value == _RAW_NULL for value in values)


def _decoded(record: Mapping[str, msgspec.Raw], filled: Sequence[Filled]) -> list[Any]:
    return [
        msgspec.json.decode(record.get(each.spelling, _RAW_NULL), type=each.read) for each in filled
    ]
