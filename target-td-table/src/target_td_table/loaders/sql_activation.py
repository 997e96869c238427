"""What a whole reading takes away, in SQL that DuckDB and PostgreSQL share."""
# ruff: noqa: S608 -- a name cannot be a parameter; every name here goes through `quoted`.

from target_td_table.loaders.sql import literal, path, quoted
from target_td_table.loaders.sql_merge import is_gone
from target_td_table.table import DELETED, DELETED_AT, LogicalType, Table
from target_td_table.versions import VERSION, Activation, Within

_MOMENT = "TIMESTAMP WITH TIME ZONE"


def remove(table: Table, activation: Activation) -> str:
    """Delete or mark the live rows that the version did not bring.

    A row of a greater version came after it. What is marked already stays as it is.
    """
    version = _column(table, VERSION)
    missing = f"(t.{version} IS NULL OR t.{version} < {activation.version})"
    where = f"{missing} AND NOT ({is_gone(table, 't')}){_within(table, activation.within)}"
    if table.hard_delete:
        return f"DELETE FROM {path(table.name)} AS t WHERE {where}"
    # A bare text fits a column of text too, if the tap declares it so.
    values = [f"{_column(table, DELETED_AT)} = {literal(activation.at.isoformat())}"]
    deleted = table.column_of(DELETED)
    if deleted and deleted.type is LogicalType.BOOLEAN:
        values.append(f"{quoted(deleted.name)} = true")
    return f"UPDATE {path(table.name)} AS t SET {', '.join(values)} WHERE {where}"


def _within(table: Table, within: Within | None) -> str:
    if within is None:
        return ""
    name = f"t.{_column(table, within.field)}"
    bounds = [
        f"CAST({name} AS {_MOMENT}) {sign} CAST({literal(bound.isoformat())} AS {_MOMENT})"
        for sign, bound in ((">=", within.since), ("<", within.until))
        if bound
    ]
    return f" AND ({name} IS NULL OR ({' AND '.join(bounds or ['true'])}))"


def _column(table: Table, field: str) -> str:
    column = table.column_of(field)
    if column is None:
        raise LookupError(field)
    return quoted(column.name)
