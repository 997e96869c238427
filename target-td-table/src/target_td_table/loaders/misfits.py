"""Which records of a batch a destination refuses, when it does not say so itself."""

from bisect import bisect_left
from collections.abc import Callable, Mapping, Sequence
from itertools import islice

import msgspec

from target_td_table.batch import Batch
from target_td_table.errors import BadRecordError, Misfit
from target_td_table.reasons import Reasons, which
from target_td_table.records import as_it_came
from target_td_table.table import Table

_CHUNK_ROWS = 1000
_FIX = "Correct the data or the column."

Fails = Callable[[Sequence[bytes]], bool]


def misfit_at(batch: Batch, place: int, fails: Fails) -> BadRecordError | None:
    """The record at a place, if it fails by itself."""
    found = next(batch.picked([place]), None)
    if found is None or not fails([found[2]]):
        return None
    _, line, record = found
    return Explaining(batch.table).refusal(place, line, record, wrong_field(batch, record, fails))


def first_misfit(batch: Batch, fails: Fails) -> BadRecordError | None:
    """The first record with which records fail; None if they fail only together."""
    found = first_failing(batch, fails)
    if found is None:
        return None
    place, line, record = found
    field = wrong_field(batch, record, fails)
    return Explaining(batch.table).refusal(place, line, record, field)


def first_failing(batch: Batch, fails: Fails) -> tuple[int, int, bytes] | None:
    """The place, the line and the record with which records begin to fail.

    `fails` is asked about records that follow each other, a thousand at a time.
    """
    start, records = 0, batch.records()
    while chunk := list(islice(records, _CHUNK_ROWS)):
        found = [record for _, record in chunk]
        if fails(found):
            prefixes = range(len(chunk))
            at = bisect_left(prefixes, True, key=lambda last: fails(found[: last + 1]))
            return (start + at, *chunk[at])
        start += len(chunk)
    return None


def wrong_field(batch: Batch, record: bytes, fails: Fails) -> str | None:
    """The first field of a record that fails by itself."""
    table = batch.table
    values = msgspec.json.decode(record, type=dict[str, msgspec.Raw])
    spellings = {field: table.spelling(field) for field in table.fields}
    fields = [
        field
        for field, name in spellings.items()
        if name in values and fails([_alone(name, values[name])])
    ]
    return fields[0] if fields else None


class Explaining:
    """Says what is wrong with records of a table that its destination refuses."""

    def __init__(self, table: Table) -> None:
        self._table = table
        self._reasons = Reasons(table)

    def refusal(self, place: int, line: int, record: bytes, field: str | None) -> BadRecordError:
        """One record and the field that is refused, None if each of them fits."""
        came = as_it_came(self._table, record)
        where = f"`{self._table.stream}`{which(self._table, came)} (line {line})"
        reason = self._reason(came, line, field)
        return BadRecordError(where, reason, _FIX, [Misfit(place, reason)])

    def refusals(self, batch: Batch, fields: Mapping[int, str | None]) -> BadRecordError | None:
        """All records at some places, each with the field that is refused, as one error."""
        first: BadRecordError | None = None
        misfits = []
        for place, line, record in batch.picked(fields):
            if first is None:
                first = self.refusal(place, line, record, fields[place])
                misfits.append(first.misfits[0])
            else:
                came = as_it_came(self._table, record)
                misfits.append(Misfit(place, self._reason(came, line, fields[place])))
        if first:
            first.misfits = tuple(misfits)
        return first

    def _reason(self, came: bytes, line: int, field: str | None) -> str:
        try:
            self._reasons.refuse(came, line)
        except BadRecordError as error:
            return error.reason
        if field is None:
            # Each of its fields fits, once it is there only once.
            return "it has a field twice"
        return f"`{field}` does not fit the type of its column"


def _alone(name: str, value: msgspec.Raw) -> bytes:
    return msgspec.json.encode({name: value}) + b"\n"
