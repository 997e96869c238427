"""Records as the CSV that COPY reads, without looking into nested JSON.

A JSON string without escapes is a quoted CSV value as it stands, a number or a boolean is an
unquoted one, and `null` is what COPY is told to read as NULL. So most values pass as the bytes
the tap sent.
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
CSV_OPTIONS = "FORMAT csv, HEADER, DELIMITER E'\\t', NULL 'null', ENCODING 'UTF8'"
_HEADER = b"-\n"

_BLOCK_BYTES = 1 << 17
# msgspec cannot rename a field to these.
_ODD = re.compile(r'["\\\x00-\x1f]')
_NULL = msgspec.Raw(b"null")
_SPLIT: msgspec.json.Decoder[dict[str, msgspec.Raw]] = msgspec.json.Decoder(dict[str, msgspec.Raw])
_TEXT = msgspec.json.Decoder(str)
_NUL_ESCAPE = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")

Encode = Callable[[bytes | msgspec.Raw], "bytes | msgspec.Raw"]


@dataclass(frozen=True, slots=True)
class Filled:
    """One column of the rows: the field it comes from, and how its values are written."""

    name: str
    field: str
    spelling: str
    encode: Encode
    # Whether its values cannot pass as they are even in a record without escapes.
    is_rewritten: bool


def lines(batch: Batch, columns: Sequence[Filled], *, careful: bool) -> Iterator[bytes]:
    """Yield the batch as CSV, a small piece at a time, so that the server never waits for long.

    Unless `careful`, an integer that is written like 1.0 is not rewritten for PostgreSQL.
    """
    rows = _careful_rows if careful else _fast_rows
    yield _HEADER
    with batch.path.open("rb") as file:
        while block := file.readlines(_BLOCK_BYTES):
            yield b"".join(rows(block, columns))


def _fast_rows(block: Sequence[bytes], columns: Sequence[Filled]) -> Iterator[bytes]:
    rewritten = [(place, each.encode) for place, each in enumerate(columns) if each.is_rewritten]
    encodes = [each.encode for each in columns]
    for line, values in zip(block, _split(block, columns), strict=True):
        if b"\\" in line:
            yield b"\t".join([encode(each) for encode, each in zip(encodes, values, strict=True)])
        else:
            row = list(values)
            for place, encode in rewritten:
                row[place] = encode(row[place])
            yield b"\t".join(row)
        yield b"\n"


def _careful_rows(block: Sequence[bytes], columns: Sequence[Filled]) -> Iterator[bytes]:
    encodes = [each.encode for each in columns]
    for values in _split(block, columns):
        yield b"\t".join([encode(each) for encode, each in zip(encodes, values, strict=True)])
        yield b"\n"


def _split(
    block: Sequence[bytes], columns: Sequence[Filled]
) -> Iterator[Sequence[bytes | msgspec.Raw]]:
    """Yield the values of each record in the order of the columns."""
    spellings = tuple(each.spelling for each in columns)
    if len(set(spellings)) == len(spellings) and not any(map(_ODD.search, spellings)):
        yield from map(msgspec.structs.astuple, _decoder(spellings).decode_lines(b"".join(block)))
        return
    for record in _SPLIT.decode_lines(b"".join(block)):
        yield [record.get(spelling, _NULL) for spelling in spellings]


@functools.lru_cache(maxsize=64)
def _decoder(spellings: tuple[str, ...]) -> msgspec.json.Decoder[msgspec.Struct]:
    """Reads the fields of these names; twice as fast as reading a mapping."""
    names = {f"f{number}": spelling for number, spelling in enumerate(spellings)}
    fields = [(name, msgspec.Raw, _NULL) for name in names]
    return msgspec.json.Decoder(msgspec.defstruct("Row", fields, rename=names, gc=False))


def row_lines(record: bytes, columns: Sequence[Filled]) -> int:
    """How many lines the CSV of one record takes: text may have line ends of its own."""
    return sum(row.count(b"\n") for row in _careful_rows([record], columns))


def filled(
    table: Table, placed: Sequence[Column], types: Mapping[str, LogicalType | None]
) -> list[Filled]:
    """How each column is filled; `placed` are the table's columns as the destination calls them.

    `types` are those that the columns have there, which may be wider than the fields.
    """
    encodings = [_encoding(column, types.get(column.name)) for column in placed]
    return [
        Filled(
            column.name,
            column.field,
            table.spelling(column.field),
            encode,
            encode in (_json, _unix_seconds),
        )
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


def _as_it_is(value: bytes | msgspec.Raw) -> bytes | msgspec.Raw:
    return value


def _integer(value: bytes | msgspec.Raw) -> bytes:
    """JSON Schema calls 1.0 and 1e3 integers; PostgreSQL does not."""
    text = bytes(value)
    if b"." in text or b"e" in text or b"E" in text:
        return b"%d" % int(Decimal(text.decode()))
    return text


def _text(value: bytes | msgspec.Raw) -> bytes:
    text = bytes(value)
    if b"\\" not in text:
        return text
    return b'"' + _TEXT.decode(text).replace('"', '""').encode() + b'"'


def _json(value: bytes | msgspec.Raw) -> bytes:
    text = bytes(value)
    if b'"' not in text:
        return text
    return b'"' + text.replace(b'"', b'""') + b'"'


def _unix_seconds(value: bytes | msgspec.Raw) -> bytes:
    if bytes(value) == b"null":
        return b"null"
    moment = datetime.fromisoformat(_TEXT.decode(value))
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return b"%d" % (moment.timestamp() // 1)


_BY_TYPE: Mapping[LogicalType, Encode] = {
    LogicalType.BOOLEAN: _as_it_is,
    LogicalType.INTEGER: _integer,
    LogicalType.NUMBER: _as_it_is,
    LogicalType.TIMESTAMP: _text,
    LogicalType.STRING: _text,
}
