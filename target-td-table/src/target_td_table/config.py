"""The settings: one table, from which the checks, `--about` and the README come."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from target_td_table import plugin_options, time_value
from target_td_table.errors import SettingsError
from target_td_table.modes import Mode
from target_td_table.naming import problem_with
from target_td_table.time_value import TimeValue

MIB = 1 << 20


@dataclass(frozen=True, slots=True)
class Setting:
    """One row of the settings table; `default` None means that it is left out."""

    name: str
    kind: str
    default: str | int | bool | None
    description: str
    choices: tuple[str, ...] = ()
    least: int | None = None
    secret: bool = False
    # One more question to a value of the right kind: a sentence, or None when all is well.
    problem: Callable[[Any], str | None] = lambda _: None


SETTINGS = (
    Setting(
        "destination",
        "string",
        "duckdb:///stripe.duckdb",
        "Where the tables are, as a URL. `duckdb:///` is followed by the path of the file, so an "
        "absolute path has four slashes.",
        secret=True,  # a URL may carry a password
    ),
    Setting(
        "database",
        "string",
        None,
        "The database of the tables. In DuckDB and PostgreSQL this is a schema: `main` or `public` "
        "if it is left out.",
    ),
    Setting(
        "apikey",
        "string",
        None,
        "The API key of Treasure Data. The environment variable TD_API_KEY is used without it.",
        secret=True,
    ),
    Setting(
        "table",
        "string",
        "{stream}",
        "The name of the table, where `{stream}` stands for the stream's name.",
        problem=problem_with,
    ),
    Setting(
        "mode",
        "string",
        "append",
        "`append` adds the rows; `replace` puts them in the place of all rows, at the end of the "
        "input, in one step; `merge` puts each in the place of the row with its key.",
        choices=tuple(Mode),
    ),
    Setting(
        "hard_delete",
        "boolean",
        False,
        "In mode merge, delete the row of a tombstone. When false, it is marked.",
    ),
    Setting(
        "on_invalid",
        "string",
        "fail",
        "A record that does not fit stops the load (`fail`), or goes to "
        "`<table>__rejected` with the reason (`quarantine`).",
        choices=("fail", "quarantine"),
    ),
    Setting(
        "max_rejected",
        "integer",
        None,
        "In quarantine, the most records that may be rejected in one load. One more stops it.",
        least=0,
    ),
    Setting(
        "time_column",
        "string",
        None,
        "An integer or timestamp field. A column `time` is filled with it, in Unix seconds.",
    ),
    Setting(
        "time_value",
        "object",
        None,
        "In Treasure Data, what `time` is filled with instead: `{mode: fixed_time, value}`, "
        "`{mode: incremental_time, from, to}` or `{mode: upload_time}`, in Unix seconds. A field "
        "`time` then becomes the column `time_`.",
        problem=time_value.problem_with,
    ),
    Setting(
        "auto_create_table",
        "boolean",
        True,
        "Create a table, and its database, that is missing. When false, it is an error.",
    ),
    Setting(
        "pipeline",
        "string",
        "default",
        "The name under which the last state is kept beside the rows. Give each pipeline into one "
        "destination its own.",
    ),
    Setting(
        "batch_size_rows",
        "integer",
        491_520,
        "Rows after which they are published, with the next state.",
        least=1,
    ),
    Setting("batch_bytes", "integer", 1024 * MIB, "The same, in bytes of JSON.", least=1),
    Setting(
        "batch_seconds", "integer", 300, "The same, in seconds since the last publication.", least=0
    ),
    Setting(
        "memory_bytes",
        "integer",
        600 * MIB,
        "The memory the whole program may use; DuckDB spills to disk beyond its part.",
        least=300 * MIB,
    ),
    Setting(
        "add_record_metadata",
        "boolean",
        False,
        "Add singer-sdk's `_sdc_*` columns to every row. Takes the slow path through singer-sdk.",
    ),
)

# Handed to singer-sdk as they are; see https://sdk.meltano.com/en/latest/stream_maps.html
SDK_SETTINGS = frozenset(
    {
        "stream_maps", "stream_map_config", "faker_config", "flattening_enabled",
        "flattening_max_depth", "flattening_separator", "flattening_max_key_length",
    }
)  # fmt: skip

# One file may serve both programs. These are the tap's, and none of our business.
TAP_SETTINGS = frozenset(
    {
        "type", "secret_key", "client_id", "client_secret", "refresh_token", "token_file",
        "account_ids", "target", "start_datetime", "end_datetime", "formula", "incremental",
        "api_version", "requests_per_second", "workers", "lookback_seconds", "reconcile_days",
        "expand", "base_url", "batch_config",
    }
)  # fmt: skip

_KINDS = {str: "string", int: "integer", bool: "boolean", float: "number", list: "list"}


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings of one run, checked."""

    destination: str
    database: str
    apikey: str | None
    table: str
    mode: Mode
    hard_delete: bool
    on_invalid: str
    max_rejected: int | None
    time_column: str | None
    time_value: TimeValue | None
    auto_create_table: bool
    pipeline: str
    batch_size_rows: int
    batch_bytes: int
    batch_seconds: int
    memory_bytes: int
    add_record_metadata: bool

    def __repr__(self) -> str:
        """Name no value: a destination may carry a password."""
        return "Settings(…)"


def parse(given: Mapping[str, Any]) -> Settings:
    """Check everything that was given and fill in the rest.

    Raises:
        SettingsError: With one sentence for each problem.
    """
    own = {name: value for name, value in given.items() if value is not None}
    problems = [_unknown(name) for name in own if not _is_known(name)]
    problems += [each for setting in SETTINGS if (each := _problem(setting, own))]
    if not problems:
        problems += _time_conflict(own)
    if problems:
        raise SettingsError(problems)
    values: dict[str, Any] = {
        setting.name: own.get(setting.name, setting.default) for setting in SETTINGS
    }
    values["mode"] = Mode(str(values["mode"]))
    if values["time_value"] is not None:
        values["time_value"] = (
            None if values["time_column"] else time_value.parse(own["time_value"])
        )
    if values["database"] is None:
        values["database"] = _usual_database(str(values["destination"]))
    return Settings(**values)


def _usual_database(destination: str) -> str:
    """The database of the tables when none is set; in Treasure Data the URL names it, or none does."""
    if destination.startswith("td:"):
        return destination.removeprefix("td://").partition("/")[2].strip("/")
    return "public" if destination.startswith("postgres") else "main"


def _time_conflict(given: Mapping[str, Any]) -> list[str]:
    """Rows have the upload's time anyway where nothing else is said, so that is no conflict."""
    value = given.get("time_value")
    if value is None or time_value.parse(value).mode == time_value.UPLOAD:
        return []
    if "time_column" in given:
        return ["`time_column` and `time_value` both fill `time`. Leave one of them out."]
    if not str(given.get("destination", "")).startswith("td:"):
        return ["`time_value` is for `td://` destinations. Leave it out, or use `time_column`."]
    return []


def json_schema() -> dict[str, Any]:
    """The settings as singer-sdk and Meltano want to see them."""
    return {
        "type": "object",
        "properties": {setting.name: _property(setting) for setting in SETTINGS},
    }


def _property(setting: Setting) -> dict[str, Any]:
    found: dict[str, Any] = {
        "type": [setting.kind, "null"],
        "title": setting.name.replace("_", " ").capitalize(),
        "description": setting.description,
    }
    if setting.default is not None:
        found["default"] = setting.default
    if setting.choices:
        found["enum"] = [*setting.choices, None]
    if setting.least is not None:
        found["minimum"] = setting.least
    if setting.secret:
        found |= {"secret": True, "writeOnly": True}
    return found


def _is_known(name: str) -> bool:
    own = {setting.name for setting in SETTINGS}
    return name in own | SDK_SETTINGS | TAP_SETTINGS


def _unknown(name: str) -> str:
    told = plugin_options.refusal(name)
    if told:
        return told
    choice = [setting.name for setting in SETTINGS] + sorted(SDK_SETTINGS | TAP_SETTINGS)
    nearest = get_close_matches(name, choice, n=1, cutoff=0.6)
    if nearest:
        return f"There is no setting `{name}`. Did you mean `{nearest[0]}`?"
    own = ", ".join(f"`{setting.name}`" for setting in SETTINGS)
    return f"There is no setting `{name}`. Remove it, or use one of: {own}."


def _problem(setting: Setting, given: Mapping[str, Any]) -> str | None:
    if setting.name not in given:
        return None
    value = given[setting.name]
    if _kind(value) != setting.kind:
        article = "an" if setting.kind in ("integer", "object") else "a"
        shown = "" if setting.secret else f" `{value}`"
        return f"`{setting.name}`{shown} is of type {_kind(value)}, but it must be {article} {setting.kind}."
    if setting.choices and value not in setting.choices:
        choices = ", ".join(f"`{choice}`" for choice in setting.choices)
        return f"`{setting.name}` is `{value}`. Use one of: {choices}."
    if setting.least is not None and value < setting.least:
        return f"`{setting.name}` is {value}. Use {setting.least} or more."
    if value == "":
        return f"`{setting.name}` is empty. Give a value, or leave it out."
    return setting.problem(value)


def _kind(value: Any) -> str:
    """What a value is to people: a boolean is no integer to them."""
    return _KINDS.get(type(value), "object")
