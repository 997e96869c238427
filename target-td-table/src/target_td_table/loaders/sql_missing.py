"""Which rows a whole reading did not bring, in SQL that all destinations share."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from target_td_table.loaders.sql import quoted
from target_td_table.table import Table
from target_td_table.versions import VERSION, Activation


@dataclass(frozen=True, slots=True)
class Moments:
    """How a destination compares times: what becomes of a column's name, and of a moment."""

    of_column: Callable[[str], str]
    literal: Callable[[datetime], str]


def is_missing(
    table: Table, activation: Activation, moments: Moments, *, is_gone: str, row: str = ""
) -> str:
    """Whether a live row should be gone; `row` stands before the names of its columns.

    A row of a greater version came after the reading. What `is_gone` already stays as it is.
    """
    version = f"{row}{column_for(table, VERSION)}"
    found = f"({version} IS NULL OR {version} < {activation.version}) AND NOT ({is_gone})"
    within = activation.within
    if within is None:
        return found
    name = f"{row}{column_for(table, within.field)}"
    bounds = [
        f"{moments.of_column(name)} {sign} {moments.literal(bound)}"
        for sign, bound in ((">=", within.since), ("<", within.until))
        if bound
    ]
    return f"{found} AND ({name} IS NULL OR ({' AND '.join(bounds or ['true'])}))"


def column_for(table: Table, field: str) -> str:
    """The name of the column that a field is kept in, as SQL.

    Raises:
        LookupError: If there is none.
    """
    column = table.column_of(field)
    if column is None:
        raise LookupError(field)
    return quoted(column.name)
