"""Whether records fit their table, asked at the speed of a block and answered by the record.

The fast answer is a msgspec struct made from the table and run over a whole block. Only when it
says no, the records are looked at one by one: to forgive what JSON Schema forgives (1.0 is an
integer), to find fields that the SCHEMA does not declare, or to say what is wrong.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

import msgspec

from target_td_table import nested
from target_td_table.errors import BadRecordError
from target_td_table.reasons import Reasons
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
        self._reasons = Reasons(table, by_key=by_key)
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
    ) -> Looked:
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
                    undeclared.update(self._reasons.refuse(record, line))
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
