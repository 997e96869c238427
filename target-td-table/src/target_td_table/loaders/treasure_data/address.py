"""The endpoint and the database that a `td://` URL names, and the key that opens them."""

import ipaddress
import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

from target_td_table.errors import SettingsError

# https://docs.treasuredata.com/apis/endpoints: one endpoint for each region.
REGIONS: Mapping[str, str] = {
    "us01": "api.treasuredata.com",
    "jp01": "api.treasuredata.co.jp",
    "eu01": "api.eu01.treasuredata.com",
    "ap02": "api.ap02.treasuredata.com",
    "ap03": "api.ap03.treasuredata.com",
}
KEY_VARIABLE = "TD_API_KEY"
_FORM = "td://us01/database"
_NO_ADDRESS = (
    f"`destination` is no address in Treasure Data. Write it as `{_FORM}`, or leave the database out "
    "there and set `database`."
)
_DATABASE = re.compile(r"[a-z0-9_]{3,128}")
# https://github.com/treasure-data/td-client-java: an account's number, then 40 hexadecimal digits.
_KEY = re.compile(r"([1-9][0-9]*/)?[0-9a-f]{40}")


@dataclass(frozen=True, slots=True)
class Address:
    """Where the API is, without a trailing slash, and the database to load into."""

    endpoint: str
    database: str


def address_in(destination: str, setting: str | None = None) -> Address:
    """The address in a URL like `td://us01/database` or `td://api.treasuredata.com/database`.

    The database may be in the `setting` instead.

    `http` is spoken with loopback hosts only, where no one can listen; else it is `https`.

    Raises:
        SettingsError: If the URL cannot be read, or holds what does not belong there.
    """
    parts = _parsed(destination)
    database = parts.path.strip("/") or setting or ""
    # An API key may have a slash, so it may reach into the path.
    if "@" in destination or "/" in database or parts.query or parts.fragment:
        raise SettingsError(
            [
                (
                    f"`destination` holds more than an endpoint and a database. Write it as `{_FORM}`, "
                    f"and give the API key in the setting `apikey` or in {KEY_VARIABLE}."
                )
            ]
        )
    if not parts.netloc or not database:
        raise SettingsError([_NO_ADDRESS])
    if not _DATABASE.fullmatch(database):
        raise SettingsError(
            [
                (
                    f"`{database}` cannot be a database in Treasure Data. A name has 3 to 128 "
                    "characters, of a-z, 0-9 and `_`."
                )
            ]
        )
    if setting and setting != database:
        raise SettingsError(
            [
                (
                    f"`destination` names the database `{database}`, and `database` is `{setting}`. "
                    "Leave one of them out."
                )
            ]
        )
    return Address(_endpoint(parts), database)


def _parsed(destination: str) -> SplitResult:
    try:
        parts = urlsplit(destination)
        _ = parts.port  # parsed only when it is asked for
    except ValueError as error:
        raise SettingsError([_NO_ADDRESS]) from error
    return parts


def checked_key(given: str | None, environment: Mapping[str, str]) -> str:
    """The API key, of the setting or else of the environment.

    Raises:
        SettingsError: If there is none, or if it cannot be one.
    """
    key = given or environment.get(KEY_VARIABLE)
    if not key:
        raise SettingsError(
            [
                (
                    "Loading into Treasure Data needs an API key. Put it into the setting `apikey` or "
                    f"into the environment variable {KEY_VARIABLE}."
                )
            ]
        )
    if not _KEY.fullmatch(key):
        raise SettingsError(
            [
                (
                    "The API key is none that Treasure Data gives out: those are 40 hexadecimal "
                    "digits, mostly after an account's number and a slash. Copy it again, whole."
                )
            ]
        )
    return key


def _endpoint(parts: SplitResult) -> str:
    host = parts.hostname or ""
    if host in REGIONS:
        port = f":{parts.port}" if parts.port else ""
        return f"https://{REGIONS[host]}{port}"
    if "." not in host and host != "localhost" and ":" not in host:
        regions = ", ".join(REGIONS)
        raise SettingsError(
            [
                (
                    f"`{host}` is no region of Treasure Data. Use one of {regions}, or the host of an "
                    "endpoint."
                )
            ]
        )
    scheme = "http" if _is_loopback(host) else "https"
    return f"{scheme}://{parts.netloc}"


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
