"""Records that the SCHEMA allows and the destination refuses."""

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from target_td_table.batch import Batch
from target_td_table.config import parse
from target_td_table.dry_run import DryRun
from target_td_table.errors import BadRecordError, Misfit, TooManyRejectedError
from target_td_table.loaders.base import Staged
from target_td_table.modes import Mode
from target_td_table.quarantine import Quarantine
from target_td_table.rejects import Limit
from target_td_table.table import Column, LogicalType, Table, TableName
from tests.target.batches import batch_of
from tests.target.postgres_server import PostgresTables
from tests.target.world import (
    INTEGER,
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

NUMBERS = Table(
    "numbers", TableName("main", "numbers"), (Column("n", "n", LogicalType.INTEGER),), ("n",)
)
CHARGES = schema("charges", id=TEXT, n=INTEGER, o=OBJECT)
BEYOND = 2**63


class Picky(DryRun):
    """Takes batches of numbers in which none is odd; tells some of those that are."""

    def __init__(self, tells: int | None = None) -> None:  # it stands before no other loader
        self._tells = tells
        self.asked = 0
        self.staged: list[tuple[str, bytes]] = []

    def alter(self, table: Table) -> None:
        assert table.stream == "numbers__rejected"

    def stage(self, batch: Batch, mode: Mode) -> Staged:
        records = [each for _, each in batch.records()]
        if batch.table is NUMBERS:
            self.asked += 1
            odd = [
                Misfit(place, "it is odd")
                for place, each in enumerate(records)
                if int(each.rpartition(b": ")[2].rstrip(b"}\n")) % 2
            ]
            if odd:
                raise BadRecordError("It", "it is odd", "Correct it.", odd[: self._tells])
        self.staged += [(batch.table.stream, each) for each in records]
        return Staged(batch.table, batch.rows, mode)


def numbers(folder: str, found: Sequence[int]) -> Batch:
    return batch_of(Path(folder), NUMBERS, [{"n": each} for each in found])


@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers(0, 9) | st.just(2), max_size=50), st.sampled_from([None, 1, 3]))
def test_every_record_is_staged_or_kept_aside_once(found: list[int], tells: int | None) -> None:
    loader = Picky(tells)
    with TemporaryDirectory() as folder:
        batch = numbers(folder, found)
        staged = Quarantine(loader, Limit(None), parse({})).stage(batch, Mode.APPEND)
        assert list(Path(folder).iterdir()) == [batch.path]
    taken = [each for stream, each in loader.staged if stream == "numbers"]
    kept = [each for stream, each in loader.staged if stream == "numbers__rejected"]
    assert taken == [b'{"n": %d}\n' % each for each in found if each % 2 == 0]
    assert sorted(json.loads(each)["line"] for each in kept) == [
        line for line, each in enumerate(found, 1) if each % 2
    ]
    assert sum(each.rows for each in staged) == len(found)


def test_all_records_may_be_refused(tmp_path: Path) -> None:
    quarantine = Quarantine(Picky(), Limit(None), parse({}))
    quarantine.stage(numbers(str(tmp_path), [1] * 300), Mode.APPEND)
    assert quarantine.refused == {"numbers": 300}


def test_however_many_are_refused_the_destination_is_asked_twice(tmp_path: Path) -> None:
    loader = Picky()
    quarantine = Quarantine(loader, Limit(None), parse({}))
    quarantine.stage(numbers(str(tmp_path), range(3000)), Mode.APPEND)
    assert (loader.asked, quarantine.refused["numbers"]) == (2, 1500)


def test_more_refusals_than_allowed_end_the_load(tmp_path: Path) -> None:
    quarantine = Quarantine(Picky(), Limit(2), parse({}))
    quarantine.stage(numbers(str(tmp_path), [1, 3]), Mode.APPEND)
    with pytest.raises(TooManyRejectedError, match=r"3 records .* \(line 2\): it is odd"):
        quarantine.stage(numbers(str(tmp_path), [2, 5]), Mode.APPEND)


@pytest.mark.parametrize("mode", Mode)
def test_what_the_destination_refuses_is_kept_aside_with_the_reason(
    anywhere: Tables, mode: Mode
) -> None:
    lines = [record("charges", id=str(n), n=BEYOND if n % 100 == 7 else n) for n in range(600)]
    outcome = anywhere.load(
        CHARGES, *lines, state(at=1), on_invalid="quarantine", mode=str(mode), max_rejected=6
    )
    assert outcome.states == [{"at": 1}]
    found = anywhere.rows("SELECT line, record FROM charges__rejected ORDER BY line")
    assert [line for line, _ in found] == [9, 109, 209, 309, 409, 509]
    assert found[0][1] == f'{{"id": "7", "n": {BEYOND}}}'
    ((reason,),) = anywhere.rows("SELECT DISTINCT reason FROM charges__rejected")
    assert "`n` is" in reason
    assert "beyond" in reason
    assert anywhere.rows("SELECT count(*), count(DISTINCT id) FROM charges") == [(594, 594)]
    assert anywhere.rows("SELECT rows, rejected FROM _td_loads") == [(594, 6)]


def test_what_schema_and_destination_refuse_together_is_limited(
    anywhere: Tables, caplog: pytest.LogCaptureFixture
) -> None:
    bad = [record("charges", id="a", n="x"), record("charges", id="b", n=BEYOND)]
    refused = anywhere.load(CHARGES, *bad, on_invalid="quarantine", max_rejected=1)
    assert "`max_rejected` is 1" in refused.sentence
    assert anywhere.load(CHARGES, *bad, on_invalid="quarantine", max_rejected=2).error is None
    assert "2 records of `charges` did not fit and went to" in caplog.text


def test_a_reading_with_a_record_that_was_refused_removes_nothing(
    anywhere: Tables, caplog: pytest.LogCaptureFixture
) -> None:
    anywhere.load(CHARGES, record("charges", id="a", version=1), mode="merge")
    anywhere.load(
        CHARGES, record("charges", id="a", n=BEYOND, version=2), activate("charges", 2),
        mode="merge", on_invalid="quarantine",
    )  # fmt: skip
    assert anywhere.rows("SELECT id, _sdc_deleted_at FROM charges") == [("a", None)]
    assert "some of its records did not fit" in caplog.text


@pytest.mark.parametrize("value", [{"o": {"a": ["\x00"]}}, {"id": "a\x00"}])
def test_the_character_nul_is_kept_aside_in_postgresql(
    postgres: PostgresTables, value: dict[str, Any]
) -> None:
    postgres.load(
        CHARGES, record("charges", id="a"), record("charges", **{"id": "b"} | value),
        record("charges", id="c"), on_invalid="quarantine",
    )  # fmt: skip
    assert postgres.rows("SELECT id FROM charges ORDER BY id") == [("a",), ("c",)]
    ((line, reason),) = postgres.rows("SELECT line, reason FROM charges__rejected")
    assert line == 3
    assert "holds the character U+0000, which PostgreSQL cannot keep" in reason


@pytest.mark.parametrize(
    ("field", "type_", "good", "bad"),
    [(TEXT, "date", "2026-01-02", "never"), (NUMBER, "decimal(3, 1)", 12.5, 1000),
     (TEXT, "uuid", None, "x"), (INTEGER, "smallint", 5, 40_000)],
)  # fmt: skip
def test_values_that_a_type_given_by_hand_refuses_are_kept_aside(
    anywhere: Tables, field: dict[str, Any], type_: str, good: Any, bad: Any
) -> None:
    anywhere.run(f"CREATE TABLE charges (id text, v {type_})")
    values = [good, bad, good, None, bad]
    outcome = anywhere.load(
        schema("charges", id=TEXT, v=field),
        *[record("charges", id=str(n), v=value) for n, value in enumerate(values)],
        on_invalid="quarantine",
    )
    assert outcome.error is None
    assert anywhere.rows("SELECT id FROM charges ORDER BY id") == [("0",), ("2",), ("3",)]
    found = anywhere.rows("SELECT line, reason FROM charges__rejected ORDER BY line")
    assert [line for line, _ in found] == [3, 6]
    assert all("`v` " in reason for _, reason in found)


def test_what_a_column_of_doubles_would_cut_and_what_comes_twice_is_kept_aside(
    tables: DuckDbTables,
) -> None:
    tables.run("CREATE TABLE charges (id text, n double)")
    twice = '{"type":"RECORD","stream":"charges","record":{"id":"b","n":1,"id":"c"}}\n'
    longs = [record("charges", id=str(n), n=2**53 + n) for n in range(3)]
    tables.load(CHARGES, twice, *longs, twice, on_invalid="quarantine")
    assert tables.rows("SELECT id, n FROM charges") == [("0", 2.0**53)]
    assert tables.rows("SELECT line, reason FROM charges__rejected ORDER BY line") == [
        (2, "it has a field twice"),
        (4, "`n` does not fit the type of its column"),
        (5, "`n` does not fit the type of its column"),
        (6, "it has a field twice"),
    ]


def test_a_record_is_named_whatever_else_it_holds(anywhere: Tables) -> None:
    anywhere.run("CREATE TABLE charges (id text, n smallint)")
    line = '{"type":"RECORD","stream":"charges","record":{"id":"a","n":40000,"o":{"a":1e400}}}\n'
    declared = schema("charges", id=TEXT, n=INTEGER, o={})
    assert "`charges` record `a` (line 2): " in anywhere.load(declared, line).sentence
    assert anywhere.load(declared, line, on_invalid="quarantine").error is None
    assert anywhere.rows("SELECT line FROM charges__rejected") == [(2,)]


@pytest.mark.parametrize("type_", ["varchar(3)", "mood", "short", "jsonb"])
def test_what_postgresql_alone_refuses_is_kept_aside(postgres: PostgresTables, type_: str) -> None:
    postgres.run("CREATE TYPE mood AS ENUM ('sad', 'ok')", "CREATE DOMAIN short AS char(3)")
    postgres.run(f'CREATE TABLE charges (id text, "V" {type_})')
    values = ["ok", "much too long", None, "\x00", "sad", "more"]
    postgres.load(
        schema("charges", id=TEXT, V=TEXT),
        *[record("charges", id=str(n), V=value) for n, value in enumerate(values)],
        on_invalid="quarantine",
    )
    fits = (
        [(n,) for n in ("0", "1", "2", "4", "5")] if type_ == "jsonb" else [("0",), ("2",), ("4",)]
    )
    assert postgres.rows("SELECT id FROM charges ORDER BY id") == fits
    ((kept,),) = postgres.rows("SELECT count(*) FROM charges__rejected")
    assert kept + len(fits) == len(values)
    assert postgres.rows("SELECT count(*) FROM pg_class WHERE relname LIKE '_td_%ied%'") == [(0,)]


def test_what_is_not_in_the_encoding_of_the_database_is_kept_aside(
    postgres: PostgresTables,
) -> None:
    latin = replace(postgres, database=f"{postgres.database}_latin")
    postgres.run(f"CREATE DATABASE {latin.database} ENCODING latin1 LOCALE 'C' TEMPLATE template0")
    try:
        values = ["é", "漢", "e", "字"]
        latin.load(
            CHARGES, *[record("charges", id=each) for each in values], on_invalid="quarantine"
        )
        assert latin.rows("SELECT id FROM charges ORDER BY id") == [("e",), ("é",)]
        assert latin.rows("SELECT line FROM charges__rejected ORDER BY line") == [(3,), (5,)]
    finally:
        postgres.run(f"DROP DATABASE {latin.database} WITH (FORCE)")


def test_a_record_with_names_alike_is_kept_aside_as_it_came(anywhere: Tables) -> None:
    fields: dict[str, Any] = {"id": TEXT, "N": INTEGER, "n": INTEGER}
    lines = [record("charges", id=str(each), N=1, n=each) for each in (1, BEYOND)]
    anywhere.load(schema("charges", **fields), *lines, on_invalid="quarantine")
    ((reason, kept),) = anywhere.rows("SELECT reason, record FROM charges__rejected")
    assert "`n` is" in reason
    assert kept == f'{{"id":"{BEYOND}","N":1,"n":{BEYOND}}}'
    assert anywhere.rows("SELECT count(*) FROM charges") == [(1,)]


@pytest.mark.parametrize(
    ("text", "problem"),
    [("NaN", "NaN, an infinity"), ("[-Infinity]", "NaN, an infinity"), ('"\\ud800"', "half of a")],
)
def test_what_only_python_takes_for_json_is_kept_aside(
    tables: DuckDbTables, text: str, problem: str
) -> None:
    line = f'{{"type":"RECORD","stream":"charges","record":{{"id":"b","o":{text}}}}}\n'
    tables.load(CHARGES, record("charges", id="a"), line, on_invalid="quarantine")
    ((reason,),) = tables.rows("SELECT reason FROM charges__rejected")
    assert f"`o` holds {problem}" in reason
    assert tables.rows("SELECT id FROM charges") == [("a",)]


def test_a_table_for_rejected_records_must_be_there_when_none_may_be_made(
    tables: DuckDbTables,
) -> None:
    tables.load(CHARGES)
    settings_ = {"on_invalid": "quarantine", "auto_create_table": False}
    outcome = tables.load(CHARGES, record("charges", id="a", n=BEYOND), **settings_)
    assert outcome.sentence.startswith(
        'Database "main" or table "charges__rejected" doesn\'t exist, and `auto_create_table` is '
        "false, so records of the stream `charges` that do not fit cannot be loaded."
    )


@pytest.mark.parametrize("on_invalid", ["fail", "quarantine"])
def test_a_row_that_is_too_long_for_a_page_of_postgresql_is_named(
    postgres: PostgresTables, on_invalid: str
) -> None:
    fields = [f"c{n}" for n in range(1599)]
    declared: dict[str, Any] = dict.fromkeys(fields, TEXT)
    long: dict[str, Any] = dict.fromkeys(fields, "some text of thirty characters")
    outcome = postgres.load(
        schema("charges", id=TEXT, **declared),
        record("charges", id="a"), record("charges", id="b", **long), record("charges", id="c"),
        record("charges", id="d", **long), record("charges", id="e"),
        on_invalid=on_invalid,
    )  # fmt: skip
    if on_invalid == "fail":
        assert "`charges` record `b` (line 3): it is longer than PostgreSQL" in outcome.sentence
        return
    assert postgres.rows("SELECT id FROM charges ORDER BY id") == [("a",), ("c",), ("e",)]
    assert postgres.rows("SELECT line FROM charges__rejected ORDER BY line") == [(3,), (5,)]
