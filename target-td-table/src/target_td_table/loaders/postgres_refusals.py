"""Which record COPY refused, and what is wrong with it, without telling what is in it."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import msgspec
import psycopg

from target_td_table.batch import Batch
from target_td_table.errors import BadRecordError, InputError, Misfit
from target_td_table.loaders.postgres_rows import Filled, holds_nul, row_lines
from target_td_table.reasons import which
from target_td_table.records import as_it_came

# `COPY _td_staging_1, line 3, column amount: "x"`, in the server's language.
_PLACE = re.compile(r'^COPY .+?, [^\d,]*(\d+)(?:, \S+ (.*?)(?:: "|: null|$))?', re.MULTILINE)

_TOO_LONG = (
    "is longer than PostgreSQL can keep: a row with values in very many columns must fit into a "
    "page of 8 kB, so deselect fields of the stream"
)
_REASONS = {
    "22001": "is longer than its column allows",
    "22003": "is beyond the range of its column",
    "22007": "is no time that PostgreSQL can read",
    "22008": "is a time beyond PostgreSQL's range",
    "22021": "holds characters that are not in the database's encoding",
    "22P05": "holds characters that are not in the database's encoding",
    "54000": _TOO_LONG,
    "54001": "is nested deeper than the server's `max_stack_depth` allows",
}
# Beside all that begin with 22: what is wrong with a value.
STATES = tuple(_REASONS)
_ROW_TOO_LONG = "54000"
_ENCODING = frozenset({"22021", "22P05"})
_NUL = "holds the character U+0000, which PostgreSQL cannot keep"
_OTHER = "does not fit the type of its column"


@dataclass(frozen=True, slots=True)
class Filling:
    """The columns that a batch fills, and their types at the server."""

    columns: Sequence[Filled]
    types: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Refusal:
    """One record that the server refused."""

    place: int
    line: int
    record: bytes
    field: str | None
    reason: str

    @property
    def told(self) -> str:
        """What is wrong, and with what."""
        return told(self.field, self.reason)


def told(field: str | None, reason: str) -> str:
    """What is wrong with a field, or with one that is not known, or with the whole row."""
    if reason is _TOO_LONG:
        return f"it {reason}"
    return f"{f'`{field}`' if field else 'one of its values'} {reason}"


def is_about_a_record(error: psycopg.Error) -> bool:
    """Whether a value was refused, and not the work as a whole."""
    state = error.sqlstate or ""
    return state.startswith("22") or state in _REASONS


def refused_records(batch: Batch, reasons: Mapping[int, str], error: psycopg.Error) -> InputError:
    """The records at some places as one error, which tells the first one of them."""
    table = batch.table
    first = next(batch.picked(reasons), None)
    if first is None:
        return InputError(
            f"A record of `{table.stream}` {reason(error.sqlstate)}. PostgreSQL does not say "
            "which record. Nothing of its batch was published."
        )
    place, line, record = first
    where = f"`{table.stream}`{which(table, as_it_came(table, record))} (line {line})"
    misfits = [Misfit(each, reasons[each]) for each in sorted(reasons)]
    return BadRecordError(where, reasons[place], "Correct the data or the column.", misfits)


def find(batch: Batch, columns: Sequence[Filled], error: psycopg.Error) -> Refusal | None:
    """The record and the field that the server means, if that can be told."""
    if error.sqlstate in _ENCODING:
        # The server checks ahead, and may name a line before the one it means.
        with_nul = next(refused_for_nul(batch, columns), None)
        if with_nul:
            return with_nul
    if error.sqlstate == _ROW_TOO_LONG:
        # COPY writes many rows at a time, and names the line it has come to.
        return None
    place = _PLACE.search(error.diag.context or "")
    return _at(batch, columns, place, error) if place else None


def reason(state: str | None) -> str:
    """What a SQLSTATE says about a value."""
    return _REASONS.get(state or "", _OTHER)


def refused_for_nul(batch: Batch, columns: Sequence[Filled]) -> Iterator[Refusal]:
    """Yield the records that hold U+0000, each with the first field that does."""
    for at, (line, record) in enumerate(batch.records()):
        if holds_nul(record) and (field := _field_with_nul(record, columns)):
            yield Refusal(at, line, record, field, _NUL)


def _at(
    batch: Batch, columns: Sequence[Filled], place: re.Match[str], error: psycopg.Error
) -> Refusal | None:
    wanted, written = int(place[1]), 1
    for at, (line, record) in enumerate(batch.records()):
        written += row_lines(record, columns)
        if written >= wanted:
            fields = [each.field for each in columns if each.name == place[2]]
            field = fields[0] if fields else None
            return Refusal(at, line, record, field, reason(error.sqlstate))
    return None


def _field_with_nul(record: bytes, columns: Sequence[Filled]) -> str | None:
    values = msgspec.json.decode(record, type=dict[str, msgspec.Raw])
    fields = [each.field for each in columns if holds_nul(bytes(values.get(each.spelling, b"")))]
    return fields[0] if fields else None
