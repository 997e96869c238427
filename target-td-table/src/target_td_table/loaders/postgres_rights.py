"""What the user may do, asked before the first row is staged."""

from dataclasses import dataclass

from target_td_table.errors import SettingsError
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
        pg_get_userbyid(c.relowner)
    FROM (SELECT 1) AS one
    LEFT JOIN pg_catalog.pg_namespace n ON n.nspname = $1
    LEFT JOIN pg_catalog.pg_class c ON c.relnamespace = n.oid AND c.relname = $2
"""


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


def refuse_missing(session: Session, name: TableName, *, changes: bool) -> None:
    """Refuse a load that could not be published in the end.

    Raises:
        SettingsError: With the statement that gives the right.
    """
    doing = Doing("ask for its rights", "")
    (row,) = session.rows(_RIGHTS, doing, name.database, name.table)
    rights = Rights(*row)
    grants = Grants(session.user, session.database, name)
    problem = _problem(rights, grants, changes=changes)
    if problem:
        what, grant = problem
        raise SettingsError(
            [f"The user `{session.user}` may not {what}. Let an administrator run: {grant}"]
        )


def _problem(rights: Rights, grants: Grants, *, changes: bool) -> tuple[str, str] | None:
    """The first right that is missing, and how to give it."""
    name = grants.name
    if not rights.temporary:
        return f"make temporary tables in `{grants.database}`", grants.on_database("TEMPORARY")
    if rights.use_schema is None:
        what = f"create the schema `{name.database}` in `{grants.database}`"
        return None if rights.create_schema else (what, grants.on_database("CREATE"))
    if not rights.use_schema or (rights.owner is None and not rights.create_table):
        return f"create tables in the schema `{name.database}`", grants.on_schema()
    if rights.owner is None:
        return None
    if changes and not rights.owns:
        what = f"change the columns of `{name}`, which belongs to `{rights.owner}`"
        return what, f"GRANT {quoted(rights.owner)} TO {quoted(grants.user)};"
    return None if rights.insert else (f"add rows to `{name}`", grants.on_table())
