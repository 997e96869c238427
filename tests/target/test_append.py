from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest

from target_td_table.modes import Mode
from target_td_table.target import TargetTdTable
from tests.target.world import (
    BOOLEAN,
    INTEGER,
    MOMENT,
    NUMBER,
    OBJECT,
    TEXT,
    DuckDbTables,
    Tables,
    activate,
    record,
    schema,
    state,
)  # fmt: skip


def test_every_value_arrives_in_its_type(tables: DuckDbTables) -> None:
    fields: dict[str, Any] = {
        "id": TEXT,
        "n": INTEGER,
        "f": NUMBER,
        "b": BOOLEAN,
        "t": MOMENT,
        "o": OBJECT,
    }

    tables.load(
        schema("charges", **fields),
        record("charges", id="é\x00\n", n=2**63 - 1, f=0.5, b=True, t="2026-01-02T03:04:05.5Z",
               o={"a": [1, None], "b": "ü"}),
    )  # fmt: skip

    moment = datetime(2026, 1, 2, 3, 4, 5, 500_000, tzinfo=UTC)
    assert tables.rows("FROM charges") == [
        ("é\x00\n", 2**63 - 1, 0.5, True, moment, '{"a":[1,null],"b":"ü"}')
    ]
    assert list(tables.columns("charges").values()) == [
        "VARCHAR", "BIGINT", "DOUBLE", "BOOLEAN", "TIMESTAMP WITH TIME ZONE", "JSON",
    ]  # fmt: skip


def test_a_missing_field_is_null(tables: DuckDbTables) -> None:
    tables.load(schema("charges", id=TEXT, n=INTEGER), record("charges", id="1"))
    assert tables.rows("FROM charges") == [("1", None)]


def test_rows_are_added_to_those_of_the_run_before(tables: DuckDbTables) -> None:
    for name in ("1", "2"):
        tables.load(schema("charges"), record("charges", id=name))
    assert tables.rows("FROM charges ORDER BY id") == [("1",), ("2",)]


def test_records_with_a_version_are_added_like_others(tables: DuckDbTables) -> None:
    for version in (1, 2):
        tables.load(
            schema("charges"),
            record("charges", id="1", version=version),
            activate("charges", version),
        )
    assert tables.rows("SELECT count(*) FROM charges") == [(2,)]


def test_a_schema_alone_makes_an_empty_table(tables: DuckDbTables) -> None:
    tables.load(schema("charges"))
    assert tables.rows("FROM charges") == []


def test_without_any_setting_rows_are_in_stripe_duckdb_here(working_directory: Path) -> None:
    source = working_directory / "in.singer"
    source.write_text(schema("charges") + record("charges", id="1"))

    with source.open() as opened:
        TargetTdTable().listen(opened)

    with duckdb.connect(working_directory / "stripe.duckdb") as connection:
        assert connection.execute("FROM charges").fetchall() == [("1",)]


def test_a_batch_folder_is_not_left_behind(
    tables: DuckDbTables, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    tables.load(schema("charges"), record("charges", id="1"))
    assert [each.name for each in tmp_path.iterdir()] == ["stripe.duckdb"]


def test_the_database_setting_names_a_schema(tables: DuckDbTables) -> None:
    tables.load(schema("charges"), record("charges", id="1"), state(a=1), database="td_sample_db")
    assert tables.rows("FROM td_sample_db.charges") == [("1",)]
    assert tables.rows("SELECT state FROM td_sample_db._td_state") == [('{"a": 1}',)]


def test_the_table_setting_is_a_template(tables: DuckDbTables) -> None:
    tables.load(schema("charges"), record("charges", id="1"), table="stripe_{stream}")
    assert tables.rows("FROM stripe_charges") == [("1",)]


@pytest.mark.parametrize("mode", Mode)
def test_two_streams_into_one_table_are_refused_with_the_second_schema(
    everywhere: Tables, mode: Mode
) -> None:
    lines = [schema("charges"), schema("refunds"), "no line of these is looked at"]
    outcome = everywhere.load(*lines, table="every", mode=str(mode))
    assert "`charges` and `refunds` would both load into the table" in outcome.sentence
    assert "Put `{stream}` into the setting `table`" in outcome.sentence


def test_when_a_second_stream_comes_late_nothing_of_the_first_is_published(
    everywhere: Tables,
) -> None:
    lines = [schema("charges"), record("charges", id="1"), schema("refunds")]
    outcome = everywhere.load(*lines, table="every")
    assert "would both load into the table" in outcome.sentence
    if everywhere.columns("every"):
        assert everywhere.rows("SELECT * FROM every") == []


@pytest.mark.parametrize("order", [1, -1])
def test_a_stream_into_the_table_of_rejected_records_of_another_is_refused(
    everywhere: Tables, order: int
) -> None:
    lines = [schema("charges"), schema("charges__rejected")][::order]
    outcome = everywhere.load(*lines, on_invalid="quarantine")
    assert "where records of `charges` go that do not fit" in outcome.sentence
    assert everywhere.load(*lines).error is None


@pytest.mark.parametrize("mode", Mode)
def test_a_missing_table_is_refused_as_embulk_output_td_does_when_none_may_be_created(
    everywhere: Tables, mode: Mode
) -> None:
    lines = [schema("charges"), record("charges", id="1"), state(a=1)]
    outcome = everywhere.load(*lines, auto_create_table=False, mode=str(mode))
    database = "public" if everywhere.url.startswith("postgresql") else "main"
    assert outcome.sentence == (
        f'Database "{database}" or table "charges" doesn\'t exist, and `auto_create_table` is '
        "false, so the stream `charges` cannot be loaded. Create what is missing, or set "
        "`auto_create_table` to true."
    )
    assert everywhere.columns("charges") == everywhere.columns("_td_state") == {}


@pytest.mark.parametrize(
    ("type_", "value"), [(INTEGER, 1_700_000_000), (MOMENT, "2023-11-14T22:13:20.999Z")]
)
def test_a_time_column_holds_unix_seconds(
    tables: DuckDbTables, type_: object, value: object
) -> None:
    tables.load(
        schema("charges", id=TEXT, created=type_),
        record("charges", id="1", created=value),
        time_column="created",
    )
    assert tables.rows("SELECT time FROM charges") == [(1_700_000_000,)]


def test_a_field_called_time_makes_way_for_the_time_column(tables: DuckDbTables) -> None:
    tables.load(
        schema("charges", id=TEXT, created=INTEGER, time=TEXT),
        record("charges", id="1", created=5, time="noon"),
        time_column="created",
    )
    assert tables.rows("SELECT time, time_ FROM charges") == [(5, "noon")]


def test_a_time_column_that_is_text_is_refused_with_those_that_could_be(
    tables: DuckDbTables,
) -> None:
    outcome = tables.load(schema("charges", id=TEXT, n=INTEGER), time_column="id")
    assert "is a string field of `charges`" in outcome.sentence
    assert "`charges` has: `n`." in outcome.sentence


def test_names_that_differ_only_in_case_are_two_columns(tables: DuckDbTables) -> None:
    tables.load(schema("charges", a=TEXT, A=TEXT, key=()), record("charges", a="1", A="2"))
    names = list(tables.columns("charges"))
    assert tables.rows("FROM charges") == [("1", "2")]
    assert names[0] == "a"
    assert names[1].startswith("A_")
