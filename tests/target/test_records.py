from typing import Any

import pytest

from tests.target.world import (
    BOOLEAN,
    INTEGER,
    MOMENT,
    NUMBER,
    TEXT,
    DuckDbTables,
    Tables,
    line,
    record,
    schema,
    state,
)  # fmt: skip

FIELDS: dict[str, Any] = {"id": TEXT, "n": INTEGER, "f": NUMBER, "b": BOOLEAN, "t": MOMENT}


@pytest.mark.parametrize(
    ("field", "value", "why"),
    [
        ("n", "12", "is a string, but the SCHEMA says integer"),
        ("n", 1.5, "is a number with a fraction, but the SCHEMA says integer"),
        ("n", True, "is a boolean, but the SCHEMA says integer"),
        ("n", 2**63, "is an integer beyond 64 bits, but the SCHEMA says integer"),
        ("n", {}, "is an object, but the SCHEMA says integer"),
        ("f", "1.5", "is a string, but the SCHEMA says number"),
        ("f", False, "is a boolean, but the SCHEMA says number"),
        ("b", 1, "is an integer, but the SCHEMA says boolean"),
        ("t", "yesterday", "is a string that is no time, but the SCHEMA says timestamp"),
        ("t", "2026-02-30T00:00:00Z", "is a string that is no time, but the SCHEMA says timestamp"),
        ("t", 1_700_000_000, "is an integer, but the SCHEMA says timestamp"),
        ("id", 5, "is an integer, but the SCHEMA says string"),
        ("id", [], "is an array, but the SCHEMA says string"),
    ],
)
def test_a_value_that_does_not_fit_is_named_and_nothing_is_published(
    tables: DuckDbTables, field: str, value: Any, why: str
) -> None:
    outcome = tables.load(
        schema("charges", **FIELDS),
        record("charges", id="ch_1"),
        record("charges", **{"id": "ch_2", field: value}),
        state(a=1),
    )
    assert f"`{field}` {why}" in outcome.sentence
    assert "(line 3)" in outcome.sentence
    assert outcome.states == []
    assert tables.columns("charges") == {}


@pytest.mark.parametrize(
    ("field", "value", "kept"),
    [
        ("n", 1.0, "1"),
        ("f", 1, "1.0"),
        ("t", "2026-01-02 03:04:05", "2026-01-02 03:04:05+00"),
        ("t", "2026-01-02", "2026-01-02 00:00:00+00"),
        ("t", "2026-01-02T03:04:05+09:00", "2026-01-01 18:04:05+00"),
        ("id", None, None),
    ],
)
def test_a_value_that_json_schema_or_habit_allows_is_kept(
    tables: DuckDbTables, field: str, value: Any, kept: str | None
) -> None:
    tables.load(schema("charges", key=(), **FIELDS), record("charges", **{field: value}))
    assert tables.rows(f"SELECT {field}::VARCHAR FROM charges") == [(kept,)]


def test_a_record_without_a_field_of_its_key_is_refused(tables: DuckDbTables) -> None:
    outcome = tables.load(schema("charges"), record("charges"))
    assert "(line 2): it has no `id`, which is in its key" in outcome.sentence


def test_fields_the_schema_does_not_declare_are_named_once_and_left_out(
    tables: DuckDbTables, caplog: pytest.LogCaptureFixture
) -> None:
    tables.load(schema("charges"), *[record("charges", id=str(n), new=n) for n in range(3)])
    assert caplog.text.count("`new`") == 1
    assert tables.rows("SELECT count(*) FROM charges") == [(3,)]


def test_a_key_that_comes_twice_in_a_record_is_refused(tables: DuckDbTables) -> None:
    twice = '{"type":"RECORD","stream":"charges","record":{"id":"1","id":"2"}}\n'
    assert "(line 2): it has a field twice" in tables.load(schema("charges"), twice).sentence


def test_the_content_of_a_record_is_never_told(tables: DuckDbTables) -> None:
    outcome = tables.load(
        schema("charges", id=TEXT, n=INTEGER), record("charges", id="ch_1", n="secret stuff")
    )
    assert "secret" not in outcome.sentence


def test_a_key_that_moves_the_cursor_is_told_harmlessly(anywhere: Tables) -> None:
    bad = record("charges", id="\x1b[2Jé\n", n="x")
    outcome = anywhere.load(schema("charges", id=TEXT, n=INTEGER), bad)
    assert r"`charges` record `\x1b[2J\xe9\n` (line 2)" in outcome.sentence


def test_a_schema_without_fields_is_a_sentence(everywhere: Tables) -> None:
    lines = [line("SCHEMA", stream="charges", schema={"properties": {}}), record("charges")]
    assert "declares no field" in everywhere.load(*lines).sentence
