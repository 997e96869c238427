"""Records as the CSV that COPY reads, without looking into nested JSON.

COPY is told to quote with a character that no JSON text holds as it is. So nested JSON, numbers and
booleans pass as the bytes the tap sent, `null` is what COPY takes for NULL, and of a text without
escapes only the quotation marks are exchanged, those of a whole block at once.
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
CSV_OPTIONS = "FORMAT csv, HEADER, DELIMITER E'\\x02', QUOTE E'\\x01', NULL 'null', ENCODING 'UTF8'"
_DELIMITER, _QUOTE, _END = b"\x02", b"\x01", b"\n"
_HEADER = b"-\n"
_ESCAPES = (b"\\", _DELIMITER, _QUOTE)
# Where a text begins and ends; nothing in a line without escapes looks like it.
_MARKS = tuple(
    (edge, edge.replace(b'"', _QUOTE))
    for edge in (_DELIMITER + b'"', b'"' + _DELIMITER, _END + b'"', b'"' + _END)
)

_BLOCK_BYTES = 1 << 17
_MARK = ord('"')
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
    encodes = [each.encode for each in columns]
    yield _HEADER
    with batch.path.open("rb") as file:
        while block := file.read(_BLOCK_BYTES) + file.readline():
            if careful:
                yield b"".join(_careful_row(each, encodes) for each in _split(block, columns))
            elif any(mark in block for mark in _ESCAPES):
                yield b"".join(_mixed_rows(block, columns))
            else:
                yield _with_quotes(list(_fast_rows(block, columns)))


def _mixed_rows(block: bytes, columns: Sequence[Filled]) -> Iterator[bytes]:
    """Rows in which some values are escaped; those without go together."""
    encodes = [each.encode for each in columns]
    waiting: list[bytes] = []
    for record in block.split(_END)[:-1]:
        line = record + _END
        if not any(mark in line for mark in _ESCAPES):
            waiting.append(line)
            continue
        yield _with_quotes(list(_fast_rows(b"".join(waiting), columns)))
        waiting = []
        yield from (_careful_row(each, encodes) for each in _split(line, columns))
    yield _with_quotes(list(_fast_rows(b"".join(waiting), columns)))


def _fast_rows(block: bytes, columns: Sequence[Filled]) -> Iterator[bytes]:
    rewritten = [(place, each.encode) for place, each in enumerate(columns) if each.is_rewritten]
    for values in _split(block, columns):
        row = list(values)
        for place, encode in rewritten:
            row[place] = encode(row[place])
        yield _DELIMITER.join(row)


def _with_quotes(rows: Sequence[bytes]) -> bytes:
    """The rows with the quotation marks around their texts exchanged."""
    if not rows:
        return b""
    lines = _END.join([b"", *rows, b""])
    for mark, quote in _MARKS:
        lines = lines.replace(mark, quote)
    return lines[1:]


def _careful_row(values: Sequence[bytes | msgspec.Raw], encodes: Sequence[Encode]) -> bytes:
    return (
        _DELIMITER.join([encode(each) for encode, each in zip(encodes, values, strict=True)]) + _END
    )


def _split(block: bytes, columns: Sequence[Filled]) -> Iterator[Sequence[bytes | msgspec.Raw]]:
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
    encodes = [each.encode for each in columns]
    return sum(_careful_row(each, encodes).count(_END) for each in _split(record, columns))


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
    if text == b"null":
        return text
    plain = _TEXT.decode(text).encode() if b"\\" in text else text[1:-1]
    return _quoted(plain)


def _json(value: bytes | msgspec.Raw) -> bytes | msgspec.Raw:
    """JSON as it is, but a bare string must not be taken for a text."""
    text = memoryview(value)
    return _quoted(bytes(value)) if text[0] == _MARK else value


def _quoted(text: bytes) -> bytes:
    return _QUOTE + text.replace(_QUOTE, _QUOTE + _QUOTE) + _QUOTE


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
    LogicalType.LONG_INTEGER: _integer,
    LogicalType.NUMBER: _as_it_is,
    LogicalType.TIMESTAMP: _text,
    LogicalType.STRING: _text,
}
