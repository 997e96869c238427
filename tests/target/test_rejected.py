from typing import Any

import pytest

from tests.target.world import BOOLEAN, INTEGER, TEXT, DuckDbTables, record, schema, state

CHARGES = schema("charges", id=TEXT, n=INTEGER, b=BOOLEAN)
GOOD = [record("charges", id=name, n=1) for name in "ab"]
BAD = record("charges", id="x", n="secret", b=5)
REASON = (
    "`n` is a string, but the SCHEMA says integer; `b` is an integer, but the SCHEMA says boolean"
)


def test_a_refused_record_is_named_with_its_key_its_line_and_all_its_wrong_fields(
    tables: DuckDbTables,
) -> None:
    outcome = tables.load(CHARGES, GOOD[0], BAD, GOOD[1])
    assert f"`charges` record `x` (line 3): {REASON}." in outcome.sentence
    assert tables.columns("charges") == {}


@pytest.mark.parametrize("mode", ["append", "replace", "merge"])
def test_in_quarantine_a_bad_record_is_kept_aside_and_the_good_ones_are_loaded(
    tables: DuckDbTables, mode: str, caplog: pytest.LogCaptureFixture
) -> None:
    outcome = tables.load(
        CHARGES, GOOD[0], BAD, GOOD[1], state(at=1), on_invalid="quarantine", mode=mode
    )
    assert outcome.error is None
    assert outcome.states == [{"at": 1}]
    assert tables.rows("SELECT id FROM charges ORDER BY id") == [("a",), ("b",)]
    assert tables.rows("SELECT line, reason, record FROM charges__rejected") == [
        (3, REASON, '{"id": "x", "n": "secret", "b": 5}')
    ]
    said = (
        "1 record of `charges` did not fit and went to `main.charges__rejected`, with the reason."
    )
    assert said in caplog.text


@pytest.mark.parametrize("bad", ["[1]", "5", '{"n":1}'])
def test_whatever_is_no_record_of_the_stream_is_kept_aside(tables: DuckDbTables, bad: str) -> None:
    line = f'{{"type":"RECORD","stream":"charges","record":{bad}}}\n'
    tables.load(CHARGES, GOOD[0], line, on_invalid="quarantine")
    assert tables.rows("SELECT record FROM charges__rejected") == [(bad,)]
    assert tables.rows("SELECT id FROM charges") == [("a",)]


def test_rejected_records_are_added_to_those_of_the_run_before_also_in_mode_replace(
    tables: DuckDbTables,
) -> None:
    for _ in range(2):
        tables.load(CHARGES, GOOD[0], BAD, on_invalid="quarantine", mode="replace")
    assert tables.rows("SELECT count(*) FROM charges__rejected") == [(2,)]
    assert tables.rows("SELECT count(*) FROM charges") == [(1,)]


@pytest.mark.parametrize(("most", "is_refused"), [(1, True), (2, False), (0, True)])
def test_more_rejected_records_than_allowed_stop_the_load(
    tables: DuckDbTables, most: int, *, is_refused: bool
) -> None:
    outcome = tables.load(CHARGES, BAD, BAD, on_invalid="quarantine", max_rejected=most)
    assert (outcome.error is not None) is is_refused
    if is_refused:
        assert f"`max_rejected` is {most}" in outcome.sentence


def test_only_what_came_before_the_state_is_rejected_with_it(tables: DuckDbTables) -> None:
    lines: list[Any] = [BAD, state(at=1), BAD, "broken\n"]
    tables.load(CHARGES, *lines, on_invalid="quarantine", batch_size_rows=1)
    assert tables.rows("SELECT line FROM charges__rejected") == [(2,)]
