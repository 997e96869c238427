"""Types and names of columns in Treasure Data.

https://docs.treasuredata.com/articles/pd/schema-management: a column is read as the type in the
table's schema, whatever was written. `time` is always there and stands in no schema.
"""

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import msgspec

from target_td_table.errors import TableError
from target_td_table.mapping import TIME
from target_td_table.table import Column, LogicalType, Table, TableName

# Limits of bulk import: https://docs.treasuredata.com/apis/limits
MOST_COLUMNS = 4096
# The API answers 422 to a column of this name: embulk-output-td, pull request 105.
_REFUSED = frozenset({"v"})
_PLAIN = re.compile(r"[a-z_][a-z0-9_]*")
_NOT_PLAIN = re.compile(r"[^a-z0-9_]+")
_SHORTEST_NAME, _LONGEST_NAME = 3, 128

TYPES: Mapping[LogicalType, str] = {
    LogicalType.BOOLEAN: "long",
    LogicalType.INTEGER: "long",
    LogicalType.LONG_INTEGER: "string",
    LogicalType.NUMBER: "double",
    LogicalType.TIMESTAMP: "string",
    LogicalType.STRING: "string",
    LogicalType.JSON: "string",
}
_LOGICAL: Mapping[str, LogicalType] = {
    "int": LogicalType.INTEGER,
    "long": LogicalType.INTEGER,
    "float": LogicalType.NUMBER,
    "double": LogicalType.NUMBER,
}
# Columns that take a moment as Unix seconds; `float` is not told to have the digits for them.
# Decision: docs/decisions/0511-times-in-columns-of-seconds.md.
SECONDS = frozenset({"int", "long", "double"})


@dataclass(frozen=True, slots=True)
class SchemaColumn:
    """One column of a table's schema. Rows have `key`; queries say `alias`."""

    key: str
    type: str
    alias: str

    @property
    def entry(self) -> list[str]:
        """As `update-schema` wants it; the alias keeps what a person called the column."""
        return [self.key, self.type, self.alias]


def parse_schema(text: str) -> list[SchemaColumn]:
    """The columns in the answer of `table/show`, which has them as JSON in a string."""
    entries = msgspec.json.decode(text or "[]", type=list[list[str | None]])
    return [
        SchemaColumn(str(key), str(type_), str(rest[0]) if rest and rest[0] else str(key))
        for key, type_, *rest in entries
    ]


def fitted_table_name(name: TableName) -> str:
    """The table's name as Treasure Data takes it: 3 to 128 of a-z, 0-9 and `_`."""
    word = _NOT_PLAIN.sub("_", name.table.lower())
    if len(word) > _LONGEST_NAME:
        word = _suffixed(word[: _LONGEST_NAME - 9], name.table)
    return word.ljust(_SHORTEST_NAME, "_")


def fitted_name(name: TableName) -> TableName:
    """The table's name as Treasure Data takes it, in its database."""
    return TableName(name.database, fitted_table_name(name))


def fitted_table(table: Table, *, frees_time: bool = False) -> Table:
    """The table with names that Treasure Data takes as they are.

    With `frees_time` a field `time` gets a column `time_`: the key comes from elsewhere.

    Raises:
        TableError: If it has more columns than a table can have there.
    """
    words = [_fitted(column, frees_time=frees_time) for column in table.columns]
    columns = tuple(
        replace(column, name=word if words.count(word) == 1 else _suffixed(word, column.field))
        for column, word in zip(table.columns, words, strict=True)
    )
    if len(columns) > MOST_COLUMNS:
        raise TableError(
            f"`{table.stream}` has {len(columns)} fields, but a table in Treasure Data can have "
            f"{MOST_COLUMNS} columns. Deselect fields of the stream."
        )
    return replace(table, name=fitted_name(table.name), columns=columns)


def logical_type(type_: str, column: Column) -> LogicalType | None:
    """The logical type of a column of that type; None if any value may go there as text."""
    found = _LOGICAL.get(type_)
    if found is LogicalType.INTEGER and column.type is LogicalType.BOOLEAN:
        return LogicalType.BOOLEAN
    return LogicalType.TIMESTAMP if is_seconds(type_, column) else found


def is_seconds(type_: str | None, column: Column) -> bool:
    """Whether the column, a moment, is kept as Unix seconds by one of that type."""
    return type_ in SECONDS and column.type is LogicalType.TIMESTAMP


def placed(table: Table, schema: Sequence[SchemaColumn]) -> Table:
    """The table with each column under the key that its values have in the table already.

    A field may have come under its own name before, e.g. by embulk, which keeps it as the key.
    """
    keys = {column.key: column for column in schema}
    aliases = {column.alias: column for column in schema}
    return replace(
        table,
        columns=tuple(
            replace(column, name=_key(column, keys, aliases)) for column in table.columns
        ),
    )


def is_time(column: Column) -> bool:
    """Whether the column is the partitioning key and not one of the schema.

    Column `time` is, if it holds Unix seconds or a moment; else the target calls it `time_`.
    """
    return column.name == TIME


def _key(
    column: Column, keys: Mapping[str, SchemaColumn], aliases: Mapping[str, SchemaColumn]
) -> str:
    if is_time(column) or column.name in keys:
        return column.name
    if column.field in keys and column.field != TIME:
        return column.field
    return aliases[column.name].key if column.name in aliases else column.name


def _fitted(column: Column, *, frees_time: bool) -> str:
    word = column.name.lower()
    if not _PLAIN.fullmatch(word):
        word = _NOT_PLAIN.sub("_", word) or "_"
        word = f"_{word}" if word[0].isdigit() else word
    if len(word) > _LONGEST_NAME:
        word = _suffixed(word[: _LONGEST_NAME - 9], column.field)
    can_be_key = column.type in (LogicalType.INTEGER, LogicalType.TIMESTAMP)
    if word == TIME and (frees_time or not can_be_key):
        return f"{TIME}_"
    return f"{word}_" if word in _REFUSED else word


def _suffixed(word: str, field: str) -> str:
    return f"{word}_{hashlib.sha256(field.encode()).hexdigest()[:8]}"


def key_names(placed: Table) -> list[str]:
    """The names of the columns that name a record."""
    found = [placed.column_of(field) for field in placed.key]
    return [column.name for column in found if column]
