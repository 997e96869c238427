"""What a whole reading takes away, in SQL that DuckDB and PostgreSQL share."""
# ruff: noqa: S608 -- a name cannot be a parameter; every name here goes through `quoted`.

from target_td_table.loaders.sql import literal, moment, path, quoted
from target_td_table.loaders.sql_merge import is_gone
from target_td_table.loaders.sql_missing import Moments, column_for, is_missing
from target_td_table.table import DELETED, DELETED_AT, LogicalType, Table
from target_td_table.versions import Activation

_MOMENTS = Moments(
    of_column=lambda name: f"CAST({name} AS TIMESTAMP WITH TIME ZONE)", literal=moment
)


def remove(table: Table, activation: Activation) -> str:
    """Delete or mark the live rows that the version did not bring."""
    gone = is_gone(table, "t")
    where = is_missing(table, activation, _MOMENTS, is_gone=gone, row="t.")
    if table.hard_delete:
        return f"DELETE FROM {path(table.name)} AS t WHERE {where}"
    # A bare text fits a column of text too, if the tap declares it so.
    values = [f"{column_for(table, DELETED_AT)} = {literal(activation.at.isoformat())}"]
    deleted = table.column_of(DELETED)
    if deleted and deleted.type is LogicalType.BOOLEAN:
        values.append(f"{quoted(deleted.name)} = true")
    return f"UPDATE {path(table.name)} AS t SET {', '.join(values)} WHERE {where}"
