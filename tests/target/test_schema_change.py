from typing import Any

import pytest

from tests.target.world import (
    BOOLEAN,
    INTEGER,
    MOMENT,
    NUMBER,
    OBJECT,
    TEXT,
    DuckDbTables,
    record,
    schema,
)  # fmt: skip


def test_a_new_field_becomes_a_column(tables: DuckDbTables) -> None:
    tables.load(schema("charges"), record("charges", id="1"))
    tables.load(schema("charges", id=TEXT, n=INTEGER), record("charges", id="2", n=2))
    assert tables.rows("FROM charges ORDER BY id") == [("1", None), ("2", 2)]


def test_a_schema_in_mid_stream_counts_from_there_on(tables: DuckDbTables) -> None:
    tables.load(
        schema("charges"),
        record("charges", id="1"),
        schema("charges", id=TEXT, n=INTEGER),
        record("charges", id="2", n=2),
    )
    assert tables.rows("FROM charges ORDER BY id") == [("1", None), ("2", 2)]


def test_a_field_that_is_gone_keeps_its_column(tables: DuckDbTables) -> None:
    tables.load(schema("charges", id=TEXT, n=INTEGER), record("charges", id="1", n=1))
    tables.load(schema("charges"), record("charges", id="2"))
    assert tables.rows("FROM charges ORDER BY id") == [("1", 1), ("2", None)]


@pytest.mark.parametrize(
    ("before", "after", "kept"),
    [
        ((INTEGER, 1), (NUMBER, 1.5), ["1.0", "1.5"]),
        ((NUMBER, 1.5), (INTEGER, 2), ["1.5", "2.0"]),
        ((INTEGER, 1), (TEXT, "x"), ["1", "x"]),
        ((TEXT, "x"), (INTEGER, 1), ["x", "1"]),
        ((BOOLEAN, True), (OBJECT, {"a": 1}), ["true", '{"a":1}']),
        ((TEXT, "x"), (OBJECT, {"a": 1}), ['"x"', '{"a":1}']),
        ((OBJECT, {"a": 1}), (TEXT, "x"), ['{"a":1}', '"x"']),
        ((MOMENT, "2026-01-02T03:04:05Z"), (TEXT, "x"), ["2026-01-02T03:04:05.000000Z", "x"]),
    ],
)
def test_a_type_that_grew_or_shrank_loses_nothing(
    tables: DuckDbTables, before: tuple[Any, Any], after: tuple[Any, Any], kept: list[str]
) -> None:
    for name, (type_, value) in (("1", before), ("2", after)):
        tables.load(schema("charges", id=TEXT, v=type_), record("charges", id=name, v=value))
    rows = tables.rows("SELECT v::VARCHAR FROM charges ORDER BY id")
    assert [value for (value,) in rows] == kept


def test_a_type_that_cannot_grow_is_refused_and_the_rows_stay(tables: DuckDbTables) -> None:
    tables.load(schema("charges", id=TEXT, v=INTEGER), record("charges", id="1", v=1))
    outcome = tables.load(schema("charges", id=TEXT, v=MOMENT))
    assert "`v` of `charges` is timestamp now" in outcome.sentence
    assert tables.rows("SELECT v FROM charges") == [(1,)]


def test_an_integer_that_a_double_cannot_hold_stops_the_widening(tables: DuckDbTables) -> None:
    tables.load(schema("charges", id=TEXT, v=INTEGER), record("charges", id="1", v=2**53 + 1))
    outcome = tables.load(schema("charges", id=TEXT, v=NUMBER))
    assert "without losing digits" in outcome.sentence
    assert tables.rows("SELECT v FROM charges") == [(2**53 + 1,)]


def test_a_column_that_must_grow_under_an_index_is_refused(tables: DuckDbTables) -> None:
    tables.load(schema("charges", id=TEXT, v=INTEGER))
    tables.run("CREATE INDEX by_id ON charges (id)")
    outcome = tables.load(schema("charges", id=TEXT, v=NUMBER))
    assert "Drop the index" in outcome.sentence
