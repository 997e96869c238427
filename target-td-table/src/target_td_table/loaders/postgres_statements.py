"""What is said to PostgreSQL, as text."""
# ruff: noqa: S608 -- a name cannot be a parameter; every name here goes through `quoted`.

import hashlib
from collections.abc import Sequence

from target_td_table.loaders.base import AddColumn, CreateTable, WidenColumn
from target_td_table.loaders.postgres_rows import CSV_OPTIONS
from target_td_table.loaders.sql import path, quoted
from target_td_table.table import Column, LogicalType, Table, TableName

# Tables of a session: PostgreSQL drops them with it, however the load ends.
TEMPORARY = "pg_temp"
# What tells which staged row came later.
ARRIVAL = "_td_arrival"

_TYPES = {
    LogicalType.BOOLEAN: "boolean",
    LogicalType.INTEGER: "bigint",
    LogicalType.LONG_INTEGER: "numeric",
    LogicalType.NUMBER: "numeric",
    LogicalType.TIMESTAMP: "timestamp with time zone",
    LogicalType.STRING: "text",
    LogicalType.JSON: "jsonb",
}
_LOGICAL = {name: type_ for type_, name in _TYPES.items()} | {
    "integer": LogicalType.INTEGER,
    "smallint": LogicalType.INTEGER,
    "double precision": LogicalType.NUMBER,
    "real": LogicalType.NUMBER,
    "character varying": LogicalType.STRING,
    "json": LogicalType.JSON,
}
SETTINGS = (
    "SET TimeZone = 'UTC'",
    "SET DateStyle = 'ISO, YMD'",
    "SET standard_conforming_strings = on",
    "SET client_encoding = 'UTF8'",
)
COLUMNS = """
    SELECT a.attname, format_type(a.atttypid, a.atttypmod)
    FROM pg_catalog.pg_attribute a
    JOIN pg_catalog.pg_class c ON c.oid = a.attrelid
    JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname = $1 AND c.relname = $2 AND c.relkind IN ('r', 'p', 'f')
    AND a.attnum > 0 AND NOT a.attisdropped
    ORDER BY a.attnum
"""
TAKES_COPY = """
    SELECT c.relkind IN ('r', 'p') AND NOT c.relhasrules
    AND NOT pg_catalog.row_security_active(c.oid)
    FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname = $1 AND c.relname = $2
"""
SCHEMA = "SELECT 1 FROM pg_catalog.pg_namespace WHERE nspname = $1"
TRANSACTION = "SELECT txid_current()"
OUTCOME = "SELECT txid_status($1)"
TRY_LOCK = "SELECT pg_try_advisory_xact_lock($1)"
LOCK = "SELECT pg_advisory_xact_lock($1)"
LOCK_SHARED = "SELECT pg_advisory_xact_lock_shared($1)"
_STATE_COLUMNS = "pipeline text PRIMARY KEY, state text, published_at timestamptz"


def logical_type(type_: str) -> LogicalType | None:
    """The logical type of a column; None for a type that only a person gives."""
    return LogicalType.NUMBER if type_.startswith("numeric(") else _LOGICAL.get(type_)


def column_type(column: Column) -> str:
    """The type a column is made with."""
    return _TYPES[column.type]


def lock_number(name: str) -> int:
    """The number of the advisory lock that whoever publishes into `name` holds."""
    digest = hashlib.sha256(f"target-td-table {name}".encode()).digest()
    return int.from_bytes(digest[:8], "big", signed=True)


def create_database(name: TableName) -> str:
    """The schema, if it is missing."""
    return f"CREATE SCHEMA IF NOT EXISTS {quoted(name.database)}"


def change(name: TableName, needed: CreateTable | AddColumn | WidenColumn) -> str:
    """One change of a table."""
    if isinstance(needed, CreateTable):
        columns = ", ".join(_definition(column) for column in needed.table.columns)
        return f"CREATE TABLE {path(name)} ({columns})"
    head = f"ALTER TABLE {path(name)}"
    if isinstance(needed, AddColumn):
        return f"{head} ADD COLUMN {_definition(needed.column)}"
    column, type_ = quoted(needed.column.name), column_type(needed.column)
    using = _converted(column, needed.narrow, needed.column.type)
    return f"{head} ALTER COLUMN {column} TYPE {type_} USING {using}"


def create_staging(
    staging: TableName, columns: Sequence[tuple[str, str]], *, with_arrival: bool
) -> str:
    """A table of this session; if asked for, with a column for the order of arrival."""
    made = [f"{quoted(name)} {type_}" for name, type_ in columns]
    if with_arrival:
        made.append(f"{quoted(ARRIVAL)} bigint GENERATED ALWAYS AS IDENTITY")
    return f"CREATE TEMPORARY TABLE {path(staging)} ({', '.join(made)})"


def add_column(staging: TableName, name: str, type_: str) -> str:
    """One more column of a staging table."""
    return f"ALTER TABLE {path(staging)} ADD COLUMN {quoted(name)} {type_}"


def analyze(staging: TableName) -> str:
    """Let the planner know how many rows wait; nobody else does that for a temporary table."""
    return f"ANALYZE {path(staging)}"


def drop_staging(staging: TableName) -> str:
    """Throw the waiting rows away."""
    return f"DROP TABLE IF EXISTS {path(staging)}"


def copy_into(staging: TableName, names: Sequence[str]) -> str:
    """Read rows from this connection."""
    return f"COPY {path(staging)} ({_listed(names)}) FROM STDIN WITH ({CSV_OPTIONS})"


def delete_all(name: TableName) -> str:
    """Take the rows away; unlike TRUNCATE it lets others go on reading them until the commit."""
    return f"DELETE FROM {path(name)}"


def move_staged(table: Table, staging: TableName) -> str:
    """Put the waiting rows into the table, column by name."""
    names = _listed([column.name for column in table.columns])
    return f"INSERT INTO {path(table.name)} ({names}) SELECT {names} FROM {path(staging)}"


def create_states(name: TableName) -> str:
    """The table of the last states."""
    return f"CREATE TABLE IF NOT EXISTS {path(name)} ({_STATE_COLUMNS})"


def keep_state(name: TableName) -> str:
    """Keep a pipeline's last state."""
    return (
        f"INSERT INTO {path(name)} VALUES ($1, $2, now()) ON CONFLICT (pipeline) "
        "DO UPDATE SET state = excluded.state, published_at = excluded.published_at"
    )


def _listed(names: Sequence[str]) -> str:
    return ", ".join(quoted(name) for name in names)


def _definition(column: Column) -> str:
    return f"{quoted(column.name)} {column_type(column)}"


def _converted(value: str, narrow: LogicalType, wide: LogicalType) -> str:
    """A value of one logical type as a value of a wider one."""
    if wide in (LogicalType.NUMBER, LogicalType.LONG_INTEGER):
        return f"{value}::numeric"
    text = value
    if narrow is LogicalType.TIMESTAMP:
        text = f"""to_char({value}, 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')"""
    return f"to_jsonb({text})" if wide is LogicalType.JSON else f"{text}::text"
