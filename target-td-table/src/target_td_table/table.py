"""A table as the target wants it: names fitted, types logical."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class LogicalType(StrEnum):
    """The types a top-level field can have; every loader has a column type for each."""

    BOOLEAN = "boolean"
    INTEGER = "integer"
    # Beyond 64 bits.
    LONG_INTEGER = "long integer"
    NUMBER = "number"
    TIMESTAMP = "timestamp"
    STRING = "string"
    JSON = "json"


# What a column may become without losing a value: its own text, or that text as JSON.
_SCALARS = frozenset(
    {
        LogicalType.BOOLEAN,
        LogicalType.INTEGER,
        LogicalType.LONG_INTEGER,
        LogicalType.NUMBER,
        LogicalType.TIMESTAMP,
    }
)
_WIDER = {
    LogicalType.LONG_INTEGER: frozenset({LogicalType.INTEGER}),
    # Where a number cannot hold all digits of an integer, the loader refuses the value.
    LogicalType.NUMBER: frozenset({LogicalType.INTEGER, LogicalType.LONG_INTEGER}),
    LogicalType.STRING: _SCALARS,
    LogicalType.JSON: _SCALARS | {LogicalType.STRING},
}


def is_wider(wide: LogicalType, narrow: LogicalType) -> bool:
    """Whether every value of `narrow` can be kept in `wide`."""
    return narrow in _WIDER.get(wide, frozenset())


# What a tap may say about a record besides its content, in fields of these names.
UPDATED_AT = "_updated_at"
DELETED_AT = "_sdc_deleted_at"
DELETED = "deleted"


@dataclass(frozen=True, slots=True)
class Column:
    """One column and the top-level field it is filled from."""

    name: str
    field: str
    read_as: LogicalType
    # A time column is filled with the whole seconds since 1970 of a timestamp field.
    unix_seconds: bool = False
    # How many decimals a number has at most, if the SCHEMA says so.
    scale: int | None = None

    @property
    def type(self) -> LogicalType:
        """The column's type: the field's, or integer for Unix seconds."""
        return LogicalType.INTEGER if self.unix_seconds else self.read_as


@dataclass(frozen=True, slots=True)
class TableName:
    """Where a table is. In DuckDB a `database` is what DuckDB calls a schema."""

    database: str
    table: str

    def __str__(self) -> str:
        """The name as people write it."""
        return f"{self.database}.{self.table}"


@dataclass(frozen=True, slots=True)
class Table:
    """One stream's table: its columns in the order of the SCHEMA, and the fields of its key.

    In mode merge, `hard_delete` says whether a tombstone takes its row away or marks it. `schema`
    is what the SCHEMA said, to explain why a record does not fit.
    """

    stream: str
    name: TableName
    columns: tuple[Column, ...]
    key: tuple[str, ...] = ()
    hard_delete: bool = False
    schema: Mapping[str, Any] = field(default_factory=dict, repr=False, compare=False)
    fields: dict[str, LogicalType] = field(init=False, repr=False, compare=False)
    _places: dict[str, int] = field(init=False, repr=False, compare=False)

    @property
    def needs_respelling(self) -> bool:
        """Whether fields differ only in case, or have no name: columns could not be read so."""
        folded = {field.lower() for field in self.fields}
        return len(folded) < len(self.fields) or "" in folded

    def spelling(self, field: str) -> str:
        """What the field is called in a batch: its own name, or if need be its place.

        It does not depend on the columns' names, which differ from destination to destination.
        """
        return f"field_{self._places[field]}" if self.needs_respelling else field

    def column_of(self, field: str) -> Column | None:
        """The column a field is kept in; a time column that it may fill besides comes first."""
        found = [column for column in self.columns if column.field == field]
        return found[-1] if found else None

    def __post_init__(self) -> None:
        """Derive the fields: one field may fill two columns."""
        fields = {column.field: column.read_as for column in self.columns}
        object.__setattr__(self, "fields", fields)
        places = {name: place for place, name in enumerate(fields)}
        object.__setattr__(self, "_places", places)
