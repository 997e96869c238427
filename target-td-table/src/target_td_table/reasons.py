"""Why a record does not fit its table, in words that tell nothing of its content."""

import contextlib
import json
import re
from collections.abc import Mapping
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any

import msgspec

from target_td_table import nested
from target_td_table.errors import BadRecordError, MissingKeyError
from target_td_table.table import LogicalType, Table

if TYPE_CHECKING:
    from target_td_table.rules import Rules

_WORDS = {bool: "boolean", int: "integer", float: "number", str: "string", list: "array"}
_TIMESTAMP = re.compile(
    r"\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d(:?\d\d)?)?)?", re.ASCII
)
# `jsonschema` takes a thousandth of a second for a record, and thousands of records that do not fit
# break the same rules.
_MOST_EXPLAINED = 1000
_LONGEST_KEY = 80


class Reasons:
    """Looks at records of one table one by one.

    With `by_key` no field of the key may be null.
    """

    def __init__(self, table: Table, *, by_key: bool = False) -> None:
        self._table = table
        self._by_key = by_key
        self._rules: Rules | None = None
        self._explained = 0

    def refuse(self, record: bytes, line: int) -> list[str]:
        """Look at every top-level value of a record; return the fields the table does not have.

        Raises:
            BadRecordError: If the record does not fit the table; it names all fields that do not.
        """
        table = self._table
        values = _values(table, record, line)
        where = f"`{table.stream}`{_which(table, values)} (line {line})"
        self._refuse_a_missing_key(values, where)
        problems = {
            field: f"`{field}` {problem}, but the SCHEMA says {type_}"
            for field, type_ in table.fields.items()
            if (problem := _problem(type_, values.get(field)))
        }
        if problems:
            reason = "; ".join([*problems.values(), *self._broken_rules(values, problems)])
            raise BadRecordError(where, reason, "Correct the data or the tap's schema.")
        return [field for field in values if field not in table.fields]

    def _refuse_a_missing_key(self, values: Mapping[str, Any], where: str) -> None:
        for field in self._table.key:
            if field in self._table.fields and field not in values:
                fix = "Correct the tap or its key properties."
                raise MissingKeyError(where, f"it has no `{field}`, which is in its key", fix)
            if self._by_key and values.get(field) is None:
                reason = f"it has null as `{field}`, which is in its key, and mode is merge"
                raise MissingKeyError(where, reason, "Correct the tap, or use mode append.")

    def _broken_rules(self, values: Mapping[str, Any], known: Mapping[str, str]) -> list[str]:
        """Other rules of the SCHEMA; no more of them once they were told often."""
        self._explained += 1
        if self._explained > _MOST_EXPLAINED:
            return []
        if self._rules is None:
            # jsonschema takes longer to import than most loads to start.
            from target_td_table.rules import Rules

            self._rules = Rules(self._table.schema)
        return self._rules.broken(values, known)


def which(table: Table, record: bytes) -> str:
    """The record's key, for a sentence that names it."""
    return _which(table, _key(table, msgspec.json.decode(record, type=dict[str, msgspec.Raw])))


def _key(table: Table, values: Mapping[str, bytes | msgspec.Raw]) -> dict[str, Any]:
    """The fields of the key alone: others may hold what no parser takes."""
    return {field: _read(bytes(values[field])) for field in table.key if field in values}


def _read(value: bytes) -> Any:
    try:
        return msgspec.json.decode(value)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return value.decode(errors="replace")


def _which(table: Table, values: Mapping[str, Any]) -> str:
    """The record's key, as far as it is short enough to read."""
    keys = [
        str(values[field])[:_LONGEST_KEY] for field in table.key if values.get(field) is not None
    ]
    # It may be meant for a terminal, and it may hold what moves the cursor.
    shown = [key if key.isprintable() else ascii(key)[1:-1] for key in keys]
    return f" record `{'`, `'.join(shown)}`" if shown else ""


def _values(table: Table, record: bytes, line: int) -> dict[str, Any]:
    where = f"A record of `{table.stream}` (line {line})"
    try:
        values = nested.with_margin(partial(msgspec.json.decode, record))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise _too_deep(table, record, line) or _not_json(table, record, line, error) from error
    if not isinstance(values, dict):
        reason = f"it is not an object but {_word(values)}"
        raise BadRecordError(where, reason, "Correct the tap.")
    return values


def _too_deep(table: Table, record: bytes, line: int) -> BadRecordError | None:
    """Which fields are nested too deeply to be parsed, if any are."""
    values = nested.members(record) or {}
    fields = [f"`{field}`" for field, value in values.items() if nested.is_too_deep(value)]
    if not fields and not nested.is_too_deep(record):
        return None
    where = f"`{table.stream}`{_which(table, _key(table, values))} (line {line})"
    reason = f"{' and '.join(fields) or 'it'} is nested too deeply to be read"
    return BadRecordError(where, reason, "Correct the tap, or deselect the field.")


def _not_json(table: Table, record: bytes, line: int, error: Exception) -> BadRecordError:
    """Which fields are no JSON, if at least Python can read them."""
    values: Any = None
    with contextlib.suppress(ValueError, RecursionError):
        values = json.loads(record)
    if not isinstance(values, dict):
        where = f"A record of `{table.stream}` (line {line})"
        return BadRecordError(where, f"it is not valid JSON: {error}", "Correct the tap.")
    where = f"`{table.stream}`{_which(table, values)} (line {line})"
    found = {field: _no_json(value) for field, value in values.items()}
    reason = "; ".join(f"`{field}` holds {problem}" for field, problem in found.items() if problem)
    return BadRecordError(where, reason or str(error), "Correct the data or the tap.")


def _no_json(value: Any) -> str | None:
    """What Python reads and JSON has no word for, at any depth."""
    try:
        json.dumps(value, allow_nan=False, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return "half of a surrogate pair, which is no character"
    except RecursionError:
        return "what is nested too deeply to be read"
    except ValueError:
        return "NaN, an infinity, or a number beyond the range of a double"
    return None


def _problem(type_: LogicalType, value: Any) -> str | None:
    """What is wrong with a value, as the rest of a sentence; None if nothing is."""
    if value is None or type_ is LogicalType.JSON:
        return None
    if type_ in (LogicalType.INTEGER, LogicalType.LONG_INTEGER):
        return _integer_problem(value, is_long=type_ is LogicalType.LONG_INTEGER)
    if type_ is LogicalType.NUMBER:
        fits = isinstance(value, int | float) and not isinstance(value, bool)
    elif type_ is LogicalType.BOOLEAN:
        fits = isinstance(value, bool)
    elif type_ is LogicalType.STRING:
        fits = isinstance(value, str)
    elif isinstance(value, str):
        return None if _is_timestamp(value) else "is a string that is no time"
    else:
        fits = False
    return None if fits else f"is {_word(value)}"


def _integer_problem(value: Any, *, is_long: bool) -> str | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return f"is {_word(value)}"
    if isinstance(value, float) and not value.is_integer():
        return "is a number with a fraction"
    if not is_long and not -(2**63) <= value < 2**63:
        return "is an integer beyond 64 bits"
    return None


def _is_timestamp(value: str) -> bool:
    if not _TIMESTAMP.fullmatch(value):
        return False
    try:
        datetime.fromisoformat(value)
    except ValueError:
        return False
    return True


def _word(value: Any) -> str:
    word = _WORDS.get(type(value), "object")
    if isinstance(value, str) and not value.isprintable():
        return "a string with control characters"
    return f"{'an' if word[0] in 'aeio' else 'a'} {word}"
