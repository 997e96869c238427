"""The one transaction that makes staged rows visible.

Whoever publishes into a table holds its advisory lock until the commit, so two loads into one
table wait for each other here and nowhere else. Decision:
docs/decisions/0132-one-publication-at-a-time.md.
"""

import time
from collections.abc import Sequence
from typing import Any

from target_td_table.batch import Batch
from target_td_table.errors import BusyError
from target_td_table.loaders import postgres_statements as statements
from target_td_table.loaders import sql, sql_activation, sql_merge
from target_td_table.loaders.base import Change, CreateTable, LoadRow, Staged, activations_of
from target_td_table.loaders.postgres_catalog import Catalog, needed
from target_td_table.loaders.postgres_copying import Copying
from target_td_table.loaders.postgres_errors import Doing
from target_td_table.loaders.postgres_names import fitted_name
from target_td_table.loaders.postgres_rights import Grants
from target_td_table.loaders.postgres_session import Session
from target_td_table.loaders.postgres_staging import Staging, Stagings
from target_td_table.modes import Mode
from target_td_table.report import log, warn_of_others_rows
from target_td_table.state import State
from target_td_table.table import Table, TableName
from target_td_table.versions import Activation

_COMMITTED, _OPEN = "committed", "in progress"
_ASK_TIMES, _ASK_SECONDS = 50, 0.2


class Publication:
    """What is published in one step; it can be run again when it was rolled back."""

    def __init__(
        self,
        session: Session,
        catalog: Catalog,
        stagings: Stagings,
        copying: Copying,
        database: str,
    ) -> None:
        self._session = session
        self._catalog = catalog
        self._stagings = stagings
        self._copying = copying
        self._states = fitted_name(TableName(database, sql.STATE_TABLE))
        self._loads = fitted_name(TableName(database, sql.LOADS_TABLE))
        self._transaction: int | None = None

    def run(
        self, staged: Sequence[Staged], state: State | None, loads: Sequence[LoadRow]
    ) -> list[Staging]:
        """Publish all of it, and return the staging tables that are no longer there."""
        lasts = list({(each.table.name, each.mode): each for each in staged}.values())
        self._transaction = None
        with self._session.transaction(Doing("commit", "")):
            ((self._transaction,),) = self._ask(statements.TRANSACTION)
            self._lock(lasts)
            self._alter()
            emptied = [each for last in lasts for each in self._move(last)]
            for batch in self._stagings.straight:
                self._copy(batch)
            for table, activation in activations_of(staged):
                if not self._others_came(table, loads):
                    self._remove(self._catalog.placed(table), activation)
            if state is not None:
                self._keep_state(state)
            if loads:
                self._keep_loads(loads)
        return emptied

    def was_committed(self) -> bool:
        """Whether a transaction whose end was not heard was committed; asked in a new session.

        https://www.postgresql.org/docs/current/functions-info.html#FUNCTIONS-INFO-SNAPSHOT

        Raises:
            BusyError: If the server still works on it after seconds.
        """
        if self._transaction is None:
            return False
        for _ in range(_ASK_TIMES):
            ((status,),) = self._ask(statements.OUTCOME, self._transaction)
            if status != _OPEN:
                return bool(status == _COMMITTED)
            time.sleep(_ASK_SECONDS)
        raise BusyError(
            "The connection to PostgreSQL was lost in the moment of the commit, and the server is "
            "not done with it yet. Wait, get the last state with `--print-state`, and run again "
            "from it."
        )

    def _lock(self, lasts: Sequence[Staged]) -> None:
        names = {str(fitted_name(last.table.name)) for last in lasts}
        names |= {str(name) for name, _ in self._catalog.wanted}
        bootstraps = any(not self._catalog.visible(name) for name in (self._states, self._loads))
        # All loads take the locks in one order; else two could wait for each other.
        for name in [*([self._states.database] if bootstraps else []), *sorted(names)]:
            number = statements.lock_number(name)
            ((is_ours,),) = self._ask(statements.TRY_LOCK, number)
            if not is_ours:
                log.info("Another load publishes into `%s`; waiting for its end.", name)
                self._ask(statements.LOCK, number)

    def _alter(self) -> None:
        for name, tables in self._catalog.wanted:
            self._make_schema(name)
            for table in tables:
                # Another load may have made the table or the column since we looked.
                for change in needed(table, self._catalog.visible(name)):
                    self._change(table, change)

    def _change(self, table: Table, change: Change) -> None:
        grants = self._grants(table.name)
        if isinstance(change, CreateTable):
            doing = Doing(f"create the table `{table.name}`", grants.on_schema(), table)
        else:
            what = f"change the column `{change.column.name}` of `{table.name}`"
            doing = Doing(what, grants.ownership(), table)
        self._session.run(statements.change(table.name, change), doing)

    def _make_schema(self, name: TableName) -> None:
        if not self._catalog.has_schema(name.database):
            grant = self._grants(name).on_database("CREATE")
            doing = Doing(f"create the schema `{name.database}`", grant)
            self._session.run(statements.create_database(name), doing)

    def _move(self, last: Staged) -> list[Staging]:
        """Bring the staged rows of one table and mode into the table."""
        table = self._catalog.placed(last.table)
        doing = Doing(f"load into `{table.name}`", self._grants(table.name).on_table(), table)
        staging = self._stagings.of(table.name, last.mode)
        if last.mode is Mode.REPLACE:
            self._session.run(statements.delete_all(table.name), doing)
        if staging is None:
            return []
        for statement in _moving(staging, table):
            self._session.run(statement, doing)
        return [staging]

    def _copy(self, batch: Batch) -> None:
        """Send a batch straight into its table."""
        table = self._catalog.placed(batch.table)
        doing = Doing(f"load into `{table.name}`", self._grants(table.name).on_table(), table)
        types = self._catalog.describe(table.name) or {}
        self._copying.copy(batch, table.name, table, types, doing)

    def _others_came(self, table: Table, loads: Sequence[LoadRow]) -> bool:
        """Whether another pipeline has loaded while we waited for the lock, after we were asked."""
        ours = [each for each in loads if each.table == table.name]
        schema = self._loads.database
        others = [each for load in ours for each in self._catalog.other_pipelines(schema, load)]
        if others:
            warn_of_others_rows(table.stream, str(table.name), others)
        return bool(others)

    def _remove(self, table: Table, activation: Activation) -> None:
        """Take away what a whole reading did not bring."""
        doing = Doing(f"load into `{table.name}`", self._grants(table.name).on_table(), table)
        self._session.run(sql_activation.remove(table, activation), doing)

    def _keep_state(self, state: State) -> None:
        # Whoever reads the state waits for our commit: its end may come after that of this program.
        self._ask(statements.LOCK_SHARED, statements.lock_number(str(self._states)))
        doing = self._own_table(self._states, statements.create_states(self._states))
        statement = statements.keep_state(self._states)
        self._session.run(statement, doing, state.pipeline, state.value)

    def _keep_loads(self, loads: Sequence[LoadRow]) -> None:
        doing = self._own_table(self._loads, sql.create_loads(self._loads))
        for load in loads:
            forget = sql.forget_load(self._loads)
            self._session.run(forget, doing, load.load_id, str(load.table))
            self._session.run(sql.keep_load(self._loads), doing, *sql.load_values(load))

    def _own_table(self, name: TableName, create: str) -> Doing:
        """Make a table of the target's own if it is missing; then say what it is for."""
        self._make_schema(name)
        if self._catalog.visible(name) is None:
            self._session.run(create, Doing(f"create `{name}`", self._grants(name).on_schema()))
        return Doing(f"write to `{name}`", self._grants(name).on_table())

    def _grants(self, name: TableName) -> Grants:
        return Grants(self._session.user, self._session.database, name)

    def _ask(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        return self._session.rows(statement, Doing("publish", ""), *values)


def _moving(staging: Staging, table: Table) -> list[str]:
    """What moves the rows of one staging table, and takes it away."""
    full = staging.filled(table)
    drop = statements.drop_staging(staging.name)
    if staging.mode is Mode.MERGE:
        merge = sql_merge.Merge(full, staging.name, statements.ARRIVAL, fitted=fitted_name)
        return [statements.analyze(staging.name), *sql_merge.statements(merge), drop]
    return [statements.move_staged(full, staging.name), drop]
