"""The server that a `postgresql://` URL names. What may be a password is never shown."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import psycopg
from psycopg.conninfo import conninfo_to_dict

from target_td_table.errors import SettingsError

_DEFAULTS = {"connect_timeout": "10", "application_name": "target-td-table"}
_FORM = "postgresql://user@host:5432/database"


@dataclass(frozen=True, slots=True)
class Address:
    """How to connect, and how to call that in a sentence."""

    shown: str
    parameters: Mapping[str, str] = field(repr=False)

    def __str__(self) -> str:
        """The address without its secrets."""
        return self.shown


def address_in(destination: str) -> Address:
    """What libpq needs to connect.

    https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-CONNSTRING-URIS

    Raises:
        SettingsError: If the URL cannot be read, or says something it hardly means.
    """
    try:
        found = {name: str(value) for name, value in conninfo_to_dict(destination).items()}
    except (psycopg.Error, ValueError):
        # The reason that libpq gives may hold a part of the password.
        raise SettingsError([_unreadable()]) from None
    ports = found.get("port", "5432").split(",")
    is_odd = any("@" in found.get(part, "") for part in ("host", "port", "dbname"))
    if is_odd or not all(port.isdigit() for port in ports if port):
        raise SettingsError([_unreadable()])
    return Address(_shown(found), {**_DEFAULTS, **found})


def _shown(parameters: Mapping[str, str]) -> str:
    user = f"{parameters['user']}@" if parameters.get("user") else ""
    port = f":{parameters['port']}" if parameters.get("port") else ""
    database = f"/{parameters['dbname']}" if parameters.get("dbname") else ""
    return f"{user}{parameters.get('host') or 'localhost'}{port}{database}"


def _unreadable() -> str:
    return (
        f"`destination` is no URL that PostgreSQL's library can read. Write it as `{_FORM}`. In a "
        "password every `@`, `:`, `/` and `%` must be written as %40, %3A, %2F and %25; or leave "
        "it out and set the environment variable PGPASSWORD."
    )
