"""What is said to DuckDB, as text."""
# ruff: noqa: S608 -- a name cannot be a parameter; every name here goes through `quoted`.

import re
from collections.abc import Mapping
from pathlib import Path

from target_td_table.batch import Batch
from target_td_table.loaders.base import AddColumn, Change, CreateTable, WidenColumn
from target_td_table.loaders.sql import literal, path, quoted
from target_td_table.table import Column, LogicalType, Table, TableName

_STAGING_PREFIX = "_td_staging_"

# One thread beside the reader's is as fast as two on two cores, and takes less memory.
CONFIG: Mapping[str, str | bool | int | float | list[str]] = {
    "threads": 1,
    "preserve_insertion_order": False,
}

_TYPES = {
    LogicalType.BOOLEAN: "BOOLEAN",
    LogicalType.INTEGER: "BIGINT",
    LogicalType.LONG_INTEGER: "HUGEINT",
    LogicalType.NUMBER: "DOUBLE",
    LogicalType.TIMESTAMP: "TIMESTAMP WITH TIME ZONE",
    LogicalType.STRING: "VARCHAR",
    LogicalType.JSON: "JSON",
}
_LOGICAL = {name: type_ for type_, name in _TYPES.items()} | {
    "FLOAT": LogicalType.NUMBER,
    "TIMESTAMP": LogicalType.TIMESTAMP,
}
_NUMBERS = (LogicalType.INTEGER, LogicalType.LONG_INTEGER, LogicalType.NUMBER)
_DECIMAL = re.compile(r"DECIMAL\(38, ?(\d+)\)")
# DuckDB reads into buffers of twice the longest record; small ones stay in the cache.
_OBJECT_BYTES = 2 << 20
# What a tried record is called in its file, beside its fields; no field of a stream has the name.
PLACE = "_td_place"
_REFUSE = "error('an integer beyond 2^53 does not fit into a DOUBLE without losing digits')"
# TRY does not take `error`, which it cannot foresee; this is no number either.
_REFUSE_IN_TRY = f"CAST(concat('x', {PLACE}) AS DOUBLE)"
COLUMNS = """
    SELECT column_name, data_type FROM duckdb_columns()
    WHERE database_name = current_database() AND schema_name = ? AND lower(table_name) = lower(?)
    ORDER BY column_index
"""


def logical_type(type_: str) -> LogicalType | None:
    """The logical type of a column; None for a type that only a person gives."""
    return LogicalType.NUMBER if type_.startswith("DECIMAL") else _LOGICAL.get(type_)


def column_type(column: Column) -> str:
    """The type a column is made with."""
    if column.type is LogicalType.NUMBER and column.scale is not None:
        return f"DECIMAL(38,{column.scale})"
    return _TYPES[column.type]


def finer(table: Table, existing: Mapping[str, str]) -> list[WidenColumn]:
    """The columns that need more decimals than they have."""
    types = {name.lower(): type_ for name, type_ in existing.items()}
    has = {
        column.name: _DECIMAL.fullmatch(types.get(column.name.lower(), ""))
        for column in table.columns
    }
    return [
        WidenColumn(column, LogicalType.NUMBER)
        for column in table.columns
        if (found := has[column.name]) and column.scale and column.scale > int(found[1])
    ]


def create_database(name: TableName) -> str:
    """The schema, if it is missing."""
    return f"CREATE SCHEMA IF NOT EXISTS {quoted(name.database)}"


def create_table(table: Table) -> str:
    """The table as the stream wants it."""
    columns = ", ".join(_definition(column) for column in table.columns)
    return f"CREATE TABLE {path(table.name)} ({columns})"


def change(name: TableName, needed: Change) -> str:
    """One change of a table."""
    if isinstance(needed, CreateTable):
        return create_table(needed.table)
    head = f"ALTER TABLE {path(name)}"
    if isinstance(needed, AddColumn):
        return f"{head} ADD COLUMN {_definition(needed.column)}"
    column, type_ = quoted(needed.column.name), column_type(needed.column)
    using = _converted(column, needed.narrow, needed.column.type)
    if type_.startswith("DECIMAL"):
        using = f"CAST({column} AS {type_})"
    return f"{head} ALTER COLUMN {column} SET DATA TYPE {type_} USING {using}"


def staging_name(name: TableName) -> TableName:
    """Where replacing rows wait."""
    return TableName(name.database, _STAGING_PREFIX + name.table)


def create_staging(staging: TableName, like: TableName) -> str:
    """A table with the columns of another one, and nothing else of it."""
    return f"CREATE TABLE IF NOT EXISTS {path(staging)} AS FROM {path(like)} LIMIT 0"


def drop_staging(name: TableName) -> str:
    """Throw the waiting rows away."""
    return f"DROP TABLE IF EXISTS {path(staging_name(name))}"


def delete_all(name: TableName) -> str:
    """Take the rows away and leave all else that a person gave the table."""
    return f"DELETE FROM {path(name)}"


def move_staged(table: Table, staging: TableName) -> str:
    """Put the waiting rows into the table, column by name."""
    columns = ", ".join(quoted(column.name) for column in table.columns)
    return f"INSERT INTO {path(table.name)} ({columns}) SELECT {columns} FROM {path(staging)}"


def insert_batch(batch: Batch, into: TableName, existing: Mapping[str, str]) -> str:
    """Read the batch's file, typed by the table, into a table with columns like `existing`.

    DuckDB's reader would also take `"12"` and 1.5 for an integer; `records.Check` has looked.
    """
    columns = ", ".join(quoted(column.name) for column in batch.table.columns)
    values = ", ".join(_values(batch.table, existing).values())
    return (
        f"INSERT INTO {path(into)} ({columns}) SELECT {values} "
        f"{_from(batch.table, batch.path, batch.longest_chunk_bytes, existing)}"
    )


def try_file(
    table: Table, file: Path, longest_chunk_bytes: int, existing: Mapping[str, str]
) -> str:
    """Read a batch's file and make all values of it, as `insert_batch` does, for nobody."""
    types = {name.lower(): type_ for name, type_ in existing.items()}
    values = ", ".join(
        f"CAST({value} AS {types[name.lower()]})" if name.lower() in types else value
        for name, value in _values(table, existing).items()
    )
    return f"SELECT max(hash({values})) {_from(table, file, longest_chunk_bytes, existing)}"


def find_misfits(
    table: Table, file: Path, longest_chunk_bytes: int, existing: Mapping[str, str]
) -> str:
    """The places of the records of which a value cannot be made, each with those columns' numbers.

    The file has `PLACE` in each record. Each column is tried by itself.
    """
    types = {name.lower(): type_ for name, type_ in existing.items()}
    tried = ", ".join(
        f"CASE WHEN TRY(hash({_tried(table, column, types)})) IS NULL THEN {number} END"
        for number, column in enumerate(table.columns)
    )
    fields = {PLACE: "BIGINT"} | {table.spelling(field): "JSON" for field in table.fields}
    read = _read_json(file, longest_chunk_bytes, fields)
    return (
        f"SELECT {PLACE}, wrong FROM (SELECT {PLACE}, concat_ws(',', {tried}) AS wrong "
        f"FROM {read[:-1]}, ignore_errors = true)) WHERE wrong <> ''"
    )


def find_twice(table: Table, file: Path, longest_chunk_bytes: int) -> str:
    """The places of the records that have a field of the table twice; the file has `PLACE`."""
    names = ", ".join(literal(table.spelling(field)) for field in table.fields)
    declared = f"list_filter(json_keys(json), lambda name: name IN ({names}))"
    return (
        f"SELECT CAST(json ->> '$.{PLACE}' AS BIGINT), '' FROM read_json_objects("
        f"{literal(str(file))}, format = 'newline_delimited', "
        f"maximum_object_size = {_object_bytes(longest_chunk_bytes)}) "
        f"WHERE len({declared}) > len(list_distinct({declared}))"
    )


def _tried(table: Table, column: Column, types: Mapping[str, str]) -> str:
    """The value of a column, made from its field as JSON, in the type the column has."""
    name, read_as = quoted(table.spelling(column.field)), _read_as(table, column.field, types)
    typed = {"JSON": name, "VARCHAR": f"({name} ->> '$')"}.get(
        read_as, f"CAST({name} AS {read_as})"
    )
    type_ = types.get(column.name.lower())
    value = _value(column, typed, type_).replace(_REFUSE, _REFUSE_IN_TRY)
    return f"CAST({value} AS {type_})" if type_ else value


def _values(table: Table, existing: Mapping[str, str]) -> dict[str, str]:
    """The value of each column."""
    types = {name.lower(): type_ for name, type_ in existing.items()}
    return {
        column.name: _value(
            column, quoted(table.spelling(column.field)), types.get(column.name.lower())
        )
        for column in table.columns
    }


def _from(table: Table, file: Path, longest_chunk_bytes: int, existing: Mapping[str, str]) -> str:
    types = {name.lower(): type_ for name, type_ in existing.items()}
    fields = {table.spelling(field): _read_as(table, field, types) for field in table.fields}
    return f"FROM {_read_json(file, longest_chunk_bytes, fields)}"


def _read_json(file: Path, longest_chunk_bytes: int, fields: Mapping[str, str]) -> str:
    """The records of a file, each field in its type."""
    columns = ", ".join(f"{literal(name)}: {literal(type_)}" for name, type_ in fields.items())
    return (
        f"read_json({literal(str(file))}, format = 'newline_delimited', columns = {{{columns}}}, "
        f"auto_detect = false, maximum_object_size = {_object_bytes(longest_chunk_bytes)})"
    )


def _object_bytes(longest_chunk_bytes: int) -> int:
    return max(longest_chunk_bytes + 1, _OBJECT_BYTES)


def create_states(name: TableName) -> str:
    """The table of the last states."""
    return (
        f"CREATE TABLE IF NOT EXISTS {path(name)} "
        "(pipeline VARCHAR, state VARCHAR, published_at TIMESTAMP WITH TIME ZONE)"
    )


def forget_state(name: TableName) -> str:
    """Make room for a pipeline's new state."""
    return f"DELETE FROM {path(name)} WHERE pipeline = ?"


def keep_state(name: TableName) -> str:
    """Keep a pipeline's last state."""
    return f"INSERT INTO {path(name)} VALUES (?, ?, now())"


def _definition(column: Column) -> str:
    # Nested JSON takes a third less room this way, and is written faster.
    compression = " USING COMPRESSION zstd" if column.type is LogicalType.JSON else ""
    return f"{quoted(column.name)} {column_type(column)}{compression}"


def _read_as(table: Table, field: str, types: Mapping[str, str]) -> str:
    """The type a field is read as: that of its column if it keeps more digits than the field's."""
    own = _TYPES[table.fields[field]]
    if table.fields[field] not in _NUMBERS:
        return own
    filled = [column.name.lower() for column in table.columns if column.field == field]
    return next((types[name] for name in filled if _is_exact(types.get(name, ""))), own)


def _is_exact(type_: str) -> bool:
    """Whether DuckDB reads a JSON number into it digit by digit."""
    return type_ == "HUGEINT" or type_.startswith("DECIMAL")


def _value(column: Column, field: str, type_: str | None) -> str:
    """The value of a column, read from a field, in the type the column has."""
    if column.unix_seconds:
        return f"CAST(floor(epoch({field})) AS BIGINT)"
    if column.type in _NUMBERS and _is_exact(type_ or ""):
        return field
    has = logical_type(type_ or "")
    if has is not None:
        return _converted(field, column.type, has)
    return f"CAST({field} AS {type_})"


def _converted(value: str, narrow: LogicalType, wide: LogicalType) -> str:
    """A value of one logical type as a value of a wider one."""
    if wide is narrow:
        return value
    if wide is LogicalType.NUMBER:
        # A double holds every integer up to 2^53; beyond it, digits would be lost in silence.
        fits = f"{value} BETWEEN {-(2**53)} AND {2**53}"
        return f"if(NOT ({fits}), {_REFUSE}, CAST({value} AS DOUBLE))"
    if wide is LogicalType.LONG_INTEGER:
        return f"CAST({value} AS HUGEINT)"
    text = value
    if narrow is LogicalType.TIMESTAMP:
        text = f"strftime({value}, '%Y-%m-%dT%H:%M:%S.%fZ')"
    if wide is LogicalType.JSON:
        return f"to_json({text})"
    return f"CAST({text} AS VARCHAR)"
