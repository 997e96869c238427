"""PostgreSQL's errors, as sentences that say what to do.

They are told apart by SQLSTATE, because servers speak many languages:
https://www.postgresql.org/docs/current/errcodes-appendix.html
"""

import re
from dataclasses import dataclass

import psycopg

from target_td_table.errors import (
    BusyError,
    DestinationError,
    SettingsError,
    TableError,
    TargetError,
)
from target_td_table.table import Table

_RUN_AGAIN = "Nothing of the last batch was published. Run again from the last state"


class LostConnectionError(BusyError):
    """The server is gone, or has ended this session; what was staged is gone with it."""


class TransactionFailedError(BusyError):
    """Two transactions got into each other's way, and this one was rolled back as a whole."""


@dataclass(frozen=True, slots=True)
class Doing:
    """What a statement is for, and the SQL that would give the right to it."""

    what: str
    grant: str
    table: Table | None = None


def connecting_refused(address: object, error: psycopg.Error) -> TargetError:
    """Why there is no connection. libpq gives no SQLSTATE then, only a text."""
    text = _first_line(error)
    if isinstance(error, psycopg.errors.ConnectionTimeout):
        text = "nobody answered in time"
    for known, advice in _CONNECTING:
        if re.search(known, text):
            return SettingsError([f"PostgreSQL at `{address}` refused the connection. {advice}"])
    return BusyError(
        f"PostgreSQL at `{address}` cannot be reached: {text}. See that it runs and that host and "
        "port in `destination` are right, and run again."
    )


_CONNECTING = (
    (r"password authentication failed", "User or password is wrong. Correct `destination` or the environment variable PGPASSWORD."),
    (r"no password supplied", "It wants a password. Write it into `destination`, or set the environment variable PGPASSWORD."),
    (r'role ".*" (does not exist|is not permitted)', "There is no such user, or it may not log in. Correct the user in `destination`, or create it."),
    (r"permission denied for database", "The user may not connect to the database. Let its owner run GRANT CONNECT ON DATABASE."),
    (r'database ".*" does not exist', "There is no such database. Correct its name in `destination`, or create it."),
    (r"pg_hba\.conf", "Its pg_hba.conf does not let this user in from here. Ask its administrator, or add `?sslmode=require` to `destination`."),
    (r"authentication failed", "It does not believe that this is the user. Correct `destination`."),
    (r"could not translate host name|failed to resolve host", "There is no host of this name. Correct it in `destination`."),
    (r"SSL|certificate", "The two do not agree on encryption. Correct `sslmode` and the certificates in `destination`."),
)  # fmt: skip


def lost(address: object) -> LostConnectionError:
    """The connection broke in the middle of the work."""
    return LostConnectionError(
        f"The connection to PostgreSQL at `{address}` was lost: the server ended it or went away. "
        f"{_RUN_AGAIN}."
    )


def refused(address: object, doing: Doing, error: psycopg.Error) -> TargetError:
    """Why a statement was refused."""
    state = error.sqlstate or ""
    if state in _TRY_AGAIN:
        return TransactionFailedError(
            f"Another transaction got in the way of this one, more than once, so the load could "
            f"not {doing.what}. {_RUN_AGAIN}."
        )
    if state in _BUSY:
        return BusyError(f"{_BUSY[state].format(doing=doing.what, at=address)} {_RUN_AGAIN}.")
    if state in _TABLE:
        return TableError(_TABLE[state].format(doing=doing.what))
    if state in _SETTINGS:
        return SettingsError([_SETTINGS[state](address, doing)])
    return _not_foreseen(address, doing, error)


def _not_foreseen(address: object, doing: Doing, error: psycopg.Error) -> DestinationError:
    state = error.sqlstate or ""
    if state.startswith("23") and doing.table:
        return _rule(doing.table, error)
    # The text of these holds the value.
    text = "a value does not fit" if state.startswith("22") else _first_line(error)
    return DestinationError(
        f"PostgreSQL at `{address}` refused to {doing.what}: {text} (SQLSTATE {state}). "
        "Nothing of the last batch was published."
    )


_TRY_AGAIN = frozenset({"40001", "40P01"})
_BUSY = {
    "53100": "The disk of PostgreSQL at `{at}` is full; it could not {doing}. Make room.",
    "53200": "PostgreSQL at `{at}` is out of memory; it could not {doing}.",
    "53300": "PostgreSQL at `{at}` has no connection left.",
    "55P03": "Somebody else holds a lock for longer than `lock_timeout`; the load could not {doing}.",
    "57014": (
        "PostgreSQL at `{at}` was told to stop, or took longer than its `statement_timeout`, when "
        "the load wanted to {doing}. If it is the timeout, let the user have a longer one with "
        "ALTER ROLE … SET statement_timeout, or add `?options=-cstatement_timeout%3D0` to "
        "`destination`."
    ),
    "42804": "Somebody changed the table's columns while the load wanted to {doing}.",
    "42P01": "Somebody dropped or renamed the table while the load wanted to {doing}.",
    "42703": "Somebody dropped or renamed a column while the load wanted to {doing}.",
}
_TABLE = {
    "0A000": (
        "PostgreSQL cannot {doing}, because a view, a rule or a generated column uses a column "
        "whose type must change. Drop it, load again, and create it anew."
    ),
    "42804": "PostgreSQL cannot {doing}: the column has a default or an index of its old type. Drop that, load again, and create it anew.",
    "42P07": (
        "PostgreSQL cannot {doing}: there is a view, a sequence or the like of this name. Rename "
        "it, or choose another name with the setting `table`."
    ),
    "54011": (
        "PostgreSQL cannot {doing}: a table has at most 1,600 columns, and dropped ones count. "
        "Deselect fields of the stream, or load into another table."
    ),
    "54000": (
        "PostgreSQL cannot {doing}: a row has so many columns with values that it is longer than "
        "a page of 8 kB. Deselect fields of the stream."
    ),
}


def _missing_right(address: object, doing: Doing) -> str:
    return (
        f"The user of PostgreSQL at `{address}` has no right to {doing.what}. Let an "
        f"administrator run: {doing.grant}"
    )


def _read_only(address: object, _: Doing) -> str:
    return (
        f"PostgreSQL at `{address}` only lets you read: it is a standby, or "
        "`default_transaction_read_only` is on. Name the primary server in `destination`."
    )


_SETTINGS = {
    "42501": _missing_right,
    "25006": _read_only,
}


def _rule(table: Table, error: psycopg.Error) -> DestinationError:
    rule = error.diag.constraint_name or error.diag.column_name or "a constraint"
    return DestinationError(
        f"The rule `{rule}` of `{table.name}` refuses the rows of `{table.stream}`. Nothing of "
        "the batch was published. Drop the rule, or correct the data."
    )


def _first_line(error: psycopg.Error) -> str:
    text = error.diag.message_primary or str(error)
    lines = text.strip().splitlines() or [type(error).__name__]
    return lines[0].strip().rstrip(".")
