"""A state that is longer than a query may be, in pieces until one query puts them together.

Decisions: docs/decisions/0510-a-long-state-is-put-together.md and, about the table's name,
docs/decisions/0513-what-a-query-fills-has-a-name-of-its-own.md.
"""
# ruff: noqa: S608 -- a name cannot be a parameter; names are made here and texts are quoted.

import contextlib
import hashlib
import time
import uuid
from collections.abc import Iterator

from target_td_table.loaders.sql import STATE_TABLE, literal
from target_td_table.loaders.treasure_data import queries
from target_td_table.loaders.treasure_data.calls import Calls
from target_td_table.loaders.treasure_data.refusal import RefusedError

# A quote is doubled in a query.
_CHARACTERS = 400_000


class Pieces:
    """The table of one state's pieces; it is there only while they are put together."""

    def __init__(self, calls: Calls, pipeline: str) -> None:
        self._calls = calls
        mark = hashlib.sha256(f"{pipeline}/{calls.database}".encode()).hexdigest()
        self._common = f"{STATE_TABLE}_{mark[:16]}"
        # A query of a load that was killed, which runs at last, must not find it.
        self._table = f"{self._common}_{uuid.uuid4().hex[:8]}"

    @contextlib.contextmanager
    def of(self, value: str) -> Iterator[tuple[str, str]]:
        """The text as an SQL expression, and the FROM that it needs."""
        # Of loads that were killed.
        for table in self._calls.tables():
            if table.startswith(self._common):
                self._calls.delete_table(table)
        self._calls.create_table(self._table)
        self._calls.append_schema(self._table, [("number", "long"), ("piece", "string")])
        numbers = range(-(-len(value) // _CHARACTERS))
        for number in numbers:
            self._insert(number, value[number * _CHARACTERS :][:_CHARACTERS])
        each = [f"max(CASE WHEN number = {number} THEN piece END)" for number in numbers]
        yield " || ".join(each), f" FROM {self._table}"
        # What is left of it harms nobody, and what follows must not wait for it.
        with contextlib.suppress(RefusedError):
            self._calls.delete_table(self._table)

    def _insert(self, number: int, piece: str) -> None:
        values = f"{int(time.time())}, {number}, {literal(piece)}"
        insert = f"INSERT INTO {self._table} (time, number, piece) VALUES ({values})"
        queries.run(self._calls, insert, f"write a part of the state into `{self._table}`")
