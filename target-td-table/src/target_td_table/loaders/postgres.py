"""PostgreSQL: COPY into temporary tables, then one short transaction that publishes.

Decisions: docs/decisions/0131-temporary-staging-tables.md and those after it; appended rows
are not staged at all (0136).
"""

from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

from target_td_table.batch import Batch
from target_td_table.loaders import postgres_statements as statements
from target_td_table.loaders.base import Change, CreateTable, LoadRow, Staged
from target_td_table.loaders.postgres_catalog import Catalog
from target_td_table.loaders.postgres_copying import Copying
from target_td_table.loaders.postgres_errors import (
    Doing,
    LostConnectionError,
    TransactionFailedError,
)
from target_td_table.loaders.postgres_names import fitted_name
from target_td_table.loaders.postgres_publication import Publication
from target_td_table.loaders.postgres_rights import Grants
from target_td_table.loaders.postgres_session import Session
from target_td_table.loaders.postgres_staging import Staging, Stagings
from target_td_table.loaders.postgres_url import address_in
from target_td_table.modes import Mode
from target_td_table.state import State
from target_td_table.table import Table, TableName

_T = TypeVar("_T")


class PostgresLoader:
    """Tables in one database of a PostgreSQL server; a `TableName.database` is a schema there."""

    def __init__(self, destination: str, *, database: str, tries_first: bool = False) -> None:
        """With `tries_first` a batch that is refused tells all its records that are."""
        self._database = database
        self._session = Session(address_in(destination))
        self._catalog = Catalog(self._session)
        self._copying = Copying(self._session, tells_all=tries_first)
        self._stagings = Stagings()

    def describe(self, name: TableName) -> Mapping[str, str] | None:
        """See `Loader`."""
        return self._again(lambda: self._catalog.describe(name))

    def plan(self, table: Table) -> Sequence[Change]:
        """See `Loader`."""
        return self._again(lambda: self._catalog.plan(table))

    def alter(self, table: Table) -> None:
        """See `Loader`."""
        needed = self._again(lambda: self._catalog.want(table))
        name = fitted_name(table.name)
        for staging in self._stagings:
            if staging.table == name:
                self._alter_staged(staging, needed)

    def stage(self, batch: Batch, mode: Mode) -> Staged:
        """See `Loader`."""
        is_straight = batch.is_last and mode is Mode.APPEND
        if is_straight and self._again(lambda: self._catalog.takes_copy(batch.table.name)):
            self._stagings.straight.append(batch)
        else:
            self._again(lambda: self._stage(batch, mode))
        return Staged(batch.table, batch.rows, mode)

    def publish(
        self, staged: Sequence[Staged], state: State | None, loads: Sequence[LoadRow] = ()
    ) -> None:
        """See `Loader`."""
        publication = Publication(
            self._session, self._catalog, self._stagings, self._copying, self._database
        )
        try:
            emptied = publication.run(staged, state, loads)
        except TransactionFailedError:
            # It was rolled back as a whole, and the staged rows are still there.
            emptied = publication.run(staged, state, loads)
        except LostConnectionError:
            if not self._was_published(publication):
                publication.run(staged, state, loads)
            emptied = []
        self._catalog.forget_wanted()
        self._stagings.forget(emptied)
        self._stagings.straight.clear()

    def discard(self, tables: Sequence[Table], mode: Mode) -> None:
        """See `Loader`."""
        names = {fitted_name(table.name) for table in tables}
        if mode is Mode.APPEND:
            self._stagings.straight.clear()
        for staging in self._stagings:
            if staging.mode is mode and (mode is Mode.APPEND or staging.table in names):
                self._session.run(statements.drop_staging(staging.name), self._staging(staging))
                self._stagings.forget([staging])

    def states(self) -> Mapping[str, str]:
        """See `Loader`."""
        return self._again(lambda: self._catalog.states(self._database))

    def other_pipelines(self, load: LoadRow) -> Sequence[str]:
        """See `Loader`."""
        return self._again(lambda: self._catalog.other_pipelines(self._database, load))

    def close(self) -> None:
        """See `Loader`."""
        self._session.close()

    def _stage(self, batch: Batch, mode: Mode) -> None:
        placed = self._catalog.placed(batch.table)
        types = self._catalog.describe(placed.name) or {}
        staging = self._staged_in(placed, mode, types)
        self._copying.copy(batch, staging.name, placed, types, self._staging(staging))
        self._stagings.keep(staging.with_rows(batch.rows))

    def _staged_in(self, placed: Table, mode: Mode, types: Mapping[str, str]) -> Staging:
        """The staging table, made or given the columns that it lacks."""
        staging = self._stagings.of(placed.name, mode)
        if staging is None:
            staging = self._stagings.new(placed, mode)
            columns = [(column.name, types[column.name]) for column in placed.columns]
            with_arrival = mode is Mode.MERGE
            create = statements.create_staging(staging.name, columns, with_arrival=with_arrival)
            self._session.run(create, self._staging(staging))
        missing = staging.missing(placed)
        for column in missing:
            add = statements.add_column(staging.name, column.name, types[column.name])
            self._session.run(add, self._staging(staging))
        staging = staging.widened(missing)
        self._stagings.keep(staging)
        return staging

    def _alter_staged(self, staging: Staging, needed: Sequence[Change]) -> None:
        """Widen columns of rows that wait; new columns are added when rows with them come."""
        names = {column.name for column in staging.columns}
        for change in needed:
            if not isinstance(change, CreateTable) and change.column.name in names:
                self._session.run(statements.change(staging.name, change), self._staging(staging))

    def _staging(self, staging: Staging) -> Doing:
        grants = Grants(self._session.user, self._session.database, staging.table)
        return Doing(f"stage rows for `{staging.table}`", grants.on_database("TEMPORARY"))

    def _again(self, job: Callable[[], _T]) -> _T:
        """Do something that may be done twice, once more if the connection was lost meanwhile.

        Not if rows were staged: they are gone with the session.
        """
        try:
            return job()
        except LostConnectionError:
            if self._stagings.rows:
                raise
            self._session.reconnect()
            self._stagings.forget()
            return job()

    def _was_published(self, publication: Publication) -> bool:
        """Whether the commit that we heard no end of was done. If not, it may be run again.

        Raises:
            BusyError: If it was not done and the staged rows are gone, or if it cannot be said.
        """
        had_rows = self._stagings.rows > 0
        self._session.reconnect()
        self._stagings.forget()
        if publication.was_committed():
            return True
        if had_rows:
            raise self._session.lost()
        return False
