"""The `filters:` of a Treasure Data `load.yml`, as far as they ask for something here.

`td connector:guess` writes two: `rename`, which every loader does in its own way, and `add_time`:
https://docs.treasuredata.com/int/add-time-filter-function.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from target_td_table.errors import SettingsError
from target_td_table.report import log
from target_td_table.time_value import FIXED, UPLOAD

_TIME = "time"
_FORMAT = "%Y-%m-%d %H:%M:%S %z"
# What `guess` lets `rename` do to names. Every loader fits names, in its own way.
_FITTING = {
    "upper_to_lower", "character_types", "first_character_types", "unique_number_suffix",
}  # fmt: skip
_UNITS = {"sec": 1, "milli": 10**3, "micro": 10**6, "nano": 10**9}


def settings_of(filters: Any, out: Mapping[str, Any]) -> dict[str, Any]:
    """`time_column` or `time_value`, if a filter asks for it and `out:` does not.

    Raises:
        SettingsError: If a filter asks for what cannot be done, or for something else than `out:`.
    """
    if not isinstance(filters or [], Sequence) or isinstance(filters, str):
        raise SettingsError(["`filters:` must hold a list of filters."])
    found: dict[str, Any] = {}
    for each in filters or []:
        kind = each.get("type") if isinstance(each, Mapping) else None
        if kind == "add_time":
            found = _add_time(each)
        elif kind != "rename" or not _only_fits(each):
            log.warning("The filter `%s` of `filters:` is not done here; it is passed over.", kind)
    return _beside(found, out)


def _beside(found: dict[str, Any], out: Mapping[str, Any]) -> dict[str, Any]:
    """`out:` comes after the filters: it takes the place of the time that guess lets them add."""
    given = [name for name in ("time_column", "time_value") if out.get(name) is not None]
    if not found or not given:
        return found
    if found == {"time_value": {"mode": UPLOAD}}:
        return {}
    raise SettingsError(
        [(f"`out:` has `{given[0]}`, and a filter `add_time` fills `time` too. Keep one of them.")]
    )


def _only_fits(rename: Mapping[str, Any]) -> bool:
    """Whether a filter `rename` asks for names that a table can have, and for no other names."""
    rules = rename.get("rules") or []
    asked = [each.get("rule") if isinstance(each, Mapping) else None for each in rules]
    return not rename.get("columns") and set(asked) <= _FITTING


def _add_time(given: Mapping[str, Any]) -> dict[str, Any]:
    target, column = given.get("to_column") or {}, given.get("from_column")
    value = given.get("from_value")
    if "name" not in target:
        raise _refusal("says in no `to_column` what it fills", "Give `to_column: {name: time}`.")
    if target["name"] != _TIME:
        raise _refusal(f"fills `{target['name']}`", f"Only `{_TIME}` can be filled.")
    if isinstance(column, Mapping) == isinstance(value, Mapping):
        raise _refusal("needs one of `from_column` and `from_value`", "Give one of them.")
    if isinstance(value, Mapping):
        return {"time_value": _time_value(value)}
    column = dict(column or {})
    if column.get("unix_timestamp_unit", "sec") != "sec":
        unit = column["unix_timestamp_unit"]
        raise _refusal(f"reads `{unit}` from a column", "A column of Unix time must have seconds.")
    return {"time_column": column.get("name")}


def _time_value(given: Mapping[str, Any]) -> dict[str, Any]:
    seconds = {
        name: _seconds(given[name], given) for name in ("value", "from", "to") if name in given
    }
    return {"mode": given.get("mode", FIXED), **seconds}


def _seconds(value: Any, given: Mapping[str, Any]) -> int:
    unit = given.get("unix_timestamp_unit", "sec")
    if unit not in _UNITS:
        raise _refusal(f"has the unit `{unit}`", f"Use one of: {', '.join(_UNITS)}.")
    if type(value) is int:
        return value // _UNITS[unit]
    format_ = given.get("timestamp_format", _FORMAT)
    try:
        moment = datetime.strptime(str(value).replace(" UTC", " +0000"), format_)  # noqa: DTZ007
    except ValueError:
        fix = f"Write it as `{format_}`, or as an integer."
        raise _refusal(f"has the time `{value}`", fix) from None
    return int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp())


def _refusal(what: str, fix: str) -> SettingsError:
    return SettingsError([f"A filter `add_time` {what}. {fix}"])
