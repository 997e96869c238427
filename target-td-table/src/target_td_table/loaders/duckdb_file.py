"""The file that a `duckdb:///` URL names."""

from target_td_table.errors import SettingsError

_PREFIX = "duckdb:///"


def path_in(destination: str) -> str:
    """The path in the URL: relative after three slashes, absolute after four.

    Raises:
        SettingsError: If the URL names no file.
    """
    path = destination.removeprefix(_PREFIX)
    if not destination.startswith(_PREFIX) or not path or path.endswith("/"):
        raise SettingsError(
            [
                f"`{destination}` names no file. Write `duckdb:///` and the path of a file, such "
                "as `duckdb:///stripe.duckdb` or `duckdb:////var/lib/stripe.duckdb`."
            ]
        )
    if path.startswith(":") or "?" in path:
        raise SettingsError(
            [f"`{destination}` is not a file: its tables would be gone with the run. Name a file."]
        )
    return path
