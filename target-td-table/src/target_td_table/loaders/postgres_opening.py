"""Opens the PostgreSQL loader; its driver is an extra of this package."""

from collections.abc import Iterator
from contextlib import contextmanager

from target_td_table.config import Settings
from target_td_table.errors import SettingsError
from target_td_table.loaders.base import Loader


def check_destination(settings: Settings) -> None:
    """Read the URL in the setting `destination`, and reach nothing.

    Raises:
        SettingsError: If the driver is missing, or the URL must change.
    """
    with _driver_needed():
        from target_td_table.loaders.postgres_url import address_in
    address_in(settings.destination)


def open_loader(settings: Settings) -> Loader:
    """Connect to the server that the setting `destination` names.

    Raises:
        SettingsError: If the driver is missing, or the URL or the rights must change.
        BusyError: If no server answers.
    """
    with _driver_needed():
        from target_td_table.loaders.postgres import PostgresLoader
    return PostgresLoader(
        settings.destination,
        database=settings.database,
        tries_first=settings.on_invalid == "quarantine",
    )


@contextmanager
def _driver_needed() -> Iterator[None]:
    try:
        yield
    except ImportError as error:
        if not (error.name or "psycopg").startswith("psycopg"):
            raise
        raise SettingsError(
            [
                (
                    "Loading into PostgreSQL needs the driver psycopg, which is not installed. "
                    "Run: pip install 'target-td-table[postgres]'"
                )
            ]
        ) from error
