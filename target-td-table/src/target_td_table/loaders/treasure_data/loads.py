"""The table that tells of loads, as statements for Trino."""
# ruff: noqa: S608 -- a name cannot be a parameter; names are checked and texts are quoted.

from collections.abc import Sequence
from typing import Any

from target_td_table.loaders.base import LoadRow
from target_td_table.loaders.sql import LOADS_COLUMNS, LOADS_TABLE, literal, load_values
from target_td_table.loaders.treasure_data.values import moment

COLUMNS = tuple(
    (name, "long" if type_ == "BIGINT" else "string") for name, type_ in LOADS_COLUMNS.items()
)


def statements(loads: Sequence[LoadRow]) -> list[str]:
    """Let each row take the place of the one of the same load and table."""
    names = ", ".join(["time", *LOADS_COLUMNS])
    rows = ", ".join(f"({_values(load)})" for load in loads)
    same = " OR ".join(
        f"(load_id = {literal(load.load_id)} AND table_name = {literal(str(load.table))})"
        for load in loads
    )
    return [
        f"DELETE FROM {LOADS_TABLE} WHERE {same}",
        f"INSERT INTO {LOADS_TABLE} ({names}) VALUES {rows}",
    ]


def _values(load: LoadRow) -> str:
    return ", ".join([str(int(load.started_at.timestamp())), *map(_literal, load_values(load))])


def _literal(value: Any) -> str:
    if isinstance(value, int):
        return str(value)
    return literal(value) if isinstance(value, str) else moment(value)
