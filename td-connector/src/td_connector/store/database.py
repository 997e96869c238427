"""Open the store's database: SQLite in WAL mode, or PostgreSQL."""

from __future__ import annotations

import contextlib
import errno
import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import (
    URL,
    Connection,
    Engine,
    create_engine,
    event,
    func,
    insert,
    inspect,
    make_url,
    select,
    text,
)
from sqlalchemy.exc import (
    ArgumentError,
    DBAPIError,
    InternalError,
    NoSuchModuleError,
    OperationalError,
)

from td_connector.errors import ConnectorError, TryLaterError, UserError
from td_connector.store.refusals import refusal
from td_connector.store.tables import VERSION, metadata, versions

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sqlalchemy.engine.interfaces import DBAPIConnection

DEFAULT_URL = "sqlite:///.td/connector.db"
_DEFAULT_FOLDER = ".td"

_WAIT_FOR_LOCK_SECONDS = 30.0
# A limit on the size of files fills them as a disk does.
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_LOCK_OF_CREATION = 7331_0601
"""Any number that no other program takes for a PostgreSQL advisory lock."""


@dataclass(frozen=True)
class Store:
    """The database with the schedules, the jobs and the states."""

    engine: Engine
    shown_url: str

    @contextlib.contextmanager
    def transaction(self) -> Iterator[Connection]:
        """Everything in the block is done, or nothing is.

        Raises:
            TryLaterError: If the database cannot be reached, is locked, or its disk is full.
            UserError: If it is none of ours to write to.
        """
        try:
            with self.engine.begin() as connection:
                yield connection
        except (OperationalError, InternalError) as error:
            raise refusal(self.shown_url, error) from error

    def close(self) -> None:
        """Let the database go."""
        self.engine.dispose()


def open_store(url_text: str) -> Store:
    """Return the store at a URL; its tables are created if they are missing.

    Raises:
        UserError: If the URL is no SQLite or PostgreSQL URL, the store cannot be written, or its
            tables are of another release.
        TryLaterError: If the database cannot be reached, or its disk is full.
    """
    url = _parse_url(url_text)
    if url.get_backend_name() == "sqlite":
        _create_file(url)
    as_given = url.set(drivername=url.get_backend_name())
    store = Store(_engine(url), as_given.render_as_string(hide_password=True))
    try:
        _create_tables(store)
    except BaseException:
        store.close()
        raise
    return store


def _parse_url(url_text: str) -> URL:
    try:
        url = make_url(url_text)
    except ArgumentError:
        raise UserError(
            "The store is no URL. Use `sqlite:///` and the path of a file, or `postgresql://`."
        ) from None
    backend = url.get_backend_name()
    if backend not in {"sqlite", "postgresql"}:
        raise UserError(f"There is no store for `{backend}://`. Use sqlite:// or postgresql://.")
    if backend == "sqlite" and url.database in {None, "", ":memory:"}:
        raise UserError(
            "A store in memory would be gone with the command. Name a file: "
            f"`sqlite:///` and its path, such as `{DEFAULT_URL}`."
        )
    return url.set(drivername="sqlite" if backend == "sqlite" else "postgresql+psycopg")


def _create_file(url: URL) -> None:
    """Create the file so that only its owner can read it: it holds keys.

    Decision: docs/decisions/0602-settings-are-kept-in-the-store.md.
    """
    path = Path(str(url.database))
    try:
        # A folder that somebody names is there, or the name has a typo.
        if path.parent.name == _DEFAULT_FOLDER:
            _create_folder(path.parent)
        elif not path.parent.is_dir():
            raise UserError(
                f"The folder `{path.parent}` of the store `{path}` does not exist. Create it, or "
                "name another file with `--store`."
            )
        with contextlib.suppress(FileExistsError):
            os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
    except OSError as error:
        raise _not_created(path, error) from None
    # Beside the file SQLite writes its log, even for a command that only reads.
    for place in (path, path.parent):
        if not os.access(place, os.W_OK):
            raise UserError(
                f"The store `{path}` cannot be used: `{place}` is read-only for this user. Let it "
                "write there, or name another file with `--store`."
            )


def _create_folder(folder: Path) -> None:
    # Another command may create it at the same time.
    with contextlib.suppress(FileExistsError):
        folder.mkdir(mode=0o700)
        _hide_from_git(folder)


def _hide_from_git(folder: Path) -> None:
    """Let git pass over a folder that was just made; else there is no such folder."""
    try:
        (folder / ".gitignore").write_text("*\n", encoding="utf-8")
    except OSError:
        (folder / ".gitignore").unlink(missing_ok=True)
        with contextlib.suppress(OSError):
            folder.rmdir()
        raise


def _not_created(path: Path, error: OSError) -> ConnectorError:
    sentence = f"The store `{path}` cannot be created: {error.strerror}."
    if error.errno in _FULL:
        return TryLaterError(f"{sentence} Make room on its disk and try again.")
    return UserError(f"{sentence} Name another file with `--store`.")


def _engine(url: URL) -> Engine:
    try:
        if url.get_backend_name() == "postgresql":
            return create_engine(url, pool_pre_ping=True, hide_parameters=True)
        engine = create_engine(
            url, connect_args={"timeout": _WAIT_FOR_LOCK_SECONDS}, hide_parameters=True
        )
    except (ModuleNotFoundError, NoSuchModuleError):
        raise UserError(
            "The PostgreSQL driver is missing. Install it: `pip install 'td-connector[postgres]'`."
        ) from None
    event.listen(engine, "connect", _leave_transactions_to_us)
    event.listen(engine, "begin", _begin_immediately)
    return engine


def _leave_transactions_to_us(connection: Any, _record: object) -> None:
    # https://docs.sqlalchemy.org/en/20/dialects/sqlite.html#pysqlite-serializable
    connection.isolation_level = None
    _patiently(lambda: connection.execute("PRAGMA journal_mode=WAL"), connection)


def _begin_immediately(connection: Connection) -> None:
    # A transaction that reads first and then writes would be refused instead of waiting.
    connection.exec_driver_sql("BEGIN IMMEDIATE")


def _patiently(switch: Callable[[], object], connection: DBAPIConnection) -> None:
    """SQLite does not wait for others when it changes the journal mode; so we do."""
    del connection
    deadline = time.monotonic() + _WAIT_FOR_LOCK_SECONDS
    while True:
        try:
            switch()
        except Exception as error:
            if "locked" not in str(error) or time.monotonic() > deadline:
                raise
            time.sleep(0.05)
        else:
            return


def _create_tables(store: Store) -> None:
    try:
        with store.transaction() as connection:
            if connection.dialect.name == "postgresql":
                connection.execute(
                    text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK_OF_CREATION}
                )
            if not inspect(connection).has_table(versions.name):
                metadata.create_all(connection)
                connection.execute(insert(versions).values(version=VERSION))
            version = connection.execute(select(func.max(versions.c.version))).scalar()
    except DBAPIError as error:
        raise refusal(store.shown_url, error) from error
    if version != VERSION:
        raise UserError(_of_another_release(store.shown_url, version))


def _of_another_release(shown_url: str, version: int | None) -> str:
    which = f"its tables have version {version}, this release knows {VERSION}"
    if version is not None and version > VERSION:
        return (
            f"The store `{shown_url}` was made by a newer td-connector ({which}). Upgrade "
            "td-connector."
        )
    return (
        f"The store `{shown_url}` was made by no td-connector that this one knows ({which}). Name "
        "another with `--store`, or use the release that made it."
    )
