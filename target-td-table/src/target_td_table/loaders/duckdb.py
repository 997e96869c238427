"""DuckDB: the batch's file is read by DuckDB itself, in one transaction until it is published.

Appended rows go into the table at once, and replacing rows into a table of their own; neither is
seen before the commit. Decision: docs/decisions/0101-one-open-transaction.md.
"""

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import duckdb

from target_td_table.batch import Batch
from target_td_table.errors import InputError
from target_td_table.loaders import duckdb_statements as statements
from target_td_table.loaders import sql, sql_activation, sql_merge
from target_td_table.loaders.base import (
    Change,
    CreateTable,
    LoadRow,
    Staged,
    activations_of,
    tables_of,
)
from target_td_table.loaders.duckdb_errors import opening_refused, refused
from target_td_table.loaders.duckdb_file import path_in, refuse_other_files
from target_td_table.loaders.duckdb_trying import Trying
from target_td_table.modes import Mode
from target_td_table.state import State
from target_td_table.table import Table, TableName

_MIB = 1 << 20
# What Python, the batches' buffers and DuckDB's JSON reader take beside DuckDB's own limit.
_OUTSIDE_DUCKDB_BYTES = 250 * _MIB


class DuckDbLoader:
    """Tables in a DuckDB file, which this process alone has open."""

    def __init__(
        self,
        destination: str,
        *,
        database: str,
        memory_bytes: int,
        read_only: bool = False,
        tries_first: bool = False,
    ) -> None:
        """With `tries_first` a batch that is refused leaves those before it staged."""
        self._path = path_in(destination)
        refuse_other_files(self._path)
        self._state_table = TableName(database, sql.STATE_TABLE)
        self._loads_table = TableName(database, sql.LOADS_TABLE)
        duckdb_bytes = max(memory_bytes - _OUTSIDE_DUCKDB_BYTES, 50 * _MIB)
        config = {**statements.CONFIG, "memory_limit": f"{duckdb_bytes // _MIB}MiB"}
        try:
            self._connection = (_look_at if read_only else duckdb.connect)(
                self._path, config=config
            )
        except duckdb.Error as error:
            raise opening_refused(self._path, error) from error
        self._in_transaction = False
        self._tries_first = tries_first
        self._trying = Trying(self._connection)
        self._run("SET TimeZone = 'UTC'")

    def describe(self, name: TableName) -> Mapping[str, str] | None:
        """See `Loader`."""
        rows = self._rows(statements.COLUMNS, name.database, name.table)
        return {str(column): str(type_) for column, type_ in rows} or None

    def plan(self, table: Table) -> Sequence[Change]:
        """See `Loader`."""
        existing = self.describe(table.name)
        if existing is None:
            return [CreateTable(table)]
        types = {name: statements.logical_type(type_) for name, type_ in existing.items()}
        return [*sql.changes(table, types), *statements.finer(table, existing)]

    def alter(self, table: Table) -> None:
        """See `Loader`."""
        needed = self.plan(table)
        self._begin()
        self._run(statements.create_database(table.name))
        staging = statements.staging_name(table.name)
        is_staged = self.describe(staging) is not None
        for change in needed:
            self._run(statements.change(table.name, change), table)
            if is_staged:
                self._run(statements.change(staging, change), table)

    def stage(self, batch: Batch, mode: Mode) -> Staged:
        """See `Loader`."""
        self._begin()
        existing = self.describe(batch.table.name) or {}
        into = batch.table.name
        if mode is not Mode.APPEND:
            into = statements.staging_name(into)
            self._run(statements.create_staging(into, batch.table.name))
        with self._told(batch.table):
            if self._tries_first:
                # A statement that fails aborts the transaction, with all that is staged.
                self._trying.refuse_misfits(batch, existing)
            try:
                self._run(statements.insert_batch(batch, into, existing), batch.table)
            except InputError as error:
                raise self._trying.misfit(batch, existing) or error from error
        return Staged(batch.table, batch.rows, mode)

    def publish(
        self, staged: Sequence[Staged], state: State | None, loads: Sequence[LoadRow] = ()
    ) -> None:
        """See `Loader`."""
        self._begin()
        self._run(statements.create_database(self._state_table))
        for table, mode in tables_of(staged):
            if mode is Mode.REPLACE:
                self._replace(table)
            elif mode is Mode.MERGE:
                self._merge(table)
        for table, activation in activations_of(staged):
            self._run(sql_activation.remove(table, activation), table)
        if state is not None:
            self._keep_state(state)
        if loads:
            self._keep_loads(loads)
        self._run("COMMIT")
        self._in_transaction = False

    def discard(self, tables: Sequence[Table], mode: Mode) -> None:
        """See `Loader`."""
        if mode is Mode.APPEND:
            self._roll_back()
        elif self._in_transaction:
            for table in tables:
                self._run(statements.drop_staging(table.name))

    def states(self) -> Mapping[str, str]:
        """See `Loader`."""
        if self.describe(self._state_table) is None:
            return {}
        rows = self._rows(sql.read_states(self._state_table))
        return {str(pipeline): str(state) for pipeline, state in rows}

    def other_pipelines(self, load: LoadRow) -> Sequence[str]:
        """See `Loader`."""
        if self.describe(self._loads_table) is None:
            return []
        loads = sql.path(self._loads_table)
        found = self._rows(sql.other_pipelines(loads, load, sql.moment))
        return [str(other) for (other,) in found]

    def close(self) -> None:
        """See `Loader`."""
        self._roll_back()
        self._trying.close()
        self._connection.close()

    def _replace(self, table: Table) -> None:
        self._run(statements.delete_all(table.name))
        staging = statements.staging_name(table.name)
        if self.describe(staging) is not None:
            self._run(statements.move_staged(table, staging), table)
            self._run(statements.drop_staging(table.name))

    def _merge(self, table: Table) -> None:
        staging = statements.staging_name(table.name)
        if self.describe(staging) is not None:
            for statement in sql_merge.statements(sql_merge.Merge(table, staging, "rowid")):
                self._run(statement, table)
            self._run(statements.drop_staging(table.name))

    def _keep_state(self, state: State) -> None:
        self._run(statements.create_states(self._state_table))
        self._rows(statements.forget_state(self._state_table), state.pipeline)
        self._rows(statements.keep_state(self._state_table), state.pipeline, state.value)

    def _keep_loads(self, loads: Sequence[LoadRow]) -> None:
        self._run(sql.create_loads(self._loads_table))
        for load in loads:
            self._rows(sql.forget_load(self._loads_table), load.load_id, str(load.table))
            self._rows(sql.keep_load(self._loads_table), *sql.load_values(load))

    def _begin(self) -> None:
        if not self._in_transaction:
            self._run("BEGIN")
            self._in_transaction = True

    def _roll_back(self) -> None:
        if self._in_transaction:
            self._in_transaction = False
            # A commit that failed has rolled back already.
            with contextlib.suppress(duckdb.TransactionException):
                self._connection.rollback()

    def _run(self, statement: str, table: Table | None = None) -> None:
        with self._told(table):
            self._connection.execute(statement)

    def _rows(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        with self._told(None):
            return self._connection.execute(statement, values).fetchall()

    @contextlib.contextmanager
    def _told(self, table: Table | None) -> Iterator[None]:
        try:
            yield
        except duckdb.Error as error:
            raise refused(self._path, table, error) from error


def _look_at(path: str, config: dict[str, Any]) -> duckdb.DuckDBPyConnection:
    """Open a file without making or locking it; an empty database stands for one that is missing."""
    file = Path(path)
    # In a folder that is missing no load could make one.
    if file.parent.is_dir() and (not file.exists() or file.stat().st_size == 0):
        return duckdb.connect(":memory:", config=config)
    return duckdb.connect(path, read_only=True, config=config)
