"""The file that a `duckdb:///` URL names."""

from pathlib import Path

from target_td_table.errors import SettingsError

_PREFIX = "duckdb:///"
# https://duckdb.org/docs/stable/internals/storage: after a checksum of eight bytes.
_MAGIC = slice(8, 12)


def path_in(destination: str) -> str:
    """The path in the URL: relative after three slashes, absolute after four.

    Raises:
        SettingsError: If the URL names no file.
    """
    path = destination.removeprefix(_PREFIX)
    if not destination.startswith(_PREFIX) or not path or path.endswith("/"):
        raise SettingsError(
            [
                (
                    f"`{destination}` names no file. Write `duckdb:///` and the path of a file, such "
                    "as `duckdb:///stripe.duckdb` or `duckdb:////var/lib/stripe.duckdb`."
                )
            ]
        )
    if path.startswith(":") or "?" in path:
        raise SettingsError(
            [f"`{destination}` is not a file: its tables would be gone with the run. Name a file."]
        )
    return path


def refuse_other_files(path: str) -> None:
    """Refuse a file that is no DuckDB database; DuckDB itself would open a CSV or JSON file.

    Raises:
        SettingsError: If there is such a file.
    """
    file = Path(path)
    if not file.is_file():
        return
    try:
        with file.open("rb") as opened:
            head = opened.read(_MAGIC.stop)
    except OSError as error:
        raise SettingsError(
            [f"`{path}` cannot be read: {error.strerror}. Give this user the right."]
        ) from error
    if head and head[_MAGIC] != b"DUCK":
        raise SettingsError(
            [f"`{path}` is there, but it is not a DuckDB file. Name another `destination`."]
        )
