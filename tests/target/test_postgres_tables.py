"""What a load does to tables of PostgreSQL that people use and change."""

import threading
from itertools import pairwise
from typing import Any

import pytest

from target_td_table.errors import TableError
from tests.target.postgres_server import PostgresTables
from tests.target.world import (
    BOOLEAN,
    INTEGER,
    MOMENT,
    NUMBER,
    OBJECT,
    TEXT,
    activate,
    record,
    schema,
    state,
)  # fmt: skip

FULL = (schema("charges"), record("charges", id="new", version=7), activate("charges", 7))


@pytest.fixture
def tables(postgres: PostgresTables) -> PostgresTables:
    return postgres


def test_what_a_person_did_to_the_table_survives_a_replace(tables: PostgresTables) -> None:
    tables.load(schema("charges", id=TEXT, n=INTEGER), record("charges", id="old", n=1))
    tables.run(
        "ALTER TABLE charges ADD COLUMN checked boolean NOT NULL DEFAULT false",
        "ALTER TABLE charges ALTER COLUMN n TYPE numeric",
        "COMMENT ON TABLE charges IS 'ours'",
        "COMMENT ON COLUMN charges.id IS 'the id'",
        "CREATE UNIQUE INDEX by_id ON charges (id)",
        "CREATE VIEW ids AS SELECT id FROM charges",
        "CREATE ROLE survivor",
        "GRANT SELECT ON charges TO survivor",
    )

    tables.load(
        schema("charges", id=TEXT, n=INTEGER),
        record("charges", id="new", n=2, version=7),
        activate("charges", 7),
        mode="replace",
    )

    assert tables.rows("SELECT * FROM charges") == [("new", 2, False)]
    assert tables.columns("charges") == {"id": "text", "n": "numeric", "checked": "boolean"}
    assert tables.rows("SELECT * FROM ids") == [("new",)]
    assert tables.rows(
        "SELECT obj_description('charges'::regclass), col_description('charges'::regclass, 1), "
        "has_table_privilege('survivor', 'charges', 'SELECT'), to_regclass('by_id') IS NOT NULL"
    ) == [("ours", "the id", True, True)]
    tables.run("DROP OWNED BY survivor", "DROP ROLE survivor")


def test_a_reader_in_a_loop_during_a_replace_of_a_million_rows_sees_all_old_or_all_new_rows(
    tables: PostgresTables,
) -> None:
    rows, over = 1_000_000, threading.Event()
    tables.run(f"CREATE TABLE charges AS SELECT 'old' AS id FROM generate_series(1, {rows})")
    new = record("charges", id="new", version=7) * 1000
    seen: list[Any] = []

    def read() -> None:
        with tables.connect() as connection:
            while not over.is_set():
                found = connection.execute("SELECT count(*), min(id), max(id) FROM charges")
                seen.extend(found.fetchall())

    reader = threading.Thread(target=read)
    reader.start()
    tables.load(schema("charges"), new, activate("charges", 7), mode="replace")
    over.set()
    reader.join()

    assert set(seen) <= {(rows, "old", "old"), (1000, "new", "new")}
    assert len(seen) > 2
    assert tables.rows("SELECT count(*), min(id) FROM charges") == [(1000, "new")]


@pytest.mark.parametrize(
    ("before", "after", "kept"),
    [
        ((INTEGER, 2**53 + 1), (NUMBER, 1.5), ["9007199254740993", "1.5"]),
        ((INTEGER, 1), (TEXT, "x"), ["1", "x"]),
        ((TEXT, "x"), (INTEGER, 1), ["x", "1"]),
        ((BOOLEAN, True), (OBJECT, {"a": 1}), ["true", '{"a": 1}']),
        ((TEXT, 'x"'), (OBJECT, {"a": 1}), ['"x\\""', '{"a": 1}']),
        ((OBJECT, {"a": 1}), (TEXT, "x"), ['{"a": 1}', '"x"']),
        ((MOMENT, "2026-01-02T03:04:05Z"), (TEXT, "x"), ["2026-01-02T03:04:05.000000Z", "x"]),
    ],
)
def test_a_type_that_grew_or_shrank_loses_nothing(
    tables: PostgresTables, before: tuple[Any, Any], after: tuple[Any, Any], kept: list[str]
) -> None:
    for name, (type_, value) in (("1", before), ("2", after)):
        tables.load(schema("charges", id=TEXT, v=type_), record("charges", id=name, v=value))
    assert tables.rows("SELECT v::text FROM charges ORDER BY id") == [(each,) for each in kept]


def test_a_schema_in_mid_stream_widens_rows_that_wait(tables: PostgresTables) -> None:
    tables.load(
        schema("charges", id=TEXT, v=INTEGER, gone=TEXT),
        record("charges", id="1", v=1, gone="x"),
        schema("charges", id=TEXT, v=TEXT, new=INTEGER),
        record("charges", id="2", v="b", new=2),
        batch_size_rows=1,
    )
    found = tables.rows("SELECT id, v, gone, new FROM charges ORDER BY id")
    assert found == [("1", "1", "x", None), ("2", "b", None, 2)]


def test_a_column_that_must_grow_under_a_view_is_refused(tables: PostgresTables) -> None:
    tables.load(schema("charges", id=TEXT, v=INTEGER), record("charges", id="1", v=1))
    tables.run("CREATE VIEW vs AS SELECT v FROM charges")
    outcome = tables.load(schema("charges", id=TEXT, v=NUMBER), record("charges", id="2", v=1.5))
    assert isinstance(outcome.error, TableError)
    assert "Drop it, load again, and create it anew" in outcome.sentence
    assert tables.rows("SELECT v FROM vs") == [(1,)]


def test_an_index_grows_with_its_column(tables: PostgresTables) -> None:
    tables.load(schema("charges", id=TEXT, v=INTEGER), record("charges", id="1", v=1))
    tables.run("CREATE INDEX by_v ON charges (v)")
    tables.load(schema("charges", id=TEXT, v=NUMBER), record("charges", id="2", v=1.5))
    assert tables.rows("SELECT v FROM charges ORDER BY v") == [(1,), (1.5,)]


def test_more_than_1600_columns_are_refused_before_a_row_is_read(tables: PostgresTables) -> None:
    fields = {f"field_{number}": INTEGER for number in range(1_601)}
    outcome = tables.load(schema("charges", key=(), **fields))
    assert isinstance(outcome.error, TableError)
    assert "`charges` needs 1601 columns" in outcome.sentence


def test_1600_columns_are_a_table(tables: PostgresTables) -> None:
    fields = {f"field_{number}": INTEGER for number in range(1_600)}
    tables.load(schema("charges", key=(), **fields), record("charges", field_1599=7))
    assert tables.rows("SELECT field_1599 FROM charges") == [(7,)]


def test_a_row_that_is_too_wide_is_refused_with_a_sentence(tables: PostgresTables) -> None:
    fields = {f"field_{number}": TEXT for number in range(1_600)}
    values: dict[str, Any] = dict.fromkeys(fields, "x" * 20)
    outcome = tables.load(schema("charges", key=(), **fields), record("charges", **values))
    assert "deselect fields" in outcome.sentence


def test_names_beyond_63_bytes_are_unique_and_stable(tables: PostgresTables) -> None:
    long = "ä" * 40
    fields = {f"{long}{end}": INTEGER for end in "abc"}
    lines = (
        schema(long, key=(), **fields),
        record(long, **{name: number for number, name in enumerate(fields)}),
    )
    for _ in range(2):
        tables.load(*lines)
    ((name,),) = tables.rows("SELECT relname FROM pg_class WHERE relname LIKE 'ää%'")
    columns = tables.columns(name)
    assert len(columns) == 3
    assert {len(each.encode()) for each in [name, *columns]} <= {62, 63}
    assert tables.rows(f'SELECT * FROM "{name}"') == [(0, 1, 2)] * 2


def test_two_tables_with_long_names_alike_are_two_tables(tables: PostgresTables) -> None:
    names = ["x" * 70 + end for end in "ab"]
    tables.load(*(schema(name) + record(name, id=name[-1]) for name in names))
    made = tables.rows("SELECT relname FROM pg_class WHERE relname LIKE 'xxx%' ORDER BY 1")
    found = {tables.rows(f"SELECT id FROM {name}")[0] for (name,) in made}
    assert found == {("a",), ("b",)}


@pytest.mark.parametrize(
    "name", ["select", "Order", "naïve", "5th", "a%b", "日本", 'say "x"', "a-b"]
)
def test_hostile_names_are_loaded_in_every_mode(tables: PostgresTables, name: str) -> None:
    fields: dict[str, Any] = {"id": TEXT, name: INTEGER}
    values: dict[str, Any] = {"id": "1", name: 2}
    for mode in ("append", "replace", "merge"):
        outcome = tables.load(
            schema(name, key=("id",), **fields), record(name, **values), mode=mode
        )
        assert outcome.error is None
    ((table,),) = tables.rows(
        "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace "
        "AND relkind = 'r' AND relname NOT LIKE '\\_td\\_%'"
    )
    assert tables.rows(f'SELECT * FROM "{table}"') == [("1", 2)]


def test_a_column_that_a_person_spelled_otherwise_is_used(tables: PostgresTables) -> None:
    tables.run("CREATE TABLE charges (id text, amount bigint)")
    tables.load(schema("charges", id=TEXT, Amount=INTEGER), record("charges", id="1", Amount=2))
    assert tables.rows("SELECT id, amount FROM charges") == [("1", 2)]


def test_a_view_of_the_name_is_refused(tables: PostgresTables) -> None:
    tables.run("CREATE VIEW charges AS SELECT 1 AS id")
    outcome = tables.load(schema("charges"), record("charges", id="1"))
    assert isinstance(outcome.error, TableError)
    assert "another name with the setting `table`" in outcome.sentence


def test_a_rule_added_by_hand_is_named(tables: PostgresTables) -> None:
    tables.load(schema("charges"), record("charges", id="1"))
    tables.run("ALTER TABLE charges ADD CONSTRAINT only_one UNIQUE (id)")
    outcome = tables.load(schema("charges"), record("charges", id="1"), state(a=1))
    assert "The rule `only_one` of `public.charges`" in outcome.sentence
    assert tables.rows("SELECT count(*) FROM charges") == [(1,)]
    assert outcome.states == []


def test_a_partitioned_table_is_loaded(tables: PostgresTables) -> None:
    tables.run(
        "CREATE TABLE charges (id text, n bigint) PARTITION BY LIST (n)",
        "CREATE TABLE charges_rest PARTITION OF charges DEFAULT",
    )
    lines = (schema("charges", id=TEXT, n=INTEGER), record("charges", id="1", n=2))
    for mode in ("append", "replace", "merge"):
        assert tables.load(*lines, mode=mode).error is None
    assert tables.rows("SELECT * FROM charges") == [("1", 2)]


def test_the_database_setting_names_a_schema_which_is_made(tables: PostgresTables) -> None:
    tables.load(schema("charges"), record("charges", id="1"), state(a=1), database="Stripe db")
    assert tables.rows('SELECT id FROM "Stripe db".charges') == [("1",)]
    assert tables.rows('SELECT state FROM "Stripe db"._td_state') == [('{"a": 1}',)]


def test_states_come_one_for_each_publication(tables: PostgresTables) -> None:
    lines = [record("charges", id=str(n)) + state(n=n) for n in range(5)]
    outcome = tables.load(schema("charges"), *lines, batch_size_rows=2)
    numbers = [each["n"] for each in outcome.states]
    assert numbers[-1] == 4
    assert all(one < other for one, other in pairwise(numbers))
