"""The settings table: every setting of the tap, once. `--about` and the docs are made from it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Setting:
    """One setting as people write it.

    Attributes:
        name: As it stands in the settings file.
        schema: JSON Schema of the values that `config` can make sense of.
        description: What it decides, for the reference page.
        default: What holds when it is not given; None when nothing does.
        secret: Whether it must never be shown.
    """

    name: str
    schema: dict[str, Any]
    description: str
    default: Any = None
    secret: bool = False


_TEXT: dict[str, Any] = {"type": "string"}
_BOOLEAN: dict[str, Any] = {"type": "boolean"}
_COUNT: dict[str, Any] = {"type": "integer", "minimum": 0}
_TIME: dict[str, Any] = {"type": ["string", "integer"]}

SETTINGS = (
    Setting(
        "secret_key",
        _TEXT,
        "Secret or restricted API key of the account. Without it `STRIPE_API_KEY` is read from the "
        "environment.",
        secret=True,
    ),
    Setting(
        "client_id",
        _TEXT,
        "Client id of the Stripe app, for OAuth instead of a key. Kept for `load.yml` files; "
        "Stripe does not ask for it here.",
    ),
    Setting(
        "client_secret",
        _TEXT,
        "Secret key of the Stripe app or platform, for OAuth instead of a key.",
        secret=True,
    ),
    Setting(
        "refresh_token",
        _TEXT,
        "Refresh token of the account, for OAuth instead of a key. The tokens that follow from it "
        "are kept in `token_file`.",
        secret=True,
    ),
    Setting(
        "token_file",
        _TEXT,
        "Where OAuth tokens are kept between runs. Default: a file in "
        "`$XDG_STATE_HOME/tap-stripe-td`, else `~/.local/state/tap-stripe-td`.",
    ),
    Setting(
        "account_ids",
        {"type": ["string", "array"], "items": {"type": "string"}},
        "Connected accounts to read with a platform's key: their ids, or `all`. `_account` tells whose "
        "a record is, and belongs to the key.",
    ),
    Setting(
        "target",
        {"type": ["string", "array"], "items": {"type": "string"}},
        "What to read: stream names, names of the hosted connector (`charge`), `core` or `all`; "
        "one name or a list. A catalog overrides it.",
        default="core",
    ),
    Setting(
        "start_datetime",
        _TIME,
        "RFC 3339 time with a zone, or Unix seconds. Only objects created from then on are read.",
    ),
    Setting(
        "end_datetime",
        _TIME,
        "RFC 3339 time with a zone, or Unix seconds. Only objects created before then are read.",
    ),
    Setting(
        "formula",
        {"type": "string", "enum": ["gt", "gte", "lt", "lte"]},
        "How `created` must compare with `start_datetime`.",
        default="gte",
    ),
    Setting(
        "incremental",
        _BOOLEAN,
        "Whether to go on from the state and write a new one. False reads everything once and "
        "writes no bookmark.",
        default=True,
    ),
    Setting(
        "api_version",
        _TEXT,
        "The `Stripe-Version` to ask for. The schemas are those of the default.",
    ),
    Setting(
        "expand",
        {"type": "array", "items": {"type": "string"}},
        "Fields to have expanded, as `stream.field`: `charges.customer`.",
        default=[],
    ),
    Setting(
        "lookback_seconds",
        _COUNT,
        "How far before the bookmark events are read again, as Stripe may show some late. What was "
        "seen before is not sent twice.",
        default=600,
    ),
    Setting(
        "reconcile_days",
        _COUNT,
        "Where events do not tell everything, objects created in so many last days are read again; "
        "those that changed are sent. 0 reads none again.",
        default=14,
    ),
    Setting(
        "requests_per_second",
        {"type": "number", "exclusiveMinimum": 0},
        "Requests a second for the account. Default: what Stripe allows, 100 with a live key and "
        "25 with a test key. Set less when other programs share the account.",
    ),
    Setting(
        "workers",
        {"type": "integer", "minimum": 1},
        "How many requests may be in flight. The budgets decide how many are.",
        default=32,
    ),
    Setting(
        "base_url",
        _TEXT,
        "Where Stripe answers: https, or http on this machine for a sandbox.",
        default="https://api.stripe.com",
    ),
)

NAMES = tuple(setting.name for setting in SETTINGS)

OF_THE_HOSTED_CONNECTOR = ("type",)
"""Names that a `load.yml` has beside ours and that decide nothing here."""

OF_THE_TARGET = (
    "add_record_metadata", "apikey", "auto_create_table", "batch_bytes", "batch_seconds",
    "batch_size_rows", "database", "destination", "hard_delete", "max_rejected", "memory_bytes",
    "mode", "on_invalid", "pipeline", "table", "time_column", "time_value",
)  # fmt: skip
"""Names that a flat `load.yml` has for the target."""


def json_schema() -> dict[str, Any]:
    """Return the settings as the JSON Schema that singer-sdk prints and Meltano reads."""
    return {
        "type": "object",
        "properties": {setting.name: _property(setting) for setting in SETTINGS},
    }


def _property(setting: Setting) -> dict[str, Any]:
    described = {**setting.schema, "description": setting.description}
    if setting.default is not None:
        described["default"] = setting.default
    if setting.secret:
        described.update(secret=True, writeOnly=True)
    return described
