"""What tables there are, and what is to be changed about them with the next publication."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from target_td_table.errors import TableError
from target_td_table.loaders import postgres_rights
from target_td_table.loaders import postgres_statements as statements
from target_td_table.loaders.base import Change, CreateTable, LoadRow
from target_td_table.loaders.postgres_errors import Doing
from target_td_table.loaders.postgres_names import fitted_name, fitted_table
from target_td_table.loaders.postgres_session import Session
from target_td_table.loaders.sql import (
    LOADS_TABLE,
    STATE_TABLE,
    changes,
    moment,
    other_pipelines,
    path,
    read_states,
)
from target_td_table.table import Column, Table, TableName

# https://www.postgresql.org/docs/current/limits.html
MOST_COLUMNS = 1600
_READ = Doing("read its catalog", "")

Columns = Mapping[str, str]


class Catalog:
    """The tables as they will be once what is wanted of them is published."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._wanted: dict[TableName, list[Table]] = {}

    @property
    def wanted(self) -> Sequence[tuple[TableName, Sequence[Table]]]:
        """The tables that must be made or changed, and what they must be able to take."""
        return list(self._wanted.items())

    def describe(self, name: TableName) -> Columns | None:
        """The columns with their types."""
        name = fitted_name(name)
        columns = self.visible(name)
        for table in self._wanted.get(name, ()):
            for change in needed(table, columns):
                columns = _changed(columns, change)
        return columns

    def visible(self, name: TableName) -> Columns | None:
        """The columns as everybody sees them now."""
        rows = self._session.rows(statements.COLUMNS, _READ, name.database, name.table)
        return {str(column): str(type_) for column, type_ in rows} or None

    def takes_copy(self, name: TableName) -> bool:
        """Whether COPY into the table does what INSERT does, and keeps nobody waiting.

        COPY knows neither rules nor row security. A changed column locks out readers until the
        commit, so that must not wait for a COPY.
        """
        name = fitted_name(name)
        rows = self._session.rows(statements.TAKES_COPY, _READ, name.database, name.table)
        return not rows or (name not in self._wanted and bool(rows[0][0]))

    def has_schema(self, schema: str) -> bool:
        """Whether there is such a schema."""
        return bool(self._session.rows(statements.SCHEMA, _READ, schema))

    def placed(self, table: Table) -> Table:
        """The table with every name as it is at the destination."""
        existing = self.describe(table.name) or {}
        fitting = fitted_table(table)
        return replace(fitting, columns=tuple(_spelled(each, existing) for each in fitting.columns))

    def plan(self, table: Table) -> Sequence[Change]:
        """What must change before the rows of a table fit."""
        return needed(self.placed(table), self.describe(table.name))

    def want(self, table: Table) -> Sequence[Change]:
        """Remember what must change; the next publication does it.

        Raises:
            TableError: If PostgreSQL cannot have such a table, or a view is in its place.
            SettingsError: If the user lacks a right.
        """
        placed = self.placed(table)
        existing = self.describe(table.name)
        found = needed(placed, existing)
        altering = () if existing is None else found
        changed = [statements.change(placed.name, change) for change in altering]
        postgres_rights.refuse_missing(self._session, placed.name, changed)
        if found:
            self._wanted.setdefault(placed.name, []).append(placed)
        return found

    def forget_wanted(self) -> None:
        """All of it has been published."""
        self._wanted = {}

    def states(self, schema: str) -> Mapping[str, str]:
        """The states that are kept in a schema, once every commit has ended that had begun."""
        name = fitted_name(TableName(schema, STATE_TABLE))
        # Until its commit ends a load that was killed shows the state before it (decision 0139).
        self._session.rows(statements.LOCK, _READ, statements.lock_number(str(name)))
        if self.visible(name) is None:
            return {}
        grants = postgres_rights.Grants(self._session.user, self._session.database, name)
        doing = Doing(f"read `{name}`", grants.on_table())
        rows = self._session.rows(read_states(name), doing)
        return {str(pipeline): str(state) for pipeline, state in rows}

    def other_pipelines(self, schema: str, load: LoadRow) -> Sequence[str]:
        """The other pipelines that loaded into a load's table after its own first began to."""
        name = fitted_name(TableName(schema, LOADS_TABLE))
        if self.visible(name) is None:
            return []
        grants = postgres_rights.Grants(self._session.user, self._session.database, name)
        doing = Doing(f"read `{name}`", grants.on_table())
        rows = self._session.rows(other_pipelines(path(name), load, moment), doing)
        return [str(other) for (other,) in rows]


def needed(placed: Table, existing: Columns | None) -> Sequence[Change]:
    """What must change about a table as it is before the rows fit.

    Raises:
        TableError: If a column would have to change in a way that loses something.
    """
    _refuse_too_many(placed, existing)
    if existing is None:
        return [CreateTable(placed)]
    types = {name: statements.logical_type(type_) for name, type_ in existing.items()}
    return changes(placed, types)


def _changed(columns: Columns | None, change: Change) -> Columns:
    made = change.table.columns if isinstance(change, CreateTable) else [change.column]
    return {**(columns or {}), **{each.name: statements.column_type(each) for each in made}}


def _spelled(column: Column, existing: Columns) -> Column:
    """The column as a person may have spelled it; names differ in more than case."""
    if column.name in existing:
        return column
    found = [name for name in existing if name.lower() == column.name.lower()]
    return replace(column, name=found[0]) if found else column


def _refuse_too_many(placed: Table, existing: Columns | None) -> None:
    names = {column.name for column in placed.columns} | set(existing or ())
    if len(names) > MOST_COLUMNS:
        raise TableError(
            f"`{placed.stream}` needs {len(names)} columns in `{placed.name}`, and a table of "
            f"PostgreSQL has at most {MOST_COLUMNS:,}. Deselect fields of the stream, or load "
            "into another table."
        )
