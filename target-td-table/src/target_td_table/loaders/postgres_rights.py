"""What the user may do, asked before the first row is staged."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from target_td_table.errors import SettingsError, TableError
from target_td_table.loaders.postgres_errors import Doing
from target_td_table.loaders.postgres_session import Session
from target_td_table.loaders.sql import path, quoted
from target_td_table.table import TableName

# One row; the rights to a schema and a table are null if there is none.
_RIGHTS = """
    SELECT has_database_privilege(current_database(), 'TEMP'),
        has_database_privilege(current_database(), 'CREATE'),
        has_schema_privilege(n.oid, 'USAGE'), has_schema_privilege(n.oid, 'CREATE'),
        has_any_column_privilege(c.oid, 'INSERT'), pg_has_role(c.relowner, 'USAGE'),
        pg_get_userbyid(c.relowner), c.relkind::text
    FROM (SELECT 1) AS one
    LEFT JOIN pg_catalog.pg_namespace n ON n.nspname = $1
    LEFT JOIN pg_catalog.pg_class c ON c.relnamespace = n.oid AND c.relname = $2
"""
# https://www.postgresql.org/docs/current/catalog-pg-class.html
_NO_TABLE = {"v": "a view", "m": "a materialized view", "S": "a sequence"}
_TABLES = frozenset({"r", "p", "f"})
_FOREIGN = "f"


@dataclass(frozen=True, slots=True)
class Rights:
    """What the user may do; None where there is nothing to have a right to."""

    temporary: bool
    create_schema: bool
    use_schema: bool | None
    create_table: bool | None
    insert: bool | None
    owns: bool | None
    owner: str | None
    kind: str | None


@dataclass(frozen=True, slots=True)
class Grants:
    """The statements that would give a user the rights to one table."""

    user: str
    database: str
    name: TableName

    def on_database(self, right: str) -> str:
        """A right to the database."""
        return f"GRANT {right} ON DATABASE {quoted(self.database)} TO {quoted(self.user)};"

    def on_schema(self) -> str:
        """The right to make tables in the schema."""
        schema = quoted(self.name.database)
        return f"GRANT USAGE, CREATE ON SCHEMA {schema} TO {quoted(self.user)};"

    def on_table(self) -> str:
        """The rights to load in every mode."""
        rights = "SELECT, INSERT, UPDATE, DELETE"
        return f"GRANT {rights} ON TABLE {path(self.name)} TO {quoted(self.user)};"

    def ownership(self) -> str:
        """The right to change the table's columns, which only its owner has."""
        return f"ALTER TABLE {path(self.name)} OWNER TO {quoted(self.user)};"


def refuse_missing(session: Session, name: TableName, changes: Sequence[str]) -> None:
    """Refuse a load that could not be published in the end.

    `changes` are the statements that a table which is there would be changed with.

    Raises:
        TableError: If there is a view or the like of this name, which cannot take the rows.
        SettingsError: With the statements that give every right that is missing.
    """
    doing = Doing("ask for its rights", "")
    (row,) = session.rows(_RIGHTS, doing, name.database, name.table)
    rights = Rights(*row)
    _refuse_other_kind(rights.kind, name, changes)
    grants = Grants(session.user, session.database, name)
    problems = [
        f"The user `{session.user}` may not {what}. Let an administrator run: {statements}"
        for what, statements in _missing(rights, grants, changes)
    ]
    if problems:
        raise SettingsError(problems)


def _refuse_other_kind(kind: str | None, name: TableName, changes: Sequence[str]) -> None:
    if kind == _FOREIGN and changes:
        raise TableError(
            f"`{name}` is a foreign table and lacks what the rows need. Change the table behind "
            f"it, and then this one: {_together(changes)}"
        )
    if kind is not None and kind not in _TABLES:
        raise TableError(
            f"`{name}` is {_NO_TABLE.get(kind, 'no table')}, and rows are loaded into tables only. "
            "Rename it, or choose another name with the setting `table`."
        )


def _missing(rights: Rights, grants: Grants, changes: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Every right that is missing, and the statements that give it."""
    name = grants.name
    if not rights.temporary:
        yield f"make temporary tables in `{grants.database}`", grants.on_database("TEMPORARY")
    if rights.use_schema is None:
        if not rights.create_schema:
            what = f"create the schema `{name.database}` in `{grants.database}`"
            yield what, grants.on_database("CREATE")
        return
    if not rights.use_schema or (rights.owner is None and not rights.create_table):
        yield f"create tables in the schema `{name.database}`", grants.on_schema()
    if rights.owner is not None and not rights.insert:
        yield f"add rows to `{name}`", grants.on_table()
    if rights.owner is not None and changes and not rights.owns:
        # Never the owner's role: it may be a superuser, and it owns more than this table.
        what = f"change the columns of `{name}`, which belongs to `{rights.owner}`"
        let = f"Or, to let the load change them from now on: {grants.ownership()}"
        yield what, f"{_together(changes)} {let}"


def _together(statements: Sequence[str]) -> str:
    """Some statements, each with its end."""
    return " ".join(f"{each};" for each in statements)
