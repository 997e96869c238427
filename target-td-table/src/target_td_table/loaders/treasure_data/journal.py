"""What was decided: the last state of each pipeline, and what was still to be done for it.

A publication is decided by one row of `_td_state`. It holds the state, the sessions to commit and
the tables to put in the place of others; whoever comes next carries out what is not done.
Decisions: docs/decisions/0502-a-row-decides-a-publication.md and, about old rows,
docs/decisions/0509-old-rows-of-the-state-are-trimmed.md.
"""
# ruff: noqa: S608 -- a name cannot be a parameter; names are checked and texts are quoted.

import time
from collections.abc import Sequence
from typing import NamedTuple

import msgspec

from target_td_table.errors import DestinationError
from target_td_table.loaders.base import LoadRow
from target_td_table.loaders.sql import (
    LOADS_TABLE,
    STATE_TABLE,
    literal,
    other_pipelines,
)
from target_td_table.loaders.treasure_data import loads as told_loads
from target_td_table.loaders.treasure_data import queries, values
from target_td_table.loaders.treasure_data.calls import Calls
from target_td_table.loaders.treasure_data.pieces import Pieces
from target_td_table.loaders.treasure_data.refusal import LostSessionError, RefusedError
from target_td_table.loaders.treasure_data.session import Session
from target_td_table.report import log
from target_td_table.state import State

_COLUMNS = (
    ("pipeline", "string"), ("state", "string"), ("pending", "string"), ("written_at", "long"),
)  # fmt: skip


# More rows of a pipeline than these are trimmed to the last one: a query for many publications.
MOST_ROWS = 100
_READING = f"read `{STATE_TABLE}`"
_DECIDING = f"write the state into `{STATE_TABLE}`"
_SETTLING = f"write into `{STATE_TABLE}` that all is done"
_TELLING = f"tell of the load in `{LOADS_TABLE}`"
_GONE = "It is gone: the service forgets sessions after some days, committed or not."


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
        """Do what is not done yet.

        Raises:
            LostSessionError: If a session is gone: nobody can know whether it was committed.
        """
        for commit in self.commits:
            if calls.show_session(commit.session) is None:
                raise LostSessionError(commit.session, commit.table, _GONE)
            Session(calls, commit.session, commit.table).commit()
        for each in self.renamings:
            source = calls.show_table(each.source)
            if source is not None and source.id == each.table_id:
                calls.rename_over(each.source, each.target, each.table_id)


_NOTHING = Pending([], [])
_PENDING = msgspec.json.Decoder(Pending)


class _Decided(NamedTuple):
    """The last row of a pipeline, and how many there are."""

    pipeline: str
    state: str
    pending: str
    written_at: str
    rows: str

    def carry_out(self, calls: Calls) -> Pending:
        """Do what is not done yet; see `Pending`."""
        pending = _PENDING.decode(self.pending)
        try:
            pending.carry_out(calls)
        except LostSessionError as lost:
            raise LostSessionError(lost.session, lost.table, self._advice()) from lost
        return pending

    def _advice(self) -> str:
        """What a person can do, who can look into the table."""
        row = f"{STATE_TABLE} WHERE pipeline = {literal(self.pipeline)} AND written_at = {self.written_at}"
        names = "time, pipeline, state"
        nothing = literal(msgspec.json.encode(_NOTHING).decode())
        return (
            f"{_GONE} It was to be committed for the pipeline `{self.pipeline}`. Look for its rows. If they "
            f"are there, say so with the query: INSERT INTO {STATE_TABLE} ({names}, pending, "
            f"written_at) SELECT {names}, {nothing}, written_at + 1 FROM {row}. If they are not, "
            f"take the decision back with: DELETE FROM {row}, and run the tap from the state before."
        )


class Journal:
    """The table of states, if the key may query; a write-only key keeps none."""

    def __init__(self, calls: Calls, pipeline: str) -> None:
        self._calls = calls
        self._pipeline = pipeline
        self._may_query = True
        self._made: set[str] = set()
        # When the last row of this pipeline was written, while it says that something is to be done.
        self._unsettled: int | None = None

    def states(self) -> dict[str, str]:
        """The last state of each pipeline, when all that it stands for is visible.

        Raises:
            RefusedError: If the key may not query.
            LostSessionError: If it cannot be known for this pipeline; others are left out.
        """
        found = {}
        for decided in self._lasts():
            try:
                decided.carry_out(self._calls)
            except LostSessionError as lost:
                if decided.pipeline == self._pipeline:
                    raise
                log.warning("%s", lost)
                continue
            found[decided.pipeline] = decided.state
        return found

    def other_pipelines(self, load: LoadRow) -> list[str]:
        """The other pipelines that loaded into a load's table after its own first began to."""
        shown = self._calls.show_table(LOADS_TABLE)
        if shown is None or not shown.columns:
            return []
        query = other_pipelines(LOADS_TABLE, load, values.moment)
        found = queries.rows(self._calls, query, f"read `{LOADS_TABLE}`")
        return [str(other) for (other,) in found]

    def recover(self) -> list[str]:
        """Carry out what an earlier load decided and did not finish; the sessions it committed.

        Raises:
            LostSessionError: If nobody can know whether that was done.
        """
        try:
            own = [each for each in self._lasts() if each.pipeline == self._pipeline]
        except RefusedError as refusal:
            self._do_without(refusal)
            return []
        for decided in own:
            pending = decided.carry_out(self._calls)
            if pending != _NOTHING:
                self._unsettled = int(decided.written_at)
            self._trim(decided)
            return [commit.session for commit in pending.commits]
        return []

    def _trim(self, decided: _Decided) -> None:
        """Forget the rows that a later one stands for; nobody reads them.

        Repeated or cut short it is as good as done: the last row is never touched.
        """
        if int(decided.rows) <= MOST_ROWS:
            return
        older = f"pipeline = {literal(decided.pipeline)} AND written_at < {int(decided.written_at)}"
        delete = f"DELETE FROM {STATE_TABLE} WHERE {older}"
        try:
            queries.run(self._calls, delete, f"trim `{STATE_TABLE}`", queries.PUBLISHED)
        except (RefusedError, DestinationError) as error:
            log.warning(
                "`%s` has %s rows of this pipeline, of which only the last counts. The others "
                "could not be deleted, which harms nothing: %s", STATE_TABLE, decided.rows, error,
            )  # fmt: skip

    def settle(self) -> None:
        """Write that all is done, before the sessions that show it are forgotten."""
        if self._unsettled is None:
            return
        written_at = time.time_ns()
        insert = _insert("pipeline", "state", _NOTHING, written_at)
        decided = f"pipeline = {literal(self._pipeline)} AND written_at = {self._unsettled}"
        settle = f"{insert} FROM {STATE_TABLE} WHERE {decided}"
        queries.run(self._calls, settle, _SETTLING, queries.PUBLISHED)
        self._unsettled = None

    def decide(self, state: State, pending: Pending) -> None:
        """From here on the publication happens, whatever else does."""
        if not self._may_query:
            return
        written_at = time.time_ns()
        pipeline = literal(state.pipeline)
        insert = _insert(pipeline, literal(state.value), pending, written_at)
        try:
            self._make(STATE_TABLE, _COLUMNS)
            if len(insert) <= queries.MOST_CHARACTERS:
                queries.run(self._calls, insert, _DECIDING)
            else:
                with Pieces(self._calls, state.pipeline).of(state.value) as (value, source):
                    insert = _insert(pipeline, value, pending, written_at) + source
                    queries.run(self._calls, insert, _DECIDING)
        except RefusedError as refusal:
            self._do_without(refusal)
            return
        self._unsettled = None if pending == _NOTHING else written_at

    def keep_loads(self, loads: Sequence[LoadRow]) -> None:
        """Tell of loads; a row takes the place of the one of the same load and table.

        Raises:
            RefusedError: If the key may not: that says nothing about states.
        """
        if not loads or not self._may_query:
            return
        self._make(LOADS_TABLE, told_loads.COLUMNS)
        for statement in told_loads.statements(loads):
            queries.run(self._calls, statement, _TELLING, queries.PUBLISHED)

    def _lasts(self) -> list[_Decided]:
        """The last row of each pipeline."""
        shown = self._calls.show_table(STATE_TABLE)
        # Killed between the two, a load leaves the table without its columns.
        if shown is None or not shown.columns:
            return []
        query = (
            "SELECT pipeline, max_by(coalesce(state, ''), written_at), "
            "max_by(pending, written_at), "
            f"max(written_at), count(*) FROM {STATE_TABLE} GROUP BY pipeline"
        )
        found = queries.rows(self._calls, query, _READING)
        for pipeline, state, *_, written_at, _rows in found:
            if not state and pipeline == self._pipeline:
                raise DestinationError(_without_state(pipeline, written_at))
        return [_Decided(*map(str, row)) for row in found if row[1]]

    def _make(self, table: str, columns: Sequence[tuple[str, str]]) -> None:
        if table not in self._made:
            self._calls.create_table(table)
            self._calls.append_schema(table, columns)
            self._made.add(table)

    def _do_without(self, refusal: RefusedError) -> None:
        if refusal.status != 403:
            raise refusal
        self._may_query = False
        log.warning(
            "The API key is write-only, so no state is kept in Treasure Data: `--print-state` "
            "cannot tell it, and a load that was killed must be run again from the state before "
            "it, with the same records."
        )


def _without_state(pipeline: str, written_at: int) -> str:
    """What a person can do about a last row that was made elsewhere, or damaged."""
    row = f"{STATE_TABLE} WHERE pipeline = {literal(pipeline)} AND written_at = {written_at}"
    return (
        f"The last row of the pipeline `{pipeline}` in `{STATE_TABLE}` has no state, so nobody can "
        f"tell what was loaded. Delete it with: DELETE FROM {row}, and run the tap from the last "
        "state that a load printed."
    )


def _insert(pipeline: str, state: str, pending: Pending, written_at: int) -> str:
    """A row for `_td_state`, whose pipeline and state are SQL; what they need may follow."""
    names = ", ".join(name for name, _ in _COLUMNS)
    done = literal(msgspec.json.encode(pending).decode())
    values = f"{int(time.time())}, {pipeline}, {state}, {done}, {written_at}"
    return f"INSERT INTO {STATE_TABLE} (time, {names}) SELECT {values}"
