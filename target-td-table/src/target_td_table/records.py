"""Whether records fit their table, asked at the speed of a block and answered by the record.

The fast answer is a msgspec struct made from the table and run over a whole block. Only when it
says no, the records are looked at one by one: to forgive what JSON Schema forgives (1.0 is an
integer), to find fields that the SCHEMA does not declare, or to say what is wrong.
"""

import contextlib
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

import msgspec

from target_td_table import nested
from target_td_table.errors import BadRecordError, MissingKeyError
from target_td_table.table import LogicalType, Table

_FAST: Mapping[LogicalType, Any] = {
    LogicalType.BOOLEAN: bool | None,
    LogicalType.INTEGER: int | None,
    LogicalType.LONG_INTEGER: int | None,
    LogicalType.NUMBER: float | None,
    LogicalType.TIMESTAMP: datetime | None,
    LogicalType.STRING: str | None,
    LogicalType.JSON: msgspec.Raw,
}
_FAST_KEY: Mapping[LogicalType, Any] = {
    LogicalType.BOOLEAN: bool,
    LogicalType.INTEGER: int,
    LogicalType.LONG_INTEGER: int,
    LogicalType.NUMBER: float,
    LogicalType.TIMESTAMP: datetime,
    LogicalType.STRING: str,
    LogicalType.JSON: bool | int | float | str,
}
_WORDS = {bool: "boolean", int: "integer", float: "number", str: "string", list: "array"}
_TIMESTAMP = re.compile(
    r"\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d(:?\d\d)?)?)?", re.ASCII
)
_NOT_FOR_MSGSPEC = re.compile(r'["\\\x00-\x1f]')
# A field nobody declared is named once; a stream that makes up ever new ones is not a table.
MOST_UNDECLARED = 100


@dataclass(frozen=True, slots=True)
class Rejected:
    """A record that does not fit, where it came and what is wrong with it."""

    line: int
    reason: str
    record: bytes


@dataclass(frozen=True, slots=True)
class Looked:
    """What a look at each record found: fields beyond the SCHEMA, records that fit or do not."""

    undeclared: frozenset[str]
    good: Sequence[tuple[int, bytes]]
    bad: Sequence[Rejected]


class Check:
    """The question whether records fit one table.

    With `by_key` no field of the key may be null.
    """

    def __init__(
        self, table: Table, undeclared: Iterable[str] = (), *, by_key: bool = False
    ) -> None:
        self._table = table
        self._by_key = by_key
        self.undeclared = frozenset(undeclared)
        names = {*table.fields, *self.undeclared}
        # msgspec cannot rename to these; such records are looked at one by one.
        odd = any(_NOT_FOR_MSGSPEC.search(name) for name in names)
        self._decoder = (
            None if odd else msgspec.json.Decoder(_struct(table, self.undeclared, by_key=by_key))
        )

    def accepts(self, chunk: bytes) -> bool:
        """Whether all records of a chunk, one a line, fit without a second look."""
        if self._decoder is None:
            return False
        try:
            nested.with_margin(partial(self._decoder.decode_lines, chunk))
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            return False
        return True

    def second_look(
        self, records: Sequence[bytes], lines: Sequence[int], *, quarantine: bool
    ) -> "Looked":
        """Look at records one by one.

        Raises:
            BadRecordError: If a record does not fit and there is no quarantine.
        """
        undeclared: set[str] = set()
        good: list[tuple[int, bytes]] = []
        bad: list[Rejected] = []
        for line, record in zip(lines, records, strict=True):
            try:
                if not self.accepts(record):
                    undeclared.update(explain(self._table, record, line, by_key=self._by_key))
                good.append((line, record))
            except BadRecordError as error:
                if not quarantine:
                    raise
                bad.append(Rejected(line, error.reason, record))
        return Looked(frozenset(undeclared) - self.undeclared, good, bad)


def respelled(table: Table, record: bytes) -> bytes:
    """A record with its fields spelled as the batch wants them; values stay the same bytes."""
    values = msgspec.json.decode(record, type=dict[str, msgspec.Raw])
    named = {table.spelling(field): values[field] for field in table.fields if field in values}
    return msgspec.json.encode(named)


def as_it_came(table: Table, record: bytes) -> bytes:
    """A record of a batch with its fields spelled as the tap did."""
    if not table.needs_respelling:
        return record.rstrip(b"\n")
    values = msgspec.json.decode(record, type=dict[str, msgspec.Raw])
    names = {table.spelling(field): field for field in table.fields}
    return msgspec.json.encode({names.get(name, name): values[name] for name in values})


def explain(table: Table, record: bytes, line: int, *, by_key: bool = False) -> list[str]:
    """Look at every top-level value of a record; return the fields the table does not have.

    Raises:
        BadRecordError: If the record does not fit the table; it names all fields that do not.
    """
    values = _values(table, record, line)
    where = f"`{table.stream}`{_which(table, values)} (line {line})"
    for field in table.key:
        if field in table.fields and field not in values:
            fix = "Correct the tap or its key properties."
            raise MissingKeyError(where, f"it has no `{field}`, which is in its key", fix)
        if by_key and values.get(field) is None:
            reason = f"it has null as `{field}`, which is in its key, and mode is merge"
            raise MissingKeyError(where, reason, "Correct the tap, or use mode append.")
    problems = {
        field: f"`{field}` {problem}, but the SCHEMA says {type_}"
        for field, type_ in table.fields.items()
        if (problem := _problem(type_, values.get(field)))
    }
    if problems:
        # jsonschema takes longer to import than most loads to start.
        from target_td_table.rules import broken

        reason = "; ".join([*problems.values(), *broken(table.schema, values, problems)])
        raise BadRecordError(where, reason, "Correct the data or the tap's schema.")
    return [field for field in values if field not in table.fields]


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
    key = {
        field: values[field].decode(errors="replace").strip('"')
        for field in table.key
        if field in values
    }
    where = f"`{table.stream}`{_which(table, key)} (line {line})"
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


def which(table: Table, record: bytes) -> str:
    """The record's key, for a sentence that names it."""
    return _which(table, msgspec.json.decode(record, type=dict[str, Any]))


def _which(table: Table, values: Mapping[str, Any]) -> str:
    """The record's key, as far as it is short enough to read."""
    keys = [str(values[field]) for field in table.key if values.get(field) is not None]
    return f" record `{'`, `'.join(key[:80] for key in keys)}`" if keys else ""


def _struct(table: Table, undeclared: frozenset[str], *, by_key: bool) -> type[msgspec.Struct]:
    """A struct that accepts exactly the records of this table, save for their nested values."""
    fields: list[tuple[str, Any] | tuple[str, Any, Any]] = []
    names: dict[str, str] = {}
    kinds = {**dict.fromkeys(undeclared, LogicalType.JSON), **table.fields}
    for number, (field, type_) in enumerate(kinds.items()):
        names[f"f{number}"] = field
        default: Any = msgspec.Raw(b"null") if type_ is LogicalType.JSON else None
        required = field in table.key
        kind = (_FAST_KEY if by_key and required else _FAST)[type_]
        fields.append((f"f{number}", kind) if required else (f"f{number}", kind, default))
    return msgspec.defstruct(
        "Record",
        fields,
        rename=names,
        kw_only=True,
        gc=False,
        forbid_unknown_fields=len(undeclared) <= MOST_UNDECLARED,
    )
