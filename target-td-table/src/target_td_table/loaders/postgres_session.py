"""One connection to a PostgreSQL server, with its errors as sentences."""

import contextlib
import time
from collections.abc import Iterable, Iterator
from typing import Any

import psycopg
from psycopg.conninfo import make_conninfo
from psycopg.pq import TransactionStatus

from target_td_table.errors import BusyError, TargetError
from target_td_table.loaders import postgres_statements as statements
from target_td_table.loaders.postgres_errors import (
    Doing,
    LostConnectionError,
    connecting_refused,
    lost,
    refused,
)
from target_td_table.loaders.postgres_url import Address

# A server that restarts after a crash is back within seconds.
_WAITS_SECONDS = (0.0, 0.2, 0.5, 1.0, 2.0, 4.0)


class Session:
    """Runs statements; each is a transaction of its own outside of `transaction`."""

    def __init__(self, address: Address) -> None:
        self._address = address
        self._connection = _connected(address)

    @property
    def user(self) -> str:
        """Who we are at the server."""
        return self._connection.info.user

    @property
    def database(self) -> str:
        """The database, in PostgreSQL's sense of the word."""
        return self._connection.info.dbname

    def reconnect(self) -> None:
        """Begin a new session in the place of one that is lost.

        Raises:
            BusyError: If the server does not come back within seconds.
        """
        self.close()
        last: BusyError = lost(self._address)
        for seconds in _WAITS_SECONDS:
            time.sleep(seconds)
            try:
                self._connection = _connected(self._address)
            except BusyError as error:
                last = error
            else:
                return
        raise last

    def rows(self, statement: str, doing: Doing, *values: object) -> list[tuple[Any, ...]]:
        """Run a statement that returns rows; `$1` stands for the first value."""
        with self._told(doing):
            return self._connection.execute(statement.encode(), values or None).fetchall()

    def run(self, statement: str, doing: Doing, *values: object) -> int:
        """Run a statement and return how many rows it was about."""
        with self._told(doing):
            return self._connection.execute(statement.encode(), values or None).rowcount

    def copy(self, statement: str, pieces: Iterable[bytes]) -> None:
        """Send rows.

        Raises:
            LostConnectionError: If the connection broke.
            psycopg.Error: If the server refuses a row; only the caller knows which one that is.
        """
        try:
            # Inside a transaction, one of its own: what is refused may be sent anew.
            idle = self._connection.info.transaction_status == TransactionStatus.IDLE
            with (
                contextlib.nullcontext() if idle else self._connection.transaction(),
                self._connection.cursor() as cursor,
                cursor.copy(statement.encode()) as copy,
            ):
                for piece in pieces:
                    copy.write(piece)
        except psycopg.Error as error:
            if self._connection.closed:
                raise lost(self._address) from error
            raise

    def tried(self, statement: str, pieces: Iterable[bytes]) -> psycopg.Error | None:
        """Send rows that nobody keeps, and return what the server says against them."""
        try:
            with self._connection.transaction(force_rollback=True):
                self.copy(statement, pieces)
        except psycopg.Error as error:
            return error
        return None

    @contextlib.contextmanager
    def transaction(self, doing: Doing) -> Iterator[None]:
        """All statements inside become visible together at the end, or none."""
        with self._told(doing), self._connection.transaction():
            yield

    def lost(self) -> LostConnectionError:
        """That the session was lost, as a sentence."""
        return lost(self._address)

    def refused(self, doing: Doing, error: psycopg.Error) -> TargetError:
        """An error of `copy` that is not about a row, as a sentence."""
        return refused(self._address, doing, error)

    def close(self) -> None:
        """End the session; the server drops its temporary tables and open transaction."""
        with contextlib.suppress(psycopg.Error):
            self._connection.close()

    @contextlib.contextmanager
    def _told(self, doing: Doing) -> Iterator[None]:
        try:
            yield
        except psycopg.Error as error:
            if self._connection.closed:
                raise lost(self._address) from error
            raise refused(self._address, doing, error) from error


def _connected(address: Address) -> psycopg.Connection[tuple[Any, ...]]:
    try:
        connection = psycopg.Connection.connect(
            make_conninfo(**address.parameters),
            autocommit=True,
            cursor_factory=psycopg.RawCursor,
            prepare_threshold=None,  # a pooler between us and the server may not keep them
        )
        connection.isolation_level = psycopg.IsolationLevel.READ_COMMITTED
        for setting in statements.SETTINGS:
            connection.execute(setting.encode())
    except psycopg.Error as error:
        raise connecting_refused(address, error) from error
    return connection
