"""What was decided: the last state of each pipeline, and what was still to be done for it.

A publication is decided by one row of `_td_state`. It holds the state, the sessions to commit and
the tables to put in the place of others; whoever comes next carries out what is not done.
Decision: docs/decisions/0502-a-row-decides-a-publication.md.
"""
# ruff: noqa: S608 -- a name cannot be a parameter; names are checked and texts are quoted.

import time
from collections.abc import Sequence
from typing import Any

import msgspec

from target_td_table.loaders.base import LoadRow
from target_td_table.loaders.sql import (
    LOADS_COLUMNS,
    LOADS_TABLE,
    STATE_TABLE,
    literal,
    load_values,
)
from target_td_table.loaders.treasure_data import queries
from target_td_table.loaders.treasure_data.calls import Calls
from target_td_table.loaders.treasure_data.refusal import RefusedError
from target_td_table.loaders.treasure_data.session import Session
from target_td_table.loaders.treasure_data.values import timestamp
from target_td_table.report import log
from target_td_table.state import State

_COLUMNS = (
    ("pipeline", "string"), ("state", "string"), ("pending", "string"), ("written_at", "long"),
)  # fmt: skip


class Renaming(msgspec.Struct, frozen=True):
    """A table that is to take the place of another one; its id tells whether it did."""

    source: str
    target: str
    table_id: str


class Commit(msgspec.Struct, frozen=True):
    """A session that is ready to be committed into a table."""

    session: str
    table: str


class Pending(msgspec.Struct, frozen=True):
    """What is to be done once it is decided. Doing it twice is as good as once."""

    commits: list[Commit]
    renamings: list[Renaming]

    def carry_out(self, calls: Calls) -> None:
        """Do what is not done yet."""
        for commit in self.commits:
            # A session that is gone was committed: it is deleted only after that.
            if calls.show_session(commit.session) is not None:
                Session(calls, commit.session, commit.table).commit()
        for each in self.renamings:
            source = calls.show_table(each.source)
            if source is not None and source.id == each.table_id:
                calls.rename_over(each.source, each.target, each.table_id)


class Journal:
    """The table of states, if the key may query; a write-only key keeps none."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls
        self._may_query = True
        self._made: set[str] = set()

    def states(self) -> dict[str, str]:
        """The last state of each pipeline, when all that it stands for is visible.

        Raises:
            RefusedError: If the key may not query.
        """
        shown = self._calls.show_table(STATE_TABLE)
        # Killed between the two, a load leaves the table without its columns.
        if shown is None or not shown.columns:
            return {}
        last = self._last()
        for _, pending in last.values():
            msgspec.json.decode(pending, type=Pending).carry_out(self._calls)
        return {pipeline: state for pipeline, (state, _) in last.items()}

    def recover(self) -> None:
        """Carry out what an earlier load decided and did not finish."""
        try:
            self.states()
        except RefusedError as refusal:
            self._do_without(refusal)

    def decide(self, state: State, pending: Pending) -> None:
        """From here on the publication happens, whatever else does."""
        values = ", ".join(
            [
                str(int(time.time())), literal(state.pipeline), literal(state.value),
                literal(msgspec.json.encode(pending).decode()), str(time.time_ns()),
            ]
        )  # fmt: skip
        names = ", ".join(name for name, _ in _COLUMNS)
        insert = f"INSERT INTO {STATE_TABLE} (time, {names}) VALUES ({values})"
        self._write(STATE_TABLE, _COLUMNS, insert)

    def keep_loads(self, loads: Sequence[LoadRow]) -> None:
        """Tell of loads; a row takes the place of the one of the same load and table."""
        columns = [
            (name, "long" if type_ == "BIGINT" else "string")
            for name, type_ in LOADS_COLUMNS.items()
        ]
        names = ", ".join(["time", *LOADS_COLUMNS])
        rows = ", ".join(f"({_values(load)})" for load in loads)
        same = " OR ".join(
            f"(load_id = {literal(load.load_id)} AND table_name = {literal(str(load.table))})"
            for load in loads
        )
        delete = f"DELETE FROM {LOADS_TABLE} WHERE {same}"
        insert = f"INSERT INTO {LOADS_TABLE} ({names}) VALUES {rows}"
        self._write(LOADS_TABLE, columns, delete, insert)

    def _last(self) -> dict[str, tuple[str, str]]:
        query = f"SELECT pipeline, state, pending, written_at FROM {STATE_TABLE}"
        found = sorted(queries.rows(self._calls, query), key=lambda row: int(row[3]))
        return {str(row[0]): (str(row[1]), str(row[2])) for row in found}

    def _write(self, table: str, columns: Sequence[tuple[str, str]], *statements: str) -> None:
        if not self._may_query:
            return
        try:
            if table not in self._made:
                self._calls.create_table(table)
                self._calls.append_schema(table, columns)
                self._made.add(table)
            for statement in statements:
                queries.run(self._calls, statement)
        except RefusedError as refusal:
            self._do_without(refusal)

    def _do_without(self, refusal: RefusedError) -> None:
        if refusal.status != 403:
            raise refusal
        self._may_query = False
        log.warning(
            "The API key is write-only, so no state is kept in Treasure Data: `--print-state` "
            "cannot tell it, and a load that was killed must be run again from the state before "
            "it, with the same records."
        )


def _values(load: LoadRow) -> str:
    return ", ".join([str(int(load.started_at.timestamp())), *map(_literal, load_values(load))])


def _literal(value: Any) -> str:
    if value is None:
        return "NULL"
    if isinstance(value, int):
        return str(value)
    text = value if isinstance(value, str) else timestamp(value.isoformat())
    return literal(str(text))
