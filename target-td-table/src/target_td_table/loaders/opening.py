"""Chooses the destination that the settings name, and opens it."""

import re
from collections.abc import Callable, Mapping

from target_td_table.config import Settings
from target_td_table.errors import SettingsError, TableError
from target_td_table.loaders.base import Loader
from target_td_table.loaders.duckdb_file import path_in, refuse_other_files
from target_td_table.loaders.postgres_names import fitted_name as named_in_postgres
from target_td_table.loaders.postgres_opening import check_destination as check_postgres
from target_td_table.loaders.postgres_opening import open_loader as open_postgres
from target_td_table.loaders.treasure_data.opening import (
    check_destination as check_treasure_data,
)
from target_td_table.loaders.treasure_data.opening import open_loader as open_treasure_data
from target_td_table.loaders.treasure_data.schema import fitted_name as named_in_treasure_data
from target_td_table.modes import Mode
from target_td_table.table import TableName

# What PostgreSQL is sent once: more than that is staged if no STATE has followed it, and less
# than the second is not worth a transaction of its own.
_ONCE_BYTES, _WORTH_BYTES = 48 << 20, 8 << 20
# A word, or the name of a file; a key of Treasure Data is longer.
_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9_.+-]{0,30}")
# When a destination that has nothing to do gets a batch: few big ones are cheaper to load than many
# small ones, save where rows are packed into parts that know nothing of batches.
_BATCH_BYTES, _PACKED_BYTES = 64 << 20, 16 << 20


def loader_for(settings: Settings, *, read_only: bool = False) -> Loader:
    """Open the destination the settings name; its driver is imported here and not before.

    With `read_only` only `describe`, `plan` and `states` may be asked, and nothing is made.

    Raises:
        SettingsError: If there is no loader for it.
    """
    scheme = _scheme(settings)
    if read_only and scheme in _READERS:
        return _READERS[scheme](settings)
    return _OPENERS[scheme](settings)


def check_destination(settings: Settings) -> None:
    """Read the URL of the destination as a load does, and reach nothing.

    Raises:
        SettingsError: If there is no loader for it, its driver is missing, or it must change.
    """
    _CHECKS[_scheme(settings)](settings)


def _scheme(settings: Settings) -> str:
    scheme, separator, _ = settings.destination.partition("://")
    if not separator or scheme not in _OPENERS:
        known = ", ".join(f"{each}://" for each in _OPENERS)
        shown = _shown(settings.destination)
        raise SettingsError([f"There is no loader for {shown}. Use one of: {known}."])
    return scheme


def _shown(destination: str) -> str:
    """What may be said of a destination that is none; the rest of it may be a key."""
    first, colon, rest = destination.partition(":")
    if not _PLAIN.fullmatch(first):
        return "what `destination` says"
    return f"`{first}{colon}{'//' if rest.startswith('//') else ''}`"


def missing(settings: Settings, name: TableName, whose: str) -> TableError:
    """There is no such table, and none may be made; `whose` says for which rows it was to be.

    It begins as embulk-output-td says it, with the names that the destination has.
    """
    scheme = settings.destination.partition("://")[0]
    there = _NAMED[scheme](name) if scheme in _NAMED else name
    return TableError(
        f'Database "{there.database}" or table "{there.table}" doesn\'t exist, and '
        f"`auto_create_table` is false, so {whose} cannot be loaded. Create what is missing, or set "
        "`auto_create_table` to true."
    )


def publish_bytes(settings: Settings, *, is_idle: bool) -> int:
    """How much is published at a STATE by a destination that is idle or not.

    PostgreSQL writes appended rows only once if they are published before they must be staged.
    """
    if not settings.destination.startswith("postgresql:") or settings.mode is not Mode.APPEND:
        return settings.batch_bytes
    return min(settings.batch_bytes, _WORTH_BYTES if is_idle else _ONCE_BYTES)


def wanted_bytes(settings: Settings) -> int:
    """How big a batch is to be for a destination that is idle."""
    return _PACKED_BYTES if settings.destination.startswith("td:") else _BATCH_BYTES


def _duckdb(settings: Settings) -> Loader:
    from target_td_table.loaders.duckdb import DuckDbLoader

    return DuckDbLoader(
        settings.destination,
        database=settings.database,
        memory_bytes=settings.memory_bytes,
        tries_first=settings.on_invalid == "quarantine",
    )


def _duckdb_to_read(settings: Settings) -> Loader:
    from target_td_table.loaders.duckdb import DuckDbLoader

    return DuckDbLoader(
        settings.destination,
        database=settings.database,
        memory_bytes=settings.memory_bytes,
        read_only=True,
    )


_OPENERS: Mapping[str, Callable[[Settings], Loader]] = {
    "duckdb": _duckdb,
    "postgresql": open_postgres,
    "td": open_treasure_data,
}
_CHECKS: Mapping[str, Callable[[Settings], None]] = {
    "duckdb": lambda settings: refuse_other_files(path_in(settings.destination)),
    "postgresql": check_postgres,
    "td": check_treasure_data,
}
# Destinations that opening would make or lock.
_READERS: Mapping[str, Callable[[Settings], Loader]] = {"duckdb": _duckdb_to_read}
# What tables are called in destinations that do not take every name.
_NAMED: Mapping[str, Callable[[TableName], TableName]] = {
    "postgresql": named_in_postgres,
    "td": named_in_treasure_data,
}
