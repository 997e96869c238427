"""Records as the CSV that COPY reads, without looking into nested JSON.

COPY is told to divide columns and to quote values with characters that no JSON text holds as they
are. So nested JSON, a number and a boolean pass as the bytes the tap sent, and `null` is what COPY
takes for NULL. A text loses its quotation marks, and only if it has escapes it is looked at.
Decision: docs/decisions/0138-nested-json-goes-to-copy-as-it-is.md.
"""

import functools
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from operator import itemgetter

import msgspec

from target_td_table.batch import Batch
from target_td_table.table import Column, LogicalType, Table

# How COPY must be told to read the lines. The first one is passed over: before it has seen the
# end of a line, the server counts those in the middle of a text wrongly.
CSV_OPTIONS = "FORMAT csv, HEADER, DELIMITER E'\\x02', QUOTE E'\\x01', NULL 'null', ENCODING 'UTF8'"
_DELIMITER, _QUOTE, _END = b"\x02", b"\x01", b"\n"
_HEADER = b"-\n"
_MARK, _ESCAPE, _RETURN = b'"', b"\\", b"\r"
# A text that would be taken for NULL without its quotation marks.
_NULL_TEXT = b'"null"'

_BLOCK_BYTES = 1 << 17
# msgspec cannot rename a field to these.
_ODD = re.compile(r'["\\\x00-\x1f]')
_NULL = msgspec.Raw(b"null")
_SPLIT: msgspec.json.Decoder[dict[str, msgspec.Raw]] = msgspec.json.Decoder(dict[str, msgspec.Raw])
_TEXT = msgspec.json.Decoder(str)
_NUL_ESCAPE = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")

Value = bytes | msgspec.Raw
Values = Sequence[Value]
Encode = Callable[[Value], Value]
_joined = _DELIMITER.join


@dataclass(frozen=True, slots=True)
class Filled:
    """One column of the rows: the field it comes from, and how its values are written."""

    name: str
    field: str
    spelling: str
    encode: Encode


@dataclass(frozen=True, slots=True)
class _Form:
    """The columns by what must be done to them: scalars, nested JSON, and what is made of a field.

    `spellings` are the fields to read, each once; a made column tells the place of its field there.
    """

    spellings: tuple[str, ...]
    scalars: Sequence[Encode]
    nested: Sequence[Encode]
    made: Sequence[tuple[int, Encode]]

    @classmethod
    def of(cls, columns: Sequence[Filled]) -> "_Form":
        """Of columns in the order of `filled`."""
        spellings = tuple(dict.fromkeys(each.spelling for each in columns))
        encodings = [each.encode for each in columns]
        nested = [encode for encode in encodings if encode is _json]
        made = [
            (spellings.index(each.spelling), each.encode)
            for each in columns
            if each.encode is _unix_seconds
        ]
        scalars = encodings[: len(columns) - len(nested) - len(made)]
        return cls(spellings, scalars, nested, made)


def lines(batch: Batch, columns: Sequence[Filled], *, careful: bool) -> Iterator[bytes]:
    """Yield the batch as CSV, a small piece at a time, so that the server never waits for long.

    Unless `careful`, an integer that is written like 1.0 is not rewritten for PostgreSQL.
    """
    form = _Form.of(columns)
    yield _HEADER
    with batch.path.open("rb") as file:
        while block := file.read(_BLOCK_BYTES) + file.readline():
            yield _END.join([*_rows(block, form, careful=careful), b""])


def _rows(block: bytes, form: _Form, *, careful: bool) -> Iterator[bytes]:
    records = _split(block, form.spellings)
    # An end of a line between two values of nested JSON: only there JSON may hold it.
    if careful or _RETURN in block:
        return (_row(record, form) for record in records)
    rest = _rests(records, form)
    if not form.scalars:
        return rest
    heads = _heads(records, form)
    return map(_joined, zip(heads, rest, strict=True)) if form.nested or form.made else iter(heads)


def _heads(records: Sequence[Values], form: _Form) -> list[bytes]:
    """The scalars of each record: without quotation marks, which none of them holds inside."""
    head = itemgetter(slice(len(form.scalars)))
    together = _END.join(map(_joined, map(head, records)))
    heads = together.translate(None, _MARK).split(_END)
    if _ESCAPE in together or _NULL_TEXT in together:
        for place, found in enumerate(together.split(_END)):
            if _ESCAPE in found or _NULL_TEXT in found:
                heads[place] = _scalars(records[place], form)
    return heads


def _rests(records: Sequence[Values], form: _Form) -> Iterator[bytes]:
    """What follows the scalars of each record."""
    end = len(form.scalars) + len(form.nested)
    nested = map(itemgetter(slice(len(form.scalars), end)), records)
    if not form.made:
        return map(_joined, nested)
    pairs = zip(nested, records, strict=True)
    return (_joined([*found, *_made(record, form)]) for found, record in pairs)


def _row(record: Values, form: _Form) -> bytes:
    """One record, looked at value by value."""
    start, end = len(form.scalars), len(form.scalars) + len(form.nested)
    scalars = [_scalars(record, form)] if form.scalars else []
    return _joined([*scalars, *map(_careful_json, record[start:end]), *_made(record, form)])


def _scalars(record: Values, form: _Form) -> bytes:
    return _joined([encode(value) for encode, value in zip(form.scalars, record, strict=False)])


def _made(record: Values, form: _Form) -> list[Value]:
    return [encode(record[place]) for place, encode in form.made]


def _split(block: bytes, spellings: tuple[str, ...]) -> list[Values]:
    """The fields of each record in this order."""
    if not any(map(_ODD.search, spellings)):
        return list(map(msgspec.structs.astuple, _decoder(spellings).decode_lines(block)))
    records = _SPLIT.decode_lines(block)
    return [[record.get(each, _NULL) for each in spellings] for record in records]


@functools.lru_cache(maxsize=64)
def _decoder(spellings: tuple[str, ...]) -> msgspec.json.Decoder[msgspec.Struct]:
    """Reads the fields of these names; twice as fast as reading a mapping."""
    names = {f"f{number}": spelling for number, spelling in enumerate(spellings)}
    fields = [(name, msgspec.Raw, _NULL) for name in names]
    return msgspec.json.Decoder(msgspec.defstruct("Row", fields, rename=names, gc=False))


def row_lines(record: bytes, columns: Sequence[Filled]) -> int:
    """How many lines the CSV of one record takes: text may have line ends of its own."""
    return sum(row.count(_END) + 1 for row in _rows(record, _Form.of(columns), careful=True))


def filled(
    table: Table, placed: Sequence[Column], types: Mapping[str, LogicalType | None]
) -> list[Filled]:
    """How each column is filled; `placed` are the table's columns as the destination calls them.

    `types` are those that the columns have there, which may be wider than the fields. The columns
    come in the order in which their values are written.
    """
    encodings = [_encoding(column, types.get(column.name)) for column in placed]
    found = [
        Filled(column.name, column.field, table.spelling(column.field), encode)
        for column, encode in zip(placed, encodings, strict=True)
    ]
    return sorted(found, key=lambda each: (each.encode is _unix_seconds, each.encode is _json))


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
    if text == b"null":
        return text
    if _ESCAPE in text or text == _NULL_TEXT:
        return _quoted(_TEXT.decode(text).encode())
    return text[1:-1]


def _json(value: Value) -> Value:
    return value


def _careful_json(value: Value) -> Value:
    return _quoted(bytes(value)) if _RETURN in bytes(value) else value


def _quoted(text: bytes) -> bytes:
    return b"".join((_QUOTE, text.replace(_QUOTE, 2 * _QUOTE), _QUOTE))


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
