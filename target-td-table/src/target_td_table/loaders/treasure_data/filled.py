"""What the columns of a row are filled from: how a field is read and what becomes of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

import msgspec

from target_td_table.loaders.treasure_data import values
from target_td_table.loaders.treasure_data.schema import is_seconds, is_time
from target_td_table.loaders.treasure_data.values import Convert
from target_td_table.table import Column, LogicalType, Table

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
    LogicalType.BOOLEAN: values.booleans,
    LogicalType.LONG_INTEGER: values.long_integers,
    LogicalType.TIMESTAMP: values.timestamps,
    LogicalType.JSON: values.json_texts,
}
_SECONDS: Mapping[str | None, Convert] = {
    "int": values.short(values.whole_seconds),
    "long": values.whole_seconds,
    "double": values.exact_seconds,
}
_PLAIN = frozenset({LogicalType.BOOLEAN, LogicalType.INTEGER, LogicalType.NUMBER})
_INTEGERS = frozenset({LogicalType.INTEGER, LogicalType.LONG_INTEGER})


@dataclass(frozen=True, slots=True)
class Filled:
    """One column of the rows: where its values come from and what becomes of them."""

    name: str
    spelling: str
    read: Any
    convert: Convert | None


@dataclass(frozen=True, slots=True)
class TimeField:
    """The field that the partitioning key is read from: its place among all fields that are read.

    It fills no column of its own if it `is_last`.
    """

    place: int
    convert: Convert | None
    is_last: bool


def columns_filled(table: Table, types: Mapping[str, str], *, careful: bool) -> list[Filled]:
    """The columns of a table, without the partitioning key, in their order."""
    return [
        Filled(
            each.name, table.spelling(each.field), *_reading(each, types.get(each.name), careful)
        )
        for each in table.columns
        if not is_time(each)
    ]


def with_time(table: Table, filled: Sequence[Filled]) -> tuple[list[Filled], TimeField | None]:
    """All that is read, and where among it the key is; a key alone in its field comes last."""
    found = next(filter(is_time, table.columns), None)
    if found is None:
        return list(filled), None
    is_moment = found.read_as is LogicalType.TIMESTAMP
    places = [place for place, each in enumerate(_fields(table)) if each == found.field]
    if places:
        is_raw = filled[places[0]].read is msgspec.Raw
        convert = values.unix_seconds if is_moment else values.integers if is_raw else None
        return list(filled), TimeField(places[0], convert, is_last=False)
    read = str | None if is_moment else msgspec.Raw
    alone = Filled(found.name, table.spelling(found.field), read, None)
    convert = values.unix_seconds if is_moment else values.integers
    return [*filled, alone], TimeField(len(filled), convert, is_last=True)


def _fields(table: Table) -> list[str]:
    return [column.field for column in table.columns if not is_time(column)]


def _reading(column: Column, type_: str | None, careful: bool) -> tuple[Any, Convert | None]:  # noqa: FBT001
    """How a field is read, and made into what the column's type at the destination asks for."""
    kind = column.read_as
    if type_ == "string" and kind in _PLAIN:
        return msgspec.Raw, values.scalar_texts
    if kind in _INTEGERS and type_ in ("double", "float"):
        return msgspec.Raw, values.exact_doubles
    if kind is LogicalType.INTEGER and type_ == "int":
        return msgspec.Raw, values.short(values.integers)
    if is_seconds(type_, column):
        return str | None, _SECONDS[type_]
    if kind is LogicalType.INTEGER and careful:
        return msgspec.Raw, values.integers
    return _READ[kind], _CONVERT.get(kind)
