"""What remains of a table when a whole reading came to its end, as a SELECT in Trino's SQL."""
# ruff: noqa: S608 -- a name cannot be a parameter; every name here goes through `quoted`.

from collections.abc import Sequence

from target_td_table.loaders.sql import literal, quoted
from target_td_table.loaders.treasure_data import values
from target_td_table.mapping import TIME
from target_td_table.table import DELETED, DELETED_AT, LogicalType, Table
from target_td_table.versions import VERSION, Activation, Within


def is_gone(table: Table) -> str:
    """Whether a row is a tombstone, or marked by one."""
    signs = []
    if column := table.column_of(DELETED_AT):
        signs.append(f"{quoted(column.name)} IS NOT NULL")
    column = table.column_of(DELETED)
    if column and column.type is LogicalType.BOOLEAN:
        signs.append(f"coalesce({quoted(column.name)}, 0) <> 0")
    return " OR ".join(signs) or "false"


def remaining(table: Table, rows: str, columns: Sequence[str], activation: Activation) -> str:
    """The rows of a SELECT, with those deleted or marked that the version did not bring."""
    version = _column(table, VERSION)
    is_missing = (
        f"(({version} IS NULL OR {version} < {activation.version}) "
        f"AND NOT ({is_gone(table)}){_within(table, activation.within)})"
    )
    if table.hard_delete:
        names = ", ".join([TIME, *map(quoted, columns)])
        return f"SELECT {names} FROM ({rows}) WHERE NOT {is_missing}"
    marks = _marks(table, activation)
    selected = [
        f"CASE WHEN {is_missing} THEN {marks[name]} ELSE {name} END AS {name}"
        if name in marks
        else name
        for name in map(quoted, columns)
    ]
    return f"SELECT {', '.join([TIME, *selected])} FROM ({rows})"


def _marks(table: Table, activation: Activation) -> dict[str, str]:
    """What a row gets that is gone, by column."""
    moment = literal(str(values.timestamp(activation.at.isoformat())))
    marks = {_column(table, DELETED_AT): moment}
    deleted = table.column_of(DELETED)
    if deleted and deleted.type is LogicalType.BOOLEAN:
        marks[quoted(deleted.name)] = "1"
    return marks


def _within(table: Table, within: Within | None) -> str:
    """Moments are text that sorts as time does."""
    if within is None:
        return ""
    name = _column(table, within.field)
    bounds = [
        f"{name} {sign} {literal(str(values.timestamp(bound.isoformat())))}"
        for sign, bound in ((">=", within.since), ("<", within.until))
        if bound
    ]
    return f" AND ({name} IS NULL OR ({' AND '.join(bounds or ['true'])}))"


def _column(table: Table, field: str) -> str:
    column = table.column_of(field)
    if column is None:
        raise LookupError(field)
    return quoted(column.name)
