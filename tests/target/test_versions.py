"""Whole readings in mode merge: what a stream no longer has is gone, and nothing else."""

import contextlib
import io
import json
import os
import signal
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from target_td_table.errors import InterruptedLoadError, exit_code
from target_td_table.target import TargetTdTable
from tests.target.world import (
    INTEGER,
    MOMENT,
    TEXT,
    DuckDbTables,
    Outcome,
    Tables,
    activate,
    record,
    schema,
    state,
)  # fmt: skip

CHARGES = schema("charges", id=TEXT, _updated_at=MOMENT, created=MOMENT)
LEFT = "SELECT id FROM charges WHERE _sdc_deleted_at IS NULL ORDER BY id"
JUNE = {"field": "created", "gte": "2026-06-01T00:00:00Z", "lt": "2026-07-01T00:00:00Z"}


def load(tables: Tables, *lines: str, **settings: Any) -> Outcome:
    outcome = tables.load(CHARGES, *lines, **{"mode": "merge", **settings})
    assert outcome.error is None, outcome.sentence
    return outcome


def brought(version: int | None, names: str, **values: Any) -> list[str]:
    return [record("charges", id=name, version=version, **values) for name in names]


def reading(version: int, names: str, **more: Any) -> list[str]:
    return [*brought(version, names), activate("charges", version, **more)]


def left(tables: Tables) -> str:
    return "".join(name for (name,) in tables.rows(LEFT))


def test_pipelines_that_take_turns_remove_nothing_of_each_other(
    everywhere: Tables, caplog: pytest.LogCaptureFixture
) -> None:
    load(everywhere, *reading(1, "ab"), pipeline="one")
    load(everywhere, *brought(None, "xy"), pipeline="other")
    load(everywhere, *reading(2, "a"), state(at=2), pipeline="one")
    load(everywhere, *reading(3, "x"), state(at=3), pipeline="other")
    assert left(everywhere) == "abxy"
    assert "but the pipeline `other` loaded into `" in caplog.text
    assert "delete the others' rows about the table from `_td_loads`" in caplog.text


def test_a_pipeline_under_a_new_name_goes_on_removing(everywhere: Tables) -> None:
    for version, (name, names) in enumerate([("old", "ab"), ("old", "abc"), ("new", "bc")], 1):
        load(everywhere, *reading(version, names), pipeline=name)
    load(everywhere, *reading(4, "c"), pipeline="new")
    assert left(everywhere) == "c"


def test_a_whole_reading_marks_the_rows_that_it_did_not_bring(anywhere: Tables) -> None:
    load(anywhere, *reading(1, "abc"), *brought(None, "d"))
    load(anywhere, *reading(2, "bc"), state(at=2))
    assert left(anywhere) == "bc"
    assert anywhere.rows("SELECT count(*) FROM charges") == [(4,)]


def test_with_hard_delete_they_are_deleted(anywhere: Tables) -> None:
    load(anywhere, *reading(1, "abc"), hard_delete=True)
    load(anywhere, *reading(2, "bc"), hard_delete=True)
    assert anywhere.rows("SELECT id FROM charges ORDER BY id") == [("b",), ("c",)]
    assert "_sdc_deleted_at" not in anywhere.columns("charges")


def test_a_version_without_rows_leaves_none(anywhere: Tables) -> None:
    load(anywhere, *brought(None, "ab"))
    load(anywhere, activate("charges", 1))
    assert left(anywhere) == ""


def test_the_rows_of_a_reading_may_be_published_one_by_one(anywhere: Tables) -> None:
    load(anywhere, *brought(1, "abcd"))
    lines = [each for name in "abc" for each in (*brought(2, name), state(at=name))]
    load(anywhere, *lines, activate("charges", 2), state(at="end"), batch_size_rows=1)
    assert left(anywhere) == "abc"


def test_a_reading_that_did_not_come_to_its_end_removes_nothing_until_it_is_resumed(
    anywhere: Tables,
) -> None:
    load(anywhere, *reading(1, "abcd"))
    load(anywhere, *brought(2, "a"), state(at="a"))
    assert left(anywhere) == "abcd"
    load(anywhere, *brought(2, "b"), activate("charges", 2, resumed=True))
    assert left(anywhere) == "ab"


def test_a_version_that_is_activated_before_its_records_counts_when_it_is_activated_again(
    anywhere: Tables,
) -> None:
    load(anywhere, *reading(1, "ab"), state(at=1))
    early = [activate("charges", 2), *brought(2, "b"), state(at=2)]
    load(anywhere, *early, *brought(2, "c"))
    assert left(anywhere) == "abc"
    load(anywhere, *early, activate("charges", 2))
    assert left(anywhere) == "bc"


def test_news_that_follow_the_reading_in_the_same_run_stay(anywhere: Tables) -> None:
    load(anywhere, *reading(1, "ab"))
    load(anywhere, *reading(2, "a"), *brought(None, "n"), batch_size_rows=1)
    assert left(anywhere) == "an"
    load(anywhere, *reading(3, "a"))
    assert left(anywhere) == "a"


def test_the_row_that_the_reading_brought_is_there_also_if_a_newer_one_won(
    anywhere: Tables,
) -> None:
    load(anywhere, *brought(None, "a", _updated_at="2026-06-02T00:00:00Z"))
    old = brought(1, "a", _updated_at="2026-06-01T00:00:00Z")
    load(anywhere, *old, activate("charges", 1))
    assert left(anywhere) == "a"


@pytest.mark.parametrize(
    ("within", "expected"), [(JUNE, "ad"), (JUNE | {"gte": None}, "d"), (JUNE | {"lt": None}, "a")]
)
def test_a_bounded_reading_removes_only_what_it_asked_for(
    anywhere: Tables, within: dict[str, Any], expected: str
) -> None:
    days = {"a": "2026-05-31T23:00:00Z", "b": "2026-06-01T00:00:00Z", "c": None,
            "d": "2026-07-01T00:00:00Z"}  # fmt: skip
    load(anywhere, *[each for name in days for each in brought(1, name, created=days[name])])
    load(anywhere, activate("charges", 2, within=within))
    assert left(anywhere) == expected


@pytest.mark.parametrize(
    ("lines", "why"),
    [
        ([activate("charges", 2, within=None)], "it was bounded in a way that no column tells"),
        (
            [activate("charges", 2, within=JUNE | {"field": "x"})],
            "it was bounded by `x`, which is no time",
        ),
        ([activate("charges", 2, within=JUNE | {"field": "id"})], "it was bounded by `id`"),
        ([*brought(None, "x"), activate("charges", 2)], "records without a version"),
        ([record("charges", id=5, version=2), activate("charges", 2)], "some of its records did"),
    ],
)
def test_what_cannot_be_told_for_certain_is_not_removed(
    tables: DuckDbTables, caplog: pytest.LogCaptureFixture, lines: list[str], why: str
) -> None:
    load(tables, *reading(1, "ab"))
    load(tables, *lines, on_invalid="quarantine")
    assert left(tables).removesuffix("x") == "ab"
    assert f"The reading of `charges` came to its end, but {why}" in caplog.text


def test_what_an_earlier_part_of_a_reading_rejected_may_be_there(tables: DuckDbTables) -> None:
    load(tables, *reading(1, "ab"))
    bad = record("charges", id="a", created="never", version=2)
    load(tables, bad, state(at=1), on_invalid="quarantine")
    load(tables, activate("charges", 2, resumed=True), on_invalid="quarantine")
    assert left(tables) == "ab"


def test_streams_without_versions_get_no_columns_for_them(tables: DuckDbTables) -> None:
    load(tables, *brought(None, "a"), state(at=1))
    assert list(tables.columns("charges")) == ["id", "_updated_at", "created"]


def test_a_field_of_the_versions_name_gives_way(tables: DuckDbTables) -> None:
    declared = schema("charges", id=TEXT, _sdc_table_version=INTEGER)
    tables.load(declared, record("charges", id="a", version=7, _sdc_table_version=3), mode="merge")
    assert tables.rows("SELECT * FROM charges") == [("a", 7, None)]


def test_names_alike_and_a_time_column_do_not_hide_the_version(anywhere: Tables) -> None:
    alike: dict[str, Any] = {"id": TEXT, "N": INTEGER, "n": INTEGER, "created": MOMENT}
    more = {"mode": "merge", "time_column": "created"}
    old = [record("charges", id=name, version=1, created=JUNE["gte"]) for name in "ab"]
    anywhere.load(schema("charges", **alike), *old, **more)
    new = record("charges", id="a", N=1, n=2, version=2, created=JUNE["gte"])
    anywhere.load(schema("charges", **alike), new, activate("charges", 2, within=JUNE), **more)
    assert left(anywhere) == "a"
    assert anywhere.rows("SELECT n, time FROM charges WHERE id = 'a'") == [(2, 1_780_272_000)]


def test_a_stream_map_keeps_what_the_activation_says(tables: DuckDbTables) -> None:
    maps = {"charges": {"__alias__": "sales"}}
    lines = [*brought(1, "a", created="2026-01-01T00:00:00Z"), *brought(1, "b")]
    load(tables, *lines, activate("charges", 1), stream_maps=maps)
    load(tables, activate("charges", 2, within=JUNE), stream_maps=maps)
    assert tables.rows(LEFT.replace("charges", "sales")) == [("a",)]


def test_a_resumed_reading_is_not_whole_in_mode_replace(tables: DuckDbTables) -> None:
    tables.load(CHARGES, *reading(1, "ab"), mode="replace")
    outcome = tables.load(CHARGES, *reading(2, "c", resumed=True), state(at=2), mode="replace")
    assert "The tap resumed `charges` from a state" in outcome.sentence
    assert "Run the tap without the state." in outcome.sentence
    assert outcome.error is not None
    assert exit_code(outcome.error) == 1
    assert outcome.states == []
    assert tables.rows("SELECT id FROM charges ORDER BY id") == [("a",), ("b",)]


@pytest.mark.parametrize("within", [{"field": "created", "gte": "2026-06-01"}, {"gte": None}, 5])
def test_a_stretch_that_is_none_is_refused(tables: DuckDbTables, within: Any) -> None:
    outcome = tables.load(CHARGES, activate("charges", 1, within=within), mode="merge")
    assert "The ACTIVATE_VERSION on line 2 of the input breaks the Singer spec" in outcome.sentence


class Interrupted(io.StringIO):
    """An input in the middle of which somebody stops the target."""

    def read(self, size: int | None = -1) -> str:
        text = super().read(size)
        if not text:
            os.kill(os.getpid(), signal.SIGTERM)
        return text


@settings(max_examples=20, deadline=None)
@given(
    keys=st.lists(st.sampled_from("abcdefgh"), unique=True),
    cut=st.integers(0, 20),
    batch_size_rows=st.integers(1, 4),
    keeps_state=st.booleans(),
    hard_delete=st.booleans(),
)
def test_a_reading_that_is_killed_anywhere_leaves_what_the_stream_has_when_it_comes_to_its_end(
    keys: list[str], cut: int, batch_size_rows: int, *, keeps_state: bool, hard_delete: bool
) -> None:
    more = {"batch_size_rows": batch_size_rows, "hard_delete": hard_delete, "mode": "merge"}
    pages = [(*brought(2, name), state(sent=at)) for at, name in enumerate(keys, 1)]
    whole = [line for page in pages for line in page]
    with TemporaryDirectory() as folder:
        tables = DuckDbTables(Path(folder) / "stripe.duckdb")
        load(tables, *reading(1, "abcdefghi"), **more)

        tables.load(CHARGES, *whole[:cut], "killed here\n", **more)
        kept = tables.rows("SELECT state FROM _td_state") if tables.columns("_td_state") else []
        sent = json.loads(kept[0][0])["sent"] if kept and keeps_state else 0
        rest = "".join(keys[sent:])
        load(tables, *reading(2 if sent else 3, rest, resumed=bool(sent)), **more)

        there = "SELECT id FROM charges ORDER BY id" if hard_delete else LEFT
        assert tables.rows(there) == [(name,) for name in sorted(keys)]


def interrupt(tables: DuckDbTables, *lines: str, **settings: Any) -> str:
    target = TargetTdTable(config={"destination": tables.url, **settings})
    with contextlib.redirect_stdout(io.StringIO()) as out, pytest.raises(InterruptedLoadError):
        target.listen(Interrupted("".join([CHARGES, *lines])))
    return out.getvalue()


def test_what_came_after_the_last_state_does_not_count_when_the_target_is_stopped(
    tables: DuckDbTables,
) -> None:
    load(tables, *reading(1, "ab"))
    lines = [*brought(2, "a"), state(at=1), *brought(2, "b"), activate("charges", 2)]
    assert interrupt(tables, *lines, mode="merge") == '{"at":1}\n'.replace(":", ": ")
    assert left(tables) == "ab"
    assert tables.rows("SELECT id FROM charges WHERE _sdc_table_version = 2") == [("a",)]


def test_what_a_new_schema_sent_on_its_way_holds_the_state_back(tables: DuckDbTables) -> None:
    lines = [*brought(None, "a"), state(at=1), *brought(None, "b")]
    wider = schema("charges", id=TEXT, n=INTEGER)
    assert interrupt(tables, *lines, wider, *brought(None, "c")) == ""
    assert tables.columns("charges") == {}
