"""Statements and decisions that SQL destinations share; nothing here talks to one."""
# ruff: noqa: S608 -- a name cannot be a parameter; names and texts are quoted.

from collections.abc import Callable, Mapping
from datetime import UTC, datetime

from target_td_table.errors import TableError
from target_td_table.loaders.base import AddColumn, LoadRow, WidenColumn
from target_td_table.table import Column, LogicalType, Table, TableName, is_wider

STATE_TABLE = "_td_state"
LOADS_TABLE = "_td_loads"
# Types that mean the same in every SQL destination; the order is that of `load_values`.
LOADS_COLUMNS = {
    "load_id": "VARCHAR",
    "pipeline": "VARCHAR",
    "stream": "VARCHAR",
    "table_name": "VARCHAR",
    "mode": "VARCHAR",
    "rows": "BIGINT",
    "rejected": "BIGINT",
    "started_at": "TIMESTAMP WITH TIME ZONE",
    "ended_at": "TIMESTAMP WITH TIME ZONE",
}


def quoted(name: str) -> str:
    """A name as an SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """A text as an SQL string."""
    return "'" + text.replace("'", "''") + "'"


def path(name: TableName) -> str:
    """A table's name with its database, as SQL."""
    return f"{quoted(name.database)}.{quoted(name.table)}"


def create_loads(name: TableName) -> str:
    """The table of the loads, if it is missing."""
    columns = ", ".join(f"{quoted(column)} {type_}" for column, type_ in LOADS_COLUMNS.items())
    return f"CREATE TABLE IF NOT EXISTS {path(name)} ({columns})"


def forget_load(name: TableName) -> str:
    """Make room for a newer row of the same load and table."""
    return f"DELETE FROM {path(name)} WHERE load_id = $1 AND table_name = $2"


def keep_load(name: TableName) -> str:
    """Keep what is known of a load's part: `load_values`."""
    names = ", ".join(quoted(column) for column in LOADS_COLUMNS)
    values = ", ".join(f"${number + 1}" for number in range(len(LOADS_COLUMNS)))
    return f"INSERT INTO {path(name)} ({names}) VALUES ({values})"


def read_states(name: TableName) -> str:
    """Every pipeline's last state."""
    return f"SELECT pipeline, state FROM {path(name)}"


def moment(value: datetime) -> str:
    """A time as SQL, in DuckDB and PostgreSQL."""
    return f"CAST({literal(value.isoformat())} AS TIMESTAMP WITH TIME ZONE)"


def load_values(load: LoadRow) -> tuple[object, ...]:
    """A load's row, in the order of `LOADS_COLUMNS`."""
    return (
        load.load_id, load.pipeline, load.stream, str(load.table), str(load.mode), load.rows,
        load.rejected, load.started_at, load.ended_at or datetime.now(tz=UTC),
    )  # fmt: skip


def other_pipelines(loads: str, load: LoadRow, moment: Callable[[datetime], str]) -> str:
    """The other pipelines that loaded rows into a load's table after its own first began to.

    Not those whose rows somebody has replaced since. `loads` is the table of the loads, as SQL, and
    `moment` makes a literal as that table's times are. A first load is not yet in it.
    Decisions: docs/decisions/0120-pipelines-that-take-turns.md and
    docs/decisions/0122-first-loads-that-meet.md.
    """
    of_table = f"table_name = {literal(str(load.table))} AND {quoted('rows')} > 0"
    ours = f"pipeline = {literal(load.pipeline)}"
    began = f"coalesce(min(started_at), {moment(load.started_at)})"
    first = f"SELECT {began} FROM {loads} WHERE {of_table} AND {ours}"
    replaced = f"SELECT max(ended_at) FROM {loads} WHERE {of_table} AND mode = 'replace'"
    return (
        f"SELECT DISTINCT pipeline FROM {loads} WHERE {of_table} AND NOT {ours} "
        f"AND ended_at > ({first}) AND ended_at >= coalesce(({replaced}), ended_at) "
        "ORDER BY pipeline"
    )


def changes(
    table: Table, existing: Mapping[str, LogicalType | None]
) -> list[AddColumn | WidenColumn]:
    """What must change about an existing table before the rows fit.

    `existing` has None for a type that only a person can have given the column: rows are cast to
    it, and the destination says if that cannot be.

    Raises:
        TableError: If a column is of a type that the rows cannot be brought to without loss.
    """
    found = {name.lower(): type_ for name, type_ in existing.items()}
    needed: list[AddColumn | WidenColumn] = []
    for column in table.columns:
        if column.name.lower() not in found:
            needed.append(AddColumn(column))
            continue
        has = found[column.name.lower()]
        if has is None or has is column.type or is_wider(has, column.type):
            continue
        if not is_wider(column.type, has):
            raise TableError(_unlike(table, column, has))
        needed.append(WidenColumn(column, has))
    return needed


def _unlike(table: Table, column: Column, has: LogicalType) -> str:
    return (
        f"`{column.field}` of `{table.stream}` is {column.type} now, but the column "
        f"`{column.name}` of `{table.name}` is {has}. Change the column's type to text or JSON "
        "yourself, rename it so that a new one is made, or load into another table."
    )
