"""Settings, checked all at once before any work."""

from __future__ import annotations

import difflib
import math
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tap_stripe_td import checks, settings
from tap_stripe_td.auth import Secret
from tap_stripe_td.errors import ConfigError
from tap_stripe_td.grant import Grant, default_token_file
from tap_stripe_td.slicing import Slice
from tap_stripe_td.streams.table import GONE, known_names, named
from tap_stripe_td.units import UnixSeconds, parse_time

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from tap_stripe_td.streams.row import Stream


@dataclass(frozen=True)
class Config:
    """The tap's settings, made sense of.

    Attributes:
        key: The API key; None when there is none, which discovery does not need.
        grant: The OAuth grant that is used instead of a key; None when there is none.
        streams: What to read when there is no catalog.
        created: The stretch of creation time to read.
        incremental: Whether to go on from the state and write a new one.
        api_version: What to send as `Stripe-Version`; None for that of the schemas.
        account_ids: Connected accounts to read; `(ALL_ACCOUNTS,)` for every one, none for the key's own.
        expand: Fields to expand, by stream.
        lookback_seconds: How far before the bookmark events are read again.
        reconcile_days: How many days of objects are read again where events do not tell all.
        base_url: Where Stripe answers, without a slash at the end.
        requests_per_second: The account's budget; None for what Stripe allows the key.
        workers: How many requests may be in flight.
    """

    key: Secret | None
    grant: Grant | None
    streams: tuple[Stream, ...]
    created: Slice
    incremental: bool
    api_version: str | None
    account_ids: tuple[str, ...] = ()
    expand: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    lookback_seconds: int = 600
    reconcile_days: int = 14
    base_url: str = "https://api.stripe.com"
    requests_per_second: float | None = None
    workers: int = 32


def parse_config(
    raw: Mapping[str, Any], environment: Mapping[str, str], *, ignored: Iterable[str] = ()
) -> Config:
    """Return what the settings say.

    Args:
        raw: The settings by name. Names of the target's settings are passed over, as one
            `load.yml` serves both programs.
        environment: Where `STRIPE_API_KEY` is looked for.
        ignored: Names that singer-sdk takes care of, such as `stream_maps`.

    Raises:
        ConfigError: With every problem that was found, not only the first.
    """
    reader = _Reader(raw)
    reader.refuse_unknown(ignored)
    config = Config(
        key=reader.key(environment),
        grant=reader.grant(environment),
        streams=reader.streams(),
        created=reader.created(),
        incremental=reader.boolean("incremental", default=True),
        api_version=reader.text("api_version", None, checks.version),
        account_ids=reader.account_ids(),
        expand=reader.expand(),
        lookback_seconds=reader.count("lookback_seconds", default=600),
        reconcile_days=reader.count("reconcile_days", default=14),
        base_url=reader.text("base_url", "https://api.stripe.com", checks.url).rstrip("/"),
        requests_per_second=reader.rate("requests_per_second"),
        workers=reader.count("workers", default=32, least=1),
    )
    if reader.problems:
        raise ConfigError(*reader.problems)
    return config


ALL_ACCOUNTS = "all"

NO_KEY = (
    "There is no API key. Put `secret_key` into the settings or `STRIPE_API_KEY` into the "
    "environment; the Dashboard shows keys under Developers."
)


def nearest(word: str, known: Iterable[str]) -> str:
    """Return ` Did you mean `x`?` for the known word that is most like it, else nothing."""
    close = difflib.get_close_matches(word, list(known), n=1, cutoff=0.6)
    return f" Did you mean `{close[0]}`?" if close else ""


class _Reader:
    """Takes settings out of a mapping and collects what is wrong with them."""

    def __init__(self, raw: Mapping[str, Any]) -> None:
        self._raw = {name: value for name, value in raw.items() if value is not None}
        self.problems: list[str] = []

    def refuse_unknown(self, ignored: Iterable[str]) -> None:
        others = (*settings.OF_THE_HOSTED_CONNECTOR, *settings.OF_THE_TARGET, *ignored)
        for name in self._raw.keys() - {*settings.NAMES, *others}:
            self._refuse(
                f"There is no setting `{name}`.{nearest(name, settings.NAMES)} Remove it or "
                "correct its name; docs/settings.md lists all."
            )
        kind = self._raw.get("type", "stripe")
        if kind != "stripe":
            self._refuse(f"`type` is {kind!r}, but this tap reads only Stripe. Use `type: stripe`.")

    def key(self, environment: Mapping[str, str]) -> Secret | None:
        text = self.text("secret_key", environment.get("STRIPE_API_KEY"), checks.key)
        return Secret(text.strip()) if text else None

    def grant(self, environment: Mapping[str, str]) -> Grant | None:
        client_secret = self.text("client_secret", None, checks.key)
        refresh_token = self.text("refresh_token", None, checks.key)
        self.text("client_id", None, lambda _: None)
        token_file = self.text("token_file", None, lambda _: None)
        if not any((client_secret, refresh_token, self._raw.get("client_id"))):
            return None
        if "secret_key" in self._raw:
            self._refuse(
                "`secret_key` and an OAuth grant are both given. Remove one: they may be of "
                "different accounts."
            )
        for name, given in (("client_secret", client_secret), ("refresh_token", refresh_token)):
            if not given and name not in self._raw:
                self._refuse(
                    f"`{name}` is missing. OAuth needs `client_secret` and `refresh_token`; or "
                    "use `secret_key` alone."
                )
        if not client_secret or not refresh_token:
            return None
        path = Path(token_file) if token_file else default_token_file(refresh_token, environment)
        return Grant(Secret(client_secret.strip()), Secret(refresh_token.strip()), path)

    def streams(self) -> tuple[Stream, ...]:
        found: dict[str, Stream] = {}
        for name in self._names("target", ["core"]):
            if name in GONE:
                self._refuse(f"`target` names `{name}`. {GONE[name]}")
            elif not (rows := named(name)):
                self._refuse(
                    f"There is no stream `{name}` to read.{nearest(name, known_names())} "
                    "`tap-stripe-td --discover` and docs/streams.md list all."
                )
            else:
                found.update((row.name, row) for row in rows)
        return tuple(found.values())

    def created(self) -> Slice:
        formula = self.text("formula", "gte", checks.formula)
        start, end = self._time("start_datetime"), self._time("end_datetime")
        # Meltano sends every default, also that of `formula`.
        if formula != "gte" and "start_datetime" not in self._raw:
            self._refuse(
                "`formula` compares with `start_datetime`, which is not given. Give it, or remove "
                "`formula`."
            )
        bounds = Slice(until=None if end is None else UnixSeconds(math.ceil(end)))
        if start is not None:
            bounds = bounds.intersect(_BOUNDS.get(formula, _BOUNDS["gte"])(start))
        if bounds.is_empty:
            self._refuse(
                f"`end_datetime` ({self._raw['end_datetime']}) is not after `start_datetime` "
                f"({self._raw['start_datetime']}): nothing lies between. Correct one of them."
            )
        return bounds

    def boolean(self, name: str, *, default: bool) -> bool:
        value = self._raw.get(name, default)
        if isinstance(value, str) and value.lower() in {"true", "false"}:
            value = value.lower() == "true"
        if not isinstance(value, bool):
            self._refuse(f"`{name}` is {value!r}, but must be true or false.")
            return default
        return value

    def count(self, name: str, *, default: int, least: int = 0) -> int:
        value = self._raw.get(name, default)
        if isinstance(value, str) and value.isdecimal():
            value = int(value)
        if isinstance(value, bool) or not isinstance(value, int) or value < least:
            self._refuse(f"`{name}` is {value!r}, but must be a whole number from {least}.")
            return default
        return value

    def rate(self, name: str) -> float | None:
        value = self._raw.get(name)
        if value is None:
            return None
        try:
            rate = float(value)
        except (TypeError, ValueError):
            rate = 0.0
        if isinstance(value, bool) or not 0 < rate < math.inf:
            self._refuse(f"`{name}` is {value!r}, but must be a number above 0.")
            return None
        return rate

    def text(self, name: str, default: Any, check: Callable[[str], str | None]) -> Any:
        value = self._raw.get(name, default)
        if value is None:
            return None
        if not isinstance(value, str):
            self._refuse(f"`{name}` must be text. Write it in quotes.")
            return default
        if problem := check(value):
            self._refuse(f"`{name}` {problem}")
            return default
        return value

    def account_ids(self) -> tuple[str, ...]:
        names = tuple(dict.fromkeys(self._names("account_ids", [])))
        for name in names:
            if name != ALL_ACCOUNTS and not name.startswith("acct_"):
                self._refuse(
                    f"`account_ids` names `{name}`, but ids of accounts begin with `acct_`. Write "
                    "ids, or `all`."
                )
        return (ALL_ACCOUNTS,) if ALL_ACCOUNTS in names else names

    def expand(self) -> dict[str, tuple[str, ...]]:
        fields: dict[str, tuple[str, ...]] = {}
        for path in self._names("expand", []):
            stream, _, inner = path.partition(".")
            rows = named(stream)
            if not inner or len(rows) != 1:
                self._refuse(
                    f"`expand` names `{path}`, which is not a stream and a field of it. Write "
                    "them as `charges.customer`."
                )
            else:
                fields[rows[0].name] = (*fields.get(rows[0].name, ()), inner)
        return fields

    def _names(self, name: str, default: list[str]) -> list[str]:
        value = self._raw.get(name, default)
        names = [part.strip() for part in value.split(",")] if isinstance(value, str) else value
        if not isinstance(names, list) or not all(isinstance(part, str) for part in names):
            self._refuse(f"`{name}` is {value!r}, but must be a name or a list of names.")
            return default
        if not names and name == "target":
            self._refuse("`target` is an empty list. Name what to read, or remove it for `core`.")
        return names

    def _time(self, name: str) -> Any:
        value = self._raw.get(name)
        if value is None:
            return None
        try:
            return parse_time(value)
        except ValueError as error:
            self._refuse(
                f"`{name}` is wrong: {error}. Write a time with a zone, such as "
                "'2024-01-01T00:00:00Z', or Unix seconds."
            )
            return None

    def _refuse(self, problem: str) -> None:
        self.problems.append(problem)


_BOUNDS: Mapping[str, Callable[[Any], Slice]] = {
    "gt": lambda start: Slice(since=UnixSeconds(math.floor(start) + 1)),
    "gte": lambda start: Slice(since=UnixSeconds(math.ceil(start))),
    "lt": lambda start: Slice(until=UnixSeconds(math.ceil(start))),
    "lte": lambda start: Slice(until=UnixSeconds(math.floor(start) + 1)),
}
"""`created` is in whole seconds, so every comparison with a time is one with a second."""
