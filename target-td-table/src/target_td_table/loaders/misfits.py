"""Which record of a batch a destination refuses, when it does not say so itself."""

from bisect import bisect_left
from collections.abc import Callable, Sequence
from itertools import islice

import msgspec

from target_td_table.batch import Batch
from target_td_table.errors import BadRecordError
from target_td_table.records import as_it_came, explain, which
from target_td_table.table import Table

_CHUNK_ROWS = 1000
_FIX = "Correct the data or the column."

Fails = Callable[[Sequence[bytes]], bool]


def misfit_at(batch: Batch, place: int, fails: Fails) -> BadRecordError | None:
    """The record at a place, if it fails by itself."""
    found = next(islice(batch.records(), place, None), None)
    if found is None or not fails([found[1]]):
        return None
    return _explained(batch, place, *found, fails)


def first_misfit(batch: Batch, fails: Fails) -> BadRecordError | None:
    """The first record with which records fail; None if they fail only together.

    `fails` is asked about records that follow each other, a thousand at a time.
    """
    start, records = 0, batch.records()
    while chunk := list(islice(records, _CHUNK_ROWS)):
        found = [record for _, record in chunk]
        if fails(found):
            prefixes = range(len(chunk))
            at = bisect_left(prefixes, True, key=lambda last: fails(found[: last + 1]))
            return _explained(batch, start + at, *chunk[at], fails)
        start += len(chunk)
    return None


def _explained(batch: Batch, place: int, line: int, record: bytes, fails: Fails) -> BadRecordError:
    came = as_it_came(batch.table, record)
    where = f"`{batch.table.stream}`{which(batch.table, came)} (line {line})"
    try:
        explain(batch.table, came, line)
    except BadRecordError as error:
        return BadRecordError(where, error.reason, _FIX, place=place)
    return BadRecordError(where, _reason(batch.table, record, fails), _FIX, place=place)


def _reason(table: Table, record: bytes, fails: Fails) -> str:
    values = msgspec.json.decode(record, type=dict[str, msgspec.Raw])
    spellings = {field: table.spelling(field) for field in table.fields}
    fields = [
        field
        for field, name in spellings.items()
        if name in values and fails([_alone(name, values[name])])
    ]
    if fields:
        return f"`{fields[0]}` does not fit the type of its column"
    # Each of its fields fits, once it is there only once.
    return "it has a field twice"


def _alone(name: str, value: msgspec.Raw) -> bytes:
    return msgspec.json.encode({name: value}) + b"\n"
