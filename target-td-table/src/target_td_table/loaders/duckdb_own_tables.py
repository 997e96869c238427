"""What is said to DuckDB about the target's own tables, as text."""
# ruff: noqa: S608 -- a name cannot be a parameter; every name here goes through `quoted`.

from target_td_table.loaders.sql import LOADS_COLUMNS, path
from target_td_table.table import TableName


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


def forget_load(name: TableName) -> str:
    """Make room for a load's new row."""
    return f"DELETE FROM {path(name)} WHERE load_id = ? AND table_name = ?"


def keep_load(name: TableName) -> str:
    """Keep a load's row."""
    return f"INSERT INTO {path(name)} VALUES ({', '.join('?' * len(LOADS_COLUMNS))})"


def read_states(name: TableName) -> str:
    """Every pipeline's last state."""
    return f"SELECT pipeline, state FROM {path(name)}"
