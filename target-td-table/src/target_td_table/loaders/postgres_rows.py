"""Records as the CSV that COPY reads, without looking into nested JSON.

A JSON string without escapes is a quoted CSV value as it stands, a number or a boolean is an
unquoted one, and `null` is what COPY is told to read as NULL. So most values pass as the bytes
the tap sent.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal

import msgspec

from target_td_table.batch import Batch
from target_td_table.table import Column, LogicalType, Table

# How COPY must be told to read the lines.
CSV_OPTIONS = "FORMAT csv, DELIMITER E'\\t', NULL 'null', ENCODING 'UTF8'"

_BLOCK_BYTES = 1 << 20
_NULL = msgspec.Raw(b"null")
_SPLIT: msgspec.json.Decoder[dict[str, msgspec.Raw]] = msgspec.json.Decoder(dict[str, msgspec.Raw])
_TEXT = msgspec.json.Decoder(str)
_NUL_ESCAPE = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")

Encode = Callable[[msgspec.Raw], "bytes | msgspec.Raw"]


@dataclass(frozen=True, slots=True)
class Filled:
    """One column of the rows: the field it comes from, and how its values are written."""

    name: str
    field: str
    spelling: str
    encode: Encode


def lines(batch: Batch, columns: Sequence[Filled]) -> Iterator[bytes]:
    """Yield the batch as CSV, about a megabyte at a time."""
    with batch.path.open("rb") as file:
        while block := file.readlines(_BLOCK_BYTES):
            yield b"".join(_rows(block, columns))


def _rows(block: Sequence[bytes], columns: Sequence[Filled]) -> Iterator[bytes]:
    pairs = [(each.spelling, each.encode) for each in columns]
    for record in _SPLIT.decode_lines(b"".join(block)):
        get = record.get
        yield b"\t".join([encode(get(spelling, _NULL)) for spelling, encode in pairs])
        yield b"\n"


def row_lines(record: bytes, columns: Sequence[Filled]) -> int:
    """How many lines the CSV of one record takes: text may have line ends of its own."""
    return sum(row.count(b"\n") for row in _rows([record], columns))


def filled(
    table: Table, placed: Sequence[Column], types: Mapping[str, LogicalType | None]
) -> list[Filled]:
    """How each column is filled; `placed` are the table's columns as the destination calls them.

    `types` are those that the columns have there, which may be wider than the fields.
    """
    return [
        Filled(
            column.name,
            column.field,
            table.spelling(column.field),
            _encoding(column, types.get(column.name)),
        )
        for column in placed
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


def _as_it_is(value: msgspec.Raw) -> msgspec.Raw:
    return value


def _integer(value: msgspec.Raw) -> bytes:
    """JSON Schema calls 1.0 and 1e3 integers; PostgreSQL does not."""
    text = bytes(value)
    if b"." in text or b"e" in text or b"E" in text:
        return b"%d" % int(Decimal(text.decode()))
    return text


def _text(value: msgspec.Raw) -> bytes:
    text = bytes(value)
    if b"\\" not in text:
        return text
    return b'"' + _TEXT.decode(text).replace('"', '""').encode() + b'"'


def _json(value: msgspec.Raw) -> bytes:
    text = bytes(value)
    if b'"' not in text:
        return text
    return b'"' + text.replace(b'"', b'""') + b'"'


def _unix_seconds(value: msgspec.Raw) -> bytes:
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
