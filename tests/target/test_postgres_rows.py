"""What COPY is sent says the same as the records, however they are written."""

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from target_td_table.batch import Batch, OpenBatch
from target_td_table.loaders.postgres_rows import filled, lines
from target_td_table.table import Column, LogicalType, Table, TableName
from tests.target.postgres_server import PostgresTables
from tests.target.world import INTEGER, MOMENT, TEXT, schema

TYPES = {
    "nested": LogicalType.JSON,
    "text": LogicalType.STRING,
    "whole": LogicalType.INTEGER,
    'odd "name"': LogicalType.STRING,
    "other": LogicalType.JSON,
}
TEXTS = st.none() | st.text() | st.sampled_from(['"', "null", "a\nb", "\\", "\x01", "\x02", "é"])
JSON = st.recursive(
    st.none() | st.integers(-9, 9) | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=6,
)
RECORDS = st.lists(
    st.fixed_dictionaries(
        {},
        optional={
            "nested": JSON,
            "text": TEXTS,
            "whole": st.none() | st.integers(),
            'odd "name"': TEXTS,
            "other": JSON,
        },
    ),
    max_size=9,
)
AS_JSON: list[Callable[[Any], str]] = [
    json.dumps,
    lambda value: json.dumps(value, ensure_ascii=False),
    lambda value: json.dumps(value, ensure_ascii=False, separators=(",\r", ":\t")),
]


def sent(batch: Batch, *, careful: bool) -> list[dict[str, Any]]:
    """What a reader of CSV finds in the lines, with JSON read as JSON."""
    columns = filled(batch.table, batch.table.columns, {})
    text = b"".join(lines(batch, columns, careful=careful)).decode()
    reader = csv.reader(
        io.StringIO(text, newline=""), delimiter="\x02", quotechar="\x01", strict=True
    )
    _header, *rows = reader
    return [
        {each.field: value(each.field, cell) for each, cell in zip(columns, row, strict=True)}
        for row in rows
    ]


def value(field: str, cell: str) -> Any:
    if TYPES[field] is LogicalType.STRING:
        return cell
    return json.loads(cell)


def expected(field: str, given: Any) -> Any:
    """A reader of CSV that knows no NULL takes it for the text `null`."""
    return "null" if given is None and TYPES[field] is LogicalType.STRING else given


@pytest.mark.parametrize("fields", [list(TYPES), ["nested", "other"], ["text", "whole"]])
@settings(deadline=None)
@given(records=RECORDS, written=st.sampled_from(AS_JSON), careful=st.booleans())
def test_the_lines_hold_the_values_of_the_records(
    fields: list[str],
    records: list[dict[str, Any]],
    written: Callable[[Any], str],
    *,
    careful: bool,
) -> None:
    columns = tuple(Column(name, name, TYPES[name]) for name in fields)
    table = Table("charges", TableName("public", "charges"), columns)
    with TemporaryDirectory() as folder:
        opened = OpenBatch(Path(folder) / "batch.ndjson")
        chunk = "".join(written(record) + "\n" for record in records)
        opened.add(chunk.encode("utf-8", "surrogatepass"), range(len(records)))

        found = sent(opened.close(table), careful=careful)

    assert found == [
        {name: expected(name, record.get(name)) for name in fields} for record in records
    ]


def test_an_end_of_a_line_that_is_white_space_of_json_ends_no_row(
    postgres: PostgresTables,
) -> None:
    line = '{"type":"RECORD","stream":"charges","record":{"id":"%s","o":{"a":\r[1,\r\t2]}}}\n'
    postgres.load(schema("charges", id=TEXT, o={}), *(line % each for each in ("1", "null")))
    assert postgres.rows("SELECT id, o #>> '{a,1}' FROM charges") == [("1", "2"), ("null", "2")]


def test_a_column_made_of_a_field_stands_beside_the_field_and_nested_json(
    postgres: PostgresTables,
) -> None:
    line = '{"type":"RECORD","stream":"charges","record":{"o":{"a":"\\""},"created":%s,"n":%d}}\n'
    moments = ['"1970-01-01T00:00:09Z"', "null"]
    postgres.load(
        schema("charges", key=(), o={}, created=MOMENT, n=INTEGER),
        *(line % (moment, number) for number, moment in enumerate(moments)),
        time_column="created",
    )
    found = postgres.rows("SELECT n, time, created::text, o ->> 'a' FROM charges ORDER BY n")
    assert found == [(0, 9, "1970-01-01 00:00:09+00", '"'), (1, None, None, '"')]
