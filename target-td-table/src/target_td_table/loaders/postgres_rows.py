"""Records as the CSV that COPY reads, without looking into nested JSON.

COPY is told to divide columns with a character that no JSON text holds as it is. So a text without
escapes, a number and a boolean pass as the bytes the tap sent, and `null` is what COPY takes for
NULL. Only in nested JSON the quotation marks are doubled.
"""

import functools
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal

import msgspec

from target_td_table.batch import Batch
from target_td_table.table import Column, LogicalType, Table

# How COPY must be told to read the lines. The first one is passed over: before it has seen the
# end of a line, the server counts those in the middle of a text wrongly.
CSV_OPTIONS = "FORMAT csv, HEADER, DELIMITER E'\\x02', NULL 'null', ENCODING 'UTF8'"
_DELIMITER, _QUOTE, _ESCAPE, _END = b"\x02", b'"', b"\\", b"\n"
_HEADER = b"-\n"

_BLOCK_BYTES = 1 << 17
# msgspec cannot rename a field to these.
_ODD = re.compile(r'["\\\x00-\x1f]')
_NULL = msgspec.Raw(b"null")
_SPLIT: msgspec.json.Decoder[dict[str, msgspec.Raw]] = msgspec.json.Decoder(dict[str, msgspec.Raw])
_TEXT = msgspec.json.Decoder(str)
_NUL_ESCAPE = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")

Value = bytes | msgspec.Raw
Encode = Callable[[Value], Value]


@dataclass(frozen=True, slots=True)
class Filled:
    """One column of the rows: the field it comes from, and how its values are written."""

    name: str
    field: str
    spelling: str
    encode: Encode


@dataclass(frozen=True, slots=True)
class _Rewriting:
    """The places of the columns that cannot pass as they are, in records without escapes and in all."""

    plain: Sequence[tuple[int, Encode]]
    escaped: Sequence[tuple[int, Encode]]

    @classmethod
    def of(cls, columns: Sequence[Filled], *, careful: bool) -> "_Rewriting":
        """With `careful` also integers are rewritten."""
        known = [(place, each.encode) for place, each in enumerate(columns)]
        if careful:
            return cls(known, known)
        escaped = [each for each in known if each[1] in _ALWAYS or each[1] is _text]
        return cls([each for each in known if each[1] in _ALWAYS], escaped)


def lines(batch: Batch, columns: Sequence[Filled], *, careful: bool) -> Iterator[bytes]:
    """Yield the batch as CSV, a small piece at a time, so that the server never waits for long.

    Unless `careful`, an integer that is written like 1.0 is not rewritten for PostgreSQL.
    """
    rewriting = _Rewriting.of(columns, careful=careful)
    yield _HEADER
    with batch.path.open("rb") as file:
        while block := file.read(_BLOCK_BYTES) + file.readline():
            yield _END.join([*_rows(block, columns, rewriting), b""])


def _rows(block: bytes, columns: Sequence[Filled], rewriting: _Rewriting) -> Iterator[bytes]:
    if _ESCAPE not in block:
        for values in _split(block, columns):
            yield _row(values, rewriting.plain)
        return
    for values, record in zip(_split(block, columns), block.split(_END), strict=False):
        yield _row(values, rewriting.escaped if _ESCAPE in record else rewriting.plain)


def _row(values: Sequence[Value], rewritten: Sequence[tuple[int, Encode]]) -> bytes:
    row = list(values)
    for place, encode in rewritten:
        row[place] = encode(row[place])
    return _DELIMITER.join(row)


def _split(block: bytes, columns: Sequence[Filled]) -> Iterator[Sequence[Value]]:
    """Yield the values of each record in the order of the columns."""
    spellings = tuple(each.spelling for each in columns)
    if len(set(spellings)) == len(spellings) and not any(map(_ODD.search, spellings)):
        yield from map(msgspec.structs.astuple, _decoder(spellings).decode_lines(block))
        return
    for record in _SPLIT.decode_lines(block):
        yield [record.get(spelling, _NULL) for spelling in spellings]


@functools.lru_cache(maxsize=64)
def _decoder(spellings: tuple[str, ...]) -> msgspec.json.Decoder[msgspec.Struct]:
    """Reads the fields of these names; twice as fast as reading a mapping."""
    names = {f"f{number}": spelling for number, spelling in enumerate(spellings)}
    fields = [(name, msgspec.Raw, _NULL) for name in names]
    return msgspec.json.Decoder(msgspec.defstruct("Row", fields, rename=names, gc=False))


def row_lines(record: bytes, columns: Sequence[Filled]) -> int:
    """How many lines the CSV of one record takes: text may have line ends of its own."""
    rewriting = _Rewriting.of(columns, careful=True)
    return sum(row.count(_END) + 1 for row in _rows(record, columns, rewriting))


def filled(
    table: Table, placed: Sequence[Column], types: Mapping[str, LogicalType | None]
) -> list[Filled]:
    """How each column is filled; `placed` are the table's columns as the destination calls them.

    `types` are those that the columns have there, which may be wider than the fields.
    """
    encodings = [_encoding(column, types.get(column.name)) for column in placed]
    return [
        Filled(column.name, column.field, table.spelling(column.field), encode)
        for column, encode in zip(placed, encodings, strict=True)
    ]


def holds_nul(value: bytes) -> bool:
    r"""Whether JSON text holds the character U+0000, which PostgreSQL has no room for."""
    return b"u0000" in value and _NUL_ESCAPE.search(value) is not None


def _encoding(column: Column, has: LogicalType | None) -> Encode:
    if column.unix_seconds:
        return _unix_seconds
    if LogicalType.JSON in (has, column.read_as):
        return _json
    return _BY_TYPE[column.read_as]


def _as_it_is(value: Value) -> Value:
    return value


def _integer(value: Value) -> bytes:
    """JSON Schema calls 1.0 and 1e3 integers; PostgreSQL does not."""
    text = bytes(value)
    if b"." in text or b"e" in text or b"E" in text:
        return b"%d" % int(Decimal(text.decode()))
    return text


def _text(value: Value) -> bytes:
    text = bytes(value)
    return _quoted(_TEXT.decode(text).encode()) if _ESCAPE in text else text


def _json(value: Value) -> bytes:
    text = bytes(value)
    return _quoted(text) if _QUOTE in text else text


def _quoted(text: bytes) -> bytes:
    return b'"%b"' % text.replace(b'"', b'""')


def _unix_seconds(value: Value) -> bytes:
    if bytes(value) == b"null":
        return b"null"
    moment = datetime.fromisoformat(_TEXT.decode(value))
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return b"%d" % (moment.timestamp() // 1)


_BY_TYPE: Mapping[LogicalType, Encode] = {
    LogicalType.BOOLEAN: _as_it_is,
    LogicalType.INTEGER: _integer,
    LogicalType.LONG_INTEGER: _integer,
    LogicalType.NUMBER: _as_it_is,
    LogicalType.TIMESTAMP: _text,
    LogicalType.STRING: _text,
}
# What is rewritten in every record.
_ALWAYS = (_json, _unix_seconds)
