"""Opens the Treasure Data loader; its client is an extra of this package."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

from target_td_table.config import Settings
from target_td_table.errors import SettingsError
from target_td_table.loaders.base import Loader
from target_td_table.loaders.treasure_data.address import address_in, checked_key

_NEEDED = ("requests", "backoff", "msgpack")


def check_destination(settings: Settings) -> None:
    """Read the setting `destination`, and `apikey` if it is given, and reach nothing.

    The key may be in the environment of the load only.

    Raises:
        SettingsError: If the client is missing, or the URL or the key must change.
    """
    address_in(settings.destination, settings.database)
    if settings.apikey is not None:
        checked_key(settings.apikey, {})
    with _client_needed():
        import target_td_table.loaders.treasure_data.loader  # noqa: F401 - whether it is there


def open_loader(settings: Settings) -> Loader:
    """Prepare to load into the database that the setting `destination` names.

    Raises:
        SettingsError: If the client is missing, or the URL or the key must change.
    """
    address = address_in(settings.destination, settings.database)
    key = checked_key(settings.apikey, os.environ)
    with _client_needed():
        from target_td_table.loaders.treasure_data.loader import TreasureDataLoader
    tries_first = settings.on_invalid == "quarantine"
    return TreasureDataLoader(
        address,
        key,
        pipeline=settings.pipeline,
        tries_first=tries_first,
        time_value=settings.time_value,
    )


@contextmanager
def _client_needed() -> Iterator[None]:
    try:
        yield
    except ImportError as error:
        if (error.name or "").partition(".")[0] not in _NEEDED:
            raise
        raise SettingsError(
            [
                (
                    f"Loading into Treasure Data needs the package {error.name}, which is not "
                    "installed. Run: pip install 'target-td-table[treasure-data]'"
                )
            ]
        ) from error
