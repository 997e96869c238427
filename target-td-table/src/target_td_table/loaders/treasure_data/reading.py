"""Records of a batch as structs with the fields f0, f1 … in the order of what is filled from them."""

import re
from collections.abc import Mapping, Sequence
from operator import attrgetter
from typing import Any

import msgspec

from target_td_table.loaders.treasure_data.filled import Filled

_RAW_NULL = msgspec.Raw(b"null")
# msgspec cannot rename a field to these.
_ODD = re.compile(r'["\\\x00-\x1f]')
_SPLIT: msgspec.json.Decoder[dict[str, msgspec.Raw]] = msgspec.json.Decoder(dict[str, msgspec.Raw])


class Reading:
    """Reads blocks of records, one a line, as rows that are written as they are.

    Half of all columns of a stream are null in all its records. Those that were so far are read as
    null and nothing else, which costs next to nothing, until one is not.
    """

    def __init__(self, filled: Sequence[Filled], added: Mapping[str, str]) -> None:
        """The rows have fields that are `added` to what is read, each written under its name."""
        self._filled = filled
        self._added = added
        spellings = [each.spelling for each in filled]
        self._is_odd = any(map(_ODD.search, spellings))
        # Whether the same struct can be read from JSON and written.
        self._is_straight = [each.name for each in filled] == spellings and not (
            set(added.values()) & set(spellings)
        )
        self._row = self._struct("name", added)
        self._silent: frozenset[int] = frozenset()
        self._decoder = self._decoder_of(self._silent)
        self._is_first = True

    def rows(self, block: bytes) -> tuple[list[Any], frozenset[int]]:
        """The rows, and the places of columns that are None in all of them.

        Raises:
            msgspec.MsgspecError: If a value does not fit its type.
        """
        if self._is_odd:
            split = _SPLIT.decode_lines(block)
            return [self._row(*_decoded(each, self._filled)) for each in split], frozenset()
        if not self._is_first:
            try:
                return self._written(self._decoder.decode_lines(block)), self._silent
            except msgspec.ValidationError:
                if not self._silent:
                    raise
        return self._written(self._all_read(block)), frozenset()

    def _all_read(self, block: bytes) -> list[Any]:
        """Read every column, and let those be silent from here on that are so in these records."""
        found = self._decoder_of(frozenset()).decode_lines(block)
        places = range(len(self._filled)) if self._is_first else self._silent
        self._silent = frozenset(place for place in places if _is_null(found, place))
        self._decoder = self._decoder_of(self._silent)
        self._is_first = False
        return found

    def _written(self, found: list[Any]) -> list[Any]:
        if self._is_straight:
            return found
        return [self._row(*msgspec.structs.astuple(row)) for row in found]

    def _decoder_of(self, silent: frozenset[int]) -> msgspec.json.Decoder[Any]:
        if self._is_odd:
            return msgspec.json.Decoder()
        return msgspec.json.Decoder(
            self._struct("spelling", self._added if self._is_straight else {}, silent)
        )

    def _struct(
        self, named: str, added: Mapping[str, str], silent: frozenset[int] = frozenset()
    ) -> type[msgspec.Struct]:
        fields: list[tuple[str, Any, Any]] = [
            (f"f{place}", None if place in silent else each.read, None)
            for place, each in enumerate(self._filled)
        ]
        fields += [(each, Any, None) for each in added]
        names = {f"f{place}": getattr(each, named) for place, each in enumerate(self._filled)}
        # A null is not written: the column is null without it.
        return msgspec.defstruct(
            "Row", fields, rename=names | dict(added), gc=False, omit_defaults=True
        )


def _is_null(rows: Sequence[Any], place: int) -> bool:
    values = map(attrgetter(f"f{place}"), rows)
    return all(value is None or value == _RAW_NULL for value in values)


def _decoded(record: Mapping[str, msgspec.Raw], filled: Sequence[Filled]) -> list[Any]:
    return [
        msgspec.json.decode(record.get(each.spelling, _RAW_NULL), type=each.read) for each in filled
    ]
