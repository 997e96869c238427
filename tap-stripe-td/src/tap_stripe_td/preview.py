"""The first rows of streams as typed tables: a look before a load.

The columns are headed `name:type` and strings are quoted, as the hosted connector's preview did.
"""

from __future__ import annotations

import csv
import io
import json
import sys
from dataclasses import dataclass
from enum import Enum
from itertools import islice
from typing import TYPE_CHECKING, Any

from rich.console import Console

from tap_stripe_td.children import first_rows
from tap_stripe_td.errors import ENDS_THE_RUN, ConfigError, TapError
from tap_stripe_td.records import decoded

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from tap_stripe_td.discovery import StripeStream
    from tap_stripe_td.records import Record
    from tap_stripe_td.source import Source

ROWS = 10
_NARROWEST_CELL = 12


class Format(Enum):
    """How a preview is written."""

    TABLE = "table"
    CSV = "csv"
    JSON = "json"
    TSV = "tsv"


@dataclass(frozen=True)
class Column:
    """One column: a field's name and its type, in the hosted connector's words."""

    name: str
    type: str

    @property
    def head(self) -> str:
        """The column's heading: `created:timestamp`."""
        return f"{self.name}:{self.type}"


@dataclass(frozen=True)
class Preview:
    """The first rows of one stream.

    Attributes:
        stream: Its name.
        columns: In the schema's order.
        rows: The values of each row by column name, as JSON values.
    """

    stream: str
    columns: tuple[Column, ...]
    rows: tuple[Mapping[str, Any], ...]

    @classmethod
    def of(cls, stream: str, schema: Mapping[str, Any], records: Sequence[Record]) -> Preview:
        """Return the preview of some records under their schema."""
        columns = tuple(
            Column(name, _type_of(field)) for name, field in schema["properties"].items()
        )
        return cls(stream, columns, tuple(decoded(record) for record in records))


_TYPES = {"boolean": "boolean", "integer": "long", "number": "double", "string": "string"}


def _type_of(field: Mapping[str, Any]) -> str:
    """Return the hosted connector's word for a field's type; what is nested or mixed is `json`."""
    types = field.get("type", [])
    scalars = {types} if isinstance(types, str) else set(types) - {"null"}
    if field.get("format") == "date-time":
        return "timestamp"
    return _TYPES.get(next(iter(scalars)), "json") if len(scalars) == 1 else "json"


def previews(source: Source, streams: Iterable[StripeStream]) -> Iterator[Preview | TapError]:
    """Yield the first rows of every stream, or why they cannot be read, by one request each.

    Raises:
        TapError: If nothing can be read.
    """
    for stream in streams:
        try:
            records = first_rows(source, stream.row, ROWS)
        except ENDS_THE_RUN:
            raise
        except TapError as refused:
            yield refused
        else:
            yield Preview.of(stream.name, stream.schema, records)


def told(
    found: Iterator[Preview | TapError], streams: Sequence[StripeStream], host: str
) -> Iterator[Preview | TapError]:
    """Yield what is found, and tell on a terminal's stderr what is waited for meanwhile."""
    console = Console(stderr=True)
    if not sys.stderr.isatty():
        yield from found
        return
    with console.status("") as status:
        for number, stream in enumerate(streams, 1):
            status.update(f"Asking {host} for `{stream.name}` ({number} of {len(streams)})")
            yield from islice(found, 1)


def check_format(form: Format, streams: int) -> None:
    """Check that so many streams can be written so.

    Raises:
        ConfigError: If several are to be written as one table of separated values.
    """
    if form in {Format.CSV, Format.TSV} and streams > 1:
        raise ConfigError(
            f"A preview as {form.value} holds one stream, but {streams} are selected. Name one in "
            "`target`, or use --format json."
        )


def render(previews: Sequence[Preview], form: Format, *, width: int | None) -> str:
    """Return the previews as text.

    Args:
        previews: One for each stream.
        form: How they are written.
        width: The terminal's columns, which a table is fitted to; None when all is shown.
    """
    if form is Format.JSON:
        content = {p.stream: [_ordered(p, row) for row in p.rows] for p in previews}
        return json.dumps(content, ensure_ascii=False, indent=2) + "\n"
    if form is Format.TABLE:
        several = len(previews) > 1
        return "\n".join(_titled(preview, width, several=several) for preview in previews)
    delimiter = "," if form is Format.CSV else "\t"
    return "".join(_separated(preview, delimiter) for preview in previews)


def _ordered(preview: Preview, row: Mapping[str, Any]) -> dict[str, Any]:
    return {column.name: row.get(column.name) for column in preview.columns}


def _separated(preview: Preview, delimiter: str) -> str:
    text = io.StringIO()
    writer = csv.writer(text, delimiter=delimiter, lineterminator="\n")
    writer.writerow(column.head for column in preview.columns)
    for row in preview.rows:
        writer.writerow(_plain(row.get(column.name)) for column in preview.columns)
    return text.getvalue()


def _plain(value: object) -> str:
    if value is None:
        return ""
    return (
        value
        if isinstance(value, str)
        else json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    )


def _cell(column: Column, value: object) -> str:
    """Return a value as the hosted connector wrote it: strings quoted, `nil` for null."""
    if value is None:
        return "nil"
    if column.type == "timestamp" and isinstance(value, str):
        value = value.replace("T", " ").replace("Z", ".000 UTC")
    elif column.type == "json":
        value = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return json.dumps(value, ensure_ascii=False)


def _table(preview: Preview, width: int | None) -> str:
    cells = [
        [column.head, *(_cell(column, row.get(column.name)) for row in preview.rows)]
        for column in preview.columns
    ]
    shown = _fitted(cells, width)
    rule = "".join(f"+-{'-' * len(column[0])}-" for column in shown) + "+"
    lines = [f"| {' | '.join(parts)} |" for parts in zip(*shown, strict=True)]
    hidden = [column.head for column in preview.columns[len(shown) :]]
    return "\n".join([rule, lines[0], rule, *lines[1:], rule, *_footer(preview, hidden), ""])


def _titled(preview: Preview, width: int | None, *, several: bool) -> str:
    title = f"{preview.stream}\n" if several else ""
    return title + _table(preview, width)


def _footer(preview: Preview, hidden: Sequence[str]) -> list[str]:
    count = len(preview.rows)
    rows = f"{count} row{'' if count == 1 else 's'} in set"
    if not hidden:
        return [rows]
    return [f"{rows}; {len(hidden)} more columns do not fit (--format json shows all)"]


def _fitted(cells: Sequence[Sequence[str]], width: int | None) -> list[list[str]]:
    """Return the columns, padded; only as many, and each only as wide, as the width allows."""
    if width is None:
        return [_padded(column, max(map(len, column))) for column in cells]
    fitted: list[list[str]] = []
    left = width - 1
    for column in cells:
        wanted = min(max(map(len, column)), max(len(column[0]), _NARROWEST_CELL, width // 3))
        if wanted + 3 > left:
            break
        fitted.append(_padded(column, wanted))
        left -= wanted + 3
    return fitted or [_padded(cells[0], max(_NARROWEST_CELL, width - 4))]


def _padded(column: Sequence[str], width: int) -> list[str]:
    return [_cut(text, width).ljust(width) for text in column]


def _cut(text: str, width: int) -> str:
    return text if len(text) <= width else text[: width - 1] + "…"
