"""Records as MessagePack maps, a block at a time, without looking into nested JSON.

A block is read into structs of the table's columns and written from the same structs, so names
and plain values pass without Python touching them; only columns that need it are converted.
"""

import re
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import repeat
from operator import attrgetter
from typing import Annotated, Any

import msgspec

from target_td_table.loaders.treasure_data import values
from target_td_table.loaders.treasure_data.schema import is_time
from target_td_table.loaders.treasure_data.values import Convert
from target_td_table.mapping import TIME
from target_td_table.table import Column, LogicalType, Table

# The column that tells which staged row came later, in mode merge.
ARRIVAL = "_td_arrival"

_LONG = Annotated[int, msgspec.Meta(ge=-(2**63), le=2**63 - 1)]
_READ: Mapping[LogicalType, Any] = {
    LogicalType.BOOLEAN: bool | None,
    LogicalType.INTEGER: _LONG | None,
    LogicalType.LONG_INTEGER: msgspec.Raw,
    LogicalType.NUMBER: float | None,
    LogicalType.TIMESTAMP: str | None,
    LogicalType.STRING: str | None,
    LogicalType.JSON: msgspec.Raw,
}
_CONVERT: Mapping[LogicalType, Convert] = {
    LogicalType.BOOLEAN: values.boolean,
    LogicalType.LONG_INTEGER: values.long_integer,
    LogicalType.TIMESTAMP: values.timestamp,
    LogicalType.JSON: values.json_text,
}
_PLAIN = frozenset({LogicalType.BOOLEAN, LogicalType.INTEGER, LogicalType.NUMBER})
_INTEGERS = frozenset({LogicalType.INTEGER, LogicalType.LONG_INTEGER})
_NULL = msgspec.Raw(b"null")
# msgspec cannot rename a field to these.
_ODD = re.compile(r'["\\\x00-\x1f]')
_SPLIT: msgspec.json.Decoder[dict[str, msgspec.Raw]] = msgspec.json.Decoder(dict[str, msgspec.Raw])
_ENCODE = msgspec.msgpack.Encoder().encode


@dataclass(frozen=True, slots=True)
class Filled:
    """One column of the rows: where its values come from and what becomes of them."""

    name: str
    spelling: str
    read: Any
    convert: Convert | None


@dataclass(frozen=True, slots=True)
class Time:
    """Where the partitioning key comes from: a place among the fields, or the upload."""

    upload_seconds: int
    place: int | None = None
    convert: Convert | None = None

    def of(self, value: Any) -> int:
        """The key for a value of the field; a row without one has the upload's time."""
        if value is None:
            return self.upload_seconds
        seconds = self.convert(value) if self.convert else value
        return self.upload_seconds if seconds is None else int(seconds)


class Packer:
    """Writes the records of one table as MessagePack."""

    def __init__(
        self,
        table: Table,
        types: Mapping[str, str],
        *,
        upload_seconds: int,
        careful: bool = False,
        arrivals: Iterator[int] | None = None,
    ) -> None:
        """`types` are those the columns have at the destination; a careful packer takes 1.0.

        With `arrivals`, each row gets the next of them.
        """
        columns = [column for column in table.columns if not is_time(column)]
        self._filled = [_filled(table, each, types.get(each.name), careful) for each in columns]
        self._time = _time(table, columns, self._filled, upload_seconds)
        self._arrivals = arrivals
        self._is_odd = any(_ODD.search(each.spelling) for each in self._filled)
        self._row = _row_type(self._filled, numbered=arrivals is not None)
        self._read = None
        if not self._is_odd:
            read = self._row if self._is_straight else _read_type(self._filled)
            self._read = msgspec.json.Decoder(read)

    def pack(self, block: bytes) -> bytes:
        """The records of a block, one a line.

        Raises:
            msgspec.MsgspecError, OverflowError, ValueError: If a value cannot be packed.
        """
        rows = self._rows(block)
        self._set_times(rows)
        for place, each in enumerate(self._filled):
            if each.convert is not None:
                _convert(rows, f"f{place}", each.convert)
        if self._arrivals is not None:
            for row in rows:
                row.arrival = next(self._arrivals)
        return b"".join(map(_ENCODE, rows))

    @property
    def _is_straight(self) -> bool:
        """Whether the same struct can be read from JSON and written."""
        spellings = [each.spelling for each in self._filled]
        is_renamed = [each.name for each in self._filled] != spellings
        return not (is_renamed or {TIME, ARRIVAL} & set(spellings))

    def _rows(self, lines: bytes) -> list[Any]:
        if self._read is None:
            return [self._row(*_decoded(each, self._filled)) for each in _SPLIT.decode_lines(lines)]
        rows = self._read.decode_lines(lines)
        if self._is_straight:
            return rows
        return [self._row(*msgspec.structs.astuple(row)) for row in rows]

    def _set_times(self, rows: Sequence[Any]) -> None:
        if any(each.name == TIME for each in self._filled):
            return
        if self._time.place is None:
            for row in rows:
                row.time = self._time.upload_seconds
            return
        name, of = f"f{self._time.place}", self._time.of
        for row in rows:
            row.time = of(getattr(row, name))


def _convert(rows: Sequence[Any], name: str, convert: Convert) -> None:
    """Convert a column; half of all columns are JSON, so those are decoded all at once."""
    found = map(attrgetter(name), rows)
    is_json = convert is values.json_text
    converted = values.json_texts(list(found)) if is_json else map(convert, found)
    # A loop in C: most of the packing's time would pass here.
    deque(map(setattr, rows, repeat(name), converted), maxlen=0)


def _decoded(record: Mapping[str, msgspec.Raw], filled: Sequence[Filled]) -> list[Any]:
    return [
        msgspec.json.decode(record.get(each.spelling, _NULL), type=each.read) for each in filled
    ]


def _filled(table: Table, column: Column, type_: str | None, careful: bool) -> Filled:  # noqa: FBT001
    spelling = table.spelling(column.field)
    read, convert = _reading(column, type_, careful=careful)
    return Filled(column.name, spelling, read, convert)


def _reading(column: Column, type_: str | None, *, careful: bool) -> tuple[Any, Convert | None]:
    """How a field is read, and made into what the column's type at the destination asks for."""
    kind = column.read_as
    if type_ == "string" and kind in _PLAIN:
        return msgspec.Raw, values.scalar_text
    if kind in _INTEGERS and type_ in ("double", "float"):
        return msgspec.Raw, values.exact_double
    if kind is LogicalType.INTEGER and careful:
        return msgspec.Raw, values.integer
    return _READ[kind], _CONVERT.get(kind)


def _time(
    table: Table, columns: Sequence[Column], filled: list[Filled], upload_seconds: int
) -> Time:
    """Where the key comes from. A field `time` that is the key itself gets no other column."""
    found = next(filter(is_time, table.columns), None)
    if found is None:
        return Time(upload_seconds)
    is_moment = found.read_as is LogicalType.TIMESTAMP
    places = [place for place, each in enumerate(columns) if each.field == found.field]
    if places:
        is_raw = filled[places[0]].read is msgspec.Raw
        convert = values.unix_seconds if is_moment else values.integer if is_raw else None
        return Time(upload_seconds, places[0], convert)
    read = str | None if is_moment else msgspec.Raw
    time = Time(upload_seconds, None, values.unix_seconds if is_moment else values.integer)
    filled.append(Filled(TIME, table.spelling(found.field), read, time.of))
    return time


def _read_type(filled: Sequence[Filled]) -> type[msgspec.Struct]:
    names = {f"f{place}": each.spelling for place, each in enumerate(filled)}
    return msgspec.defstruct("Record", _fields(filled), rename=names, gc=False)


def _row_type(filled: Sequence[Filled], *, numbered: bool) -> type[msgspec.Struct]:
    names = {f"f{place}": each.name for place, each in enumerate(filled)}
    fields: list[tuple[str, Any, Any]] = [*_fields(filled)]
    if TIME not in names.values():
        fields.append((TIME, Any, None))
    if numbered:
        names["arrival"] = ARRIVAL
        fields.append(("arrival", Any, None))
    return msgspec.defstruct("Row", fields, rename=names, gc=False)


def _fields(filled: Sequence[Filled]) -> list[tuple[str, Any, Any]]:
    return [
        (f"f{place}", each.read, _NULL if each.read is msgspec.Raw else None)
        for place, each in enumerate(filled)
    ]
