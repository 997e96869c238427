"""Options of embulk-output-td, which wrote for the hosted connector, that are no settings here.

https://github.com/treasure-data/embulk-output-td. An option that asks for what is done anyway is
passed over; any other is refused with what to do instead, as rows would not be as it says.
Decision: docs/decisions/0512-options-of-the-plugin.md.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from target_td_table.report import log


@dataclass(frozen=True, slots=True)
class Option:
    """One row; `anyway` are the values that ask for what is done anyway, None for any value."""

    name: str
    instead: str
    anyway: tuple[Any, ...] | None = ()


_NO_MATTER = "It decides nothing here"

OPTIONS = (
    Option("session", _NO_MATTER, None),
    Option("pool_name", _NO_MATTER, None),
    Option("file_split_size", _NO_MATTER, None),
    Option("upload_concurrency", _NO_MATTER, None),
    Option("displayed_error_records_count_limit", _NO_MATTER, None),
    Option("retry_limit", _NO_MATTER, None),
    Option("retry_initial_interval_millis", _NO_MATTER, None),
    Option("retry_max_interval_millis", _NO_MATTER, None),
    Option("endpoint", "Write its host into `destination`: `td://api.treasuredata.co.jp/database`"),
    Option("port", "Write it into `destination`: `td://host:port/database`", (443,)),
    Option("use_ssl", "HTTPS is always spoken, save with this very machine", (True,)),
    Option("http_proxy", "Set HTTPS_PROXY in the environment"),
    Option("additional_http_headers", "No header can be added", ({},)),
    Option("tmpdir", "Set TMPDIR in the environment"),
    Option("plazma_dataset", "There is nothing that it could choose"),
    Option(
        "stop_on_invalid_record",
        "Records that Treasure Data cannot load always stop the load; `on_invalid: quarantine` keeps "
        "those aside that do not fit",
        (True,),
    ),
    Option(
        "ignore_alternative_time_if_time_exists",
        "Leave `time_column` and `time_value` out, and a field `time` is the key",
        (False,),
    ),
    Option("unix_timestamp_unit", "A time column of integers must have seconds", ("sec",)),
    Option(
        "default_boolean_type_convert_to",
        "A boolean is 0 or 1; CAST it in queries",
        ("long",),
    ),
    Option(
        "default_timestamp_type_convert_to",
        "A moment is text in UTC, and Unix seconds where the table has its column as long; take "
        "TD_TIME_PARSE of text in queries",
        ("string",),
    ),
    Option(
        "default_timestamp_format",
        "A moment is text such as `2026-01-01 12:00:00.000`; take DATE_FORMAT of it in queries",
        ("%Y-%m-%d %H:%M:%S.%3N",),
    ),
    Option(
        "default_timezone",
        "A moment is text in UTC; take TD_TIME_FORMAT of it in queries",
        ("UTC",),
    ),
    Option(
        "column_options",
        "Give the column its type in the schema of the table, where it stays",
        ({},),
    ),
)
_BY_NAME = {option.name: option for option in OPTIONS}


def without_needless(out: Mapping[str, Any]) -> dict[str, Any]:
    """The settings of `out:` without the options that ask for what is done anyway."""
    needless = [name for name, value in out.items() if _is_needless(name, value)]
    if needless:
        names = ", ".join(f"`{name}`" for name in needless)
        log.info("Not needed here, and passed over: %s.", names)
    return {name: value for name, value in out.items() if name not in needless}


def refusal(name: str) -> str | None:
    """The sentence for an option that cannot be followed; None if it is none."""
    option = _BY_NAME.get(name)
    if option is None:
        return None
    return (
        f"`{name}`, an option of embulk-output-td, is no setting here. Remove it. {option.instead}."
    )


def _is_needless(name: str, value: Any) -> bool:
    option = _BY_NAME.get(name)
    return option is not None and (option.anyway is None or value in option.anyway)
