"""Statements and decisions that SQL destinations share; nothing here talks to one."""

from collections.abc import Mapping
from dataclasses import dataclass

from target_td_table.errors import TableError
from target_td_table.table import Column, LogicalType, Table, is_wider


@dataclass(frozen=True, slots=True)
class AddColumn:
    """A field that is new becomes a column."""

    column: Column


@dataclass(frozen=True, slots=True)
class WidenColumn:
    """A field's type grew, and the column grows with it."""

    column: Column
    narrow: LogicalType


def quoted(name: str) -> str:
    """A name as an SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """A text as an SQL string."""
    return "'" + text.replace("'", "''") + "'"


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
