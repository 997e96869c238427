"""Which record COPY refused, and what is wrong with it, without telling what is in it."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import msgspec
import psycopg

from target_td_table.batch import Batch
from target_td_table.errors import BadRecordError, InputError
from target_td_table.loaders.postgres_rows import Filled, holds_nul, row_lines
from target_td_table.table import Table

# `COPY _td_staging_1, line 3, column amount: "x"`, in the server's language.
_PLACE = re.compile(r'^COPY .+?, [^\d,]*(\d+)(?:, \S+ (.*?)(?:: "|: null|$))?', re.MULTILINE)
_LONGEST_KEY = 80

_REASONS = {
    "22001": "is longer than its column allows",
    "22003": "is beyond the range of its column",
    "22007": "is no time that PostgreSQL can read",
    "22008": "is a time beyond PostgreSQL's range",
    "22021": "holds characters that are not in the database's encoding",
    "22P05": "holds characters that are not in the database's encoding",
    "54000": (
        "is longer than PostgreSQL can keep: a row with values in very many columns must fit into "
        "a page of 8 kB, so deselect fields of the stream"
    ),
    "54001": "is nested deeper than the server's `max_stack_depth` allows",
}
_ENCODING = frozenset({"22021", "22P05"})
_NUL = "holds the character U+0000, which PostgreSQL cannot keep"
_OTHER = "does not fit the type of its column"


@dataclass(frozen=True, slots=True)
class Refusal:
    """One record that the server refused."""

    place: int
    line: int
    record: bytes
    field: str | None
    reason: str

    def error(self, table: Table) -> BadRecordError:
        """What to tell a person."""
        where = f"`{table.stream}`{_key(table, self.record)} (line {self.line})"
        value = f"`{self.field}`" if self.field else "one of its values"
        fix = "Correct the data or the column."
        return BadRecordError(where, f"{value} {self.reason}", fix, place=self.place)


def is_about_a_record(error: psycopg.Error) -> bool:
    """Whether a value was refused, and not the work as a whole."""
    state = error.sqlstate or ""
    return state.startswith("22") or state in _REASONS


def refused_record(batch: Batch, columns: Sequence[Filled], error: psycopg.Error) -> InputError:
    """The error of COPY as a sentence about one record."""
    found = find(batch, columns, error)
    if found is None:
        reason = _REASONS.get(error.sqlstate or "", _OTHER)
        return InputError(
            f"A record of `{batch.table.stream}` {reason}. PostgreSQL does not say which record. "
            "Nothing of its batch was published."
        )
    return found.error(batch.table)


def find(batch: Batch, columns: Sequence[Filled], error: psycopg.Error) -> Refusal | None:
    """The record and the field that the server means, if that can be told."""
    if error.sqlstate in _ENCODING:
        # The server checks ahead, and may name a line before the one it means.
        for at, (line, record) in enumerate(batch.records()):
            if holds_nul(record) and (field := _field_with_nul(record, columns)):
                return Refusal(at, line, record, field, _NUL)
    place = _PLACE.search(error.diag.context or "")
    return _at(batch, columns, place, error) if place else None


def _at(
    batch: Batch, columns: Sequence[Filled], place: re.Match[str], error: psycopg.Error
) -> Refusal | None:
    wanted, written = int(place[1]), 1
    for at, (line, record) in enumerate(batch.records()):
        written += row_lines(record, columns)
        if written >= wanted:
            fields = [each.field for each in columns if each.name == place[2]]
            reason = _REASONS.get(error.sqlstate or "", _OTHER)
            return Refusal(at, line, record, fields[0] if fields else None, reason)
    return None


def _field_with_nul(record: bytes, columns: Sequence[Filled]) -> str | None:
    values = msgspec.json.decode(record, type=dict[str, msgspec.Raw])
    fields = [each.field for each in columns if holds_nul(bytes(values.get(each.spelling, b"")))]
    return fields[0] if fields else None


def _key(table: Table, record: bytes) -> str:
    """The record's key, as far as it is short enough to read."""
    values = msgspec.json.decode(record, type=dict[str, msgspec.Raw])
    names = [table.spelling(field) for field in table.key if field in table.fields]
    keys = [
        str(msgspec.json.decode(values[name]))[:_LONGEST_KEY] for name in names if name in values
    ]
    return f" record `{'`, `'.join(keys)}`" if keys else ""
