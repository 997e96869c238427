from typing import Any

import pytest

from tests.target.world import (
    BOOLEAN,
    INTEGER,
    MOMENT,
    TEXT,
    DuckDbTables,
    record,
    schema,
    state,
)

FIELDS: dict[str, Any] = {
    "id": TEXT, "n": INTEGER, "_updated_at": MOMENT, "deleted": BOOLEAN, "_sdc_deleted_at": MOMENT,
}  # fmt: skip
CHARGES = schema("charges", **FIELDS)


def version_of(name: str, minute: int) -> str:
    return record("charges", id=name, n=minute, _updated_at=f"2026-01-01T00:{minute:02}:00Z")


def test_a_row_takes_the_place_of_the_row_with_its_key(tables: DuckDbTables) -> None:
    tables.load(CHARGES, version_of("a", 1), version_of("b", 1), mode="merge")
    outcome = tables.load(CHARGES, version_of("a", 2), state(at=2), mode="merge")
    assert tables.rows("SELECT id, n FROM charges ORDER BY id") == [("a", 2), ("b", 1)]
    assert outcome.states == [{"at": 2}]


def test_publications_of_one_load_meet_by_key_too(tables: DuckDbTables) -> None:
    lines = [line for n in (3, 1, 2) for line in (version_of("a", n), state(at=n))]
    tables.load(CHARGES, *lines, mode="merge", batch_size_rows=1)
    assert tables.rows("SELECT id, n FROM charges") == [("a", 3)]


@pytest.mark.parametrize(
    ("hard_delete", "rows"), [(False, [("a", 1, True), ("b", 1, None)]), (True, [("b", 1, None)])]
)
def test_a_tombstone_marks_or_deletes(
    tables: DuckDbTables, rows: list[tuple[Any, ...]], *, hard_delete: bool
) -> None:
    tables.load(CHARGES, version_of("a", 1), version_of("b", 1), mode="merge")
    gone = record(
        "charges", id="a", deleted=True,
        _updated_at="2026-01-01T00:02:00Z", _sdc_deleted_at="2026-01-01T00:02:00Z",
    )  # fmt: skip
    tables.load(CHARGES, gone, mode="merge", hard_delete=hard_delete)
    assert tables.rows("SELECT id, n, deleted FROM charges ORDER BY id") == rows


def test_the_key_may_have_several_fields(tables: DuckDbTables) -> None:
    lines = [record("rates", day=day, unit=unit, n=n) for day, unit, n in
             (("1", "EUR", 1), ("1", "JPY", 2), ("1", "EUR", 3))]  # fmt: skip
    rates = schema("rates", key=("day", "unit"), day=TEXT, unit=TEXT, n=INTEGER)
    tables.load(rates, *lines, mode="merge")
    assert tables.rows("FROM rates ORDER BY n") == [("1", "JPY", 2), ("1", "EUR", 3)]


@pytest.mark.parametrize(
    ("lines", "sentence"),
    [
        (
            [schema("charges", key=())],
            "`charges` has mode merge but no key properties. Use append or replace, or give",
        ),
        ([schema("charges", key=("nr",))], "`nr` is in the key of `charges`, but its SCHEMA"),
        (
            [schema("charges"), record("charges", id=None)],
            "(line 2): it has null as `id`, which is in its key",
        ),
    ],
)
def test_rows_without_a_key_are_refused(
    tables: DuckDbTables, lines: list[str], sentence: str
) -> None:
    assert sentence in tables.load(*lines, mode="merge").sentence


def test_a_new_field_is_merged_into_the_rows_that_have_it(tables: DuckDbTables) -> None:
    tables.load(schema("charges"), *[record("charges", id=name) for name in "ab"], mode="merge")
    tables.load(schema("charges", id=TEXT, n=INTEGER), record("charges", id="b", n=2), mode="merge")
    assert tables.rows("FROM charges ORDER BY id") == [("a", None), ("b", 2)]


def test_what_a_person_did_to_the_table_stays(tables: DuckDbTables) -> None:
    tables.load(CHARGES, version_of("a", 1), mode="merge")
    tables.run(
        "ALTER TABLE charges ADD COLUMN checked BOOLEAN DEFAULT false",
        "UPDATE charges SET checked = true",
        "CREATE UNIQUE INDEX by_id ON charges (id)",
    )
    tables.load(CHARGES, version_of("a", 2), version_of("b", 2), mode="merge")
    found = tables.rows("SELECT id, n, checked FROM charges ORDER BY id")
    assert found == [("a", 2, True), ("b", 2, False)]


def test_a_row_added_twice_by_an_append_is_changed_twice_and_not_added_again(
    tables: DuckDbTables,
) -> None:
    tables.load(CHARGES, version_of("a", 1), version_of("a", 1))
    tables.load(CHARGES, version_of("a", 2), mode="merge")
    assert tables.rows("SELECT id, n FROM charges") == [("a", 2), ("a", 2)]
