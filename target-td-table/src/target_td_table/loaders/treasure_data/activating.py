"""What remains of a table when a whole reading came to its end, as a SELECT in Trino's SQL."""
# ruff: noqa: S608 -- a name cannot be a parameter; every name here goes through `quoted`.

from collections.abc import Mapping

from target_td_table.loaders.sql import quoted
from target_td_table.loaders.sql_missing import Moments, column_for, is_missing
from target_td_table.loaders.treasure_data import values
from target_td_table.loaders.treasure_data.schema import SECONDS
from target_td_table.mapping import TIME
from target_td_table.table import DELETED, DELETED_AT, Column, LogicalType, Table
from target_td_table.versions import Activation

# Text that sorts as time does.
_TEXTS = Moments(
    of_column=str,
    literal=values.moment,
)
_SECONDS = Moments(of_column=str, literal=lambda moment: f"{moment.timestamp():.6f}")


def is_gone(table: Table, columns: Mapping[str, str]) -> str:
    """Whether a row is a tombstone, or marked by one; the columns have their types beside them."""
    signs = []
    if column := table.column_of(DELETED_AT):
        signs.append(f"{quoted(column.name)} IS NOT NULL")
    column = table.column_of(DELETED)
    if column and column.type is LogicalType.BOOLEAN:
        is_true = "= 'true'" if _is_text(column, columns) else "<> 0"
        signs.append(f"coalesce({quoted(column.name)} {is_true}, false)")
    return " OR ".join(signs) or "false"


def remaining(table: Table, rows: str, columns: Mapping[str, str], activation: Activation) -> str:
    """The rows of a SELECT, with those deleted or marked that the version did not bring.

    The columns have their types beside them.
    """
    within = activation.within
    moments = _SECONDS if within and _is_number(table, within.field, columns) else _TEXTS
    missing = f"({is_missing(table, activation, moments, is_gone=is_gone(table, columns))})"
    if table.hard_delete:
        names = ", ".join([TIME, *map(quoted, columns)])
        return f"SELECT {names} FROM ({rows}) WHERE NOT {missing}"
    marks = _marks(table, columns, activation)
    selected = [
        f"CASE WHEN {missing} THEN {marks[name]} ELSE {name} END AS {name}"
        if name in marks
        else name
        for name in map(quoted, columns)
    ]
    return f"SELECT {', '.join([TIME, *selected])} FROM ({rows})"


def _marks(table: Table, columns: Mapping[str, str], activation: Activation) -> dict[str, str]:
    """What a row gets that is gone, by column."""
    marks = {column_for(table, DELETED_AT): _TEXTS.literal(activation.at)}
    if _is_number(table, DELETED_AT, columns):
        # The reading came to its end then; when the row went is not known to the second.
        marks[column_for(table, DELETED_AT)] = str(int(activation.at.timestamp()))
    deleted = table.column_of(DELETED)
    if deleted and deleted.type is LogicalType.BOOLEAN:
        marks[quoted(deleted.name)] = "'true'" if _is_text(deleted, columns) else "1"
    return marks


def _is_text(column: Column, columns: Mapping[str, str]) -> bool:
    """Whether a person has made a column text, that is else a number; booleans are JSON there."""
    return columns.get(column.name) == "string"


def _is_number(table: Table, field: str, columns: Mapping[str, str]) -> bool:
    """Whether moments of the field are Unix seconds in its column."""
    column = table.column_of(field)
    return column is not None and columns.get(column.name) in SECONDS
