"""DuckDB's own errors, as DuckDB makes them, and what is told of them."""

from pathlib import Path

import duckdb
import pytest

from target_td_table.errors import BusyError
from target_td_table.loaders.duckdb_errors import refused
from tests.target.world import TEXT, DuckDbTables, record, schema


def test_a_disk_that_is_full_of_what_duckdb_spills_is_a_full_disk(tmp_path: Path) -> None:
    settings: dict[str, str | bool | int | float | list[str]] = {
        "memory_limit": "20MiB", "max_temp_directory_size": "1MiB", "threads": 1,
    }  # fmt: skip
    much = "SELECT range::VARCHAR || repeat('x', 100) FROM range(1000000) ORDER BY hash(range)"
    with (
        duckdb.connect(tmp_path / "x.duckdb", config=settings) as connection,
        pytest.raises(duckdb.Error) as told,
    ):
        connection.execute(f"CREATE TABLE t AS {much}")
    refusal = refused("x.duckdb", None, told.value)
    assert isinstance(refusal, BusyError)
    assert "The disk of `x.duckdb` is full" in str(refusal)


@pytest.mark.parametrize(
    ("columns", "rule"),
    [("id text UNIQUE, v text", "UNIQUE constraint violation"),
     ("id text, v text NOT NULL", "NOT NULL constraint failed: charges.v"),
     ("id text CHECK (id <> 'secret'), v text", "CHECK constraint failed"),
     ("id text REFERENCES others (id), v text", "Violates foreign key constraint")],
)  # fmt: skip
def test_a_rule_of_the_table_is_told_without_the_value_that_breaks_it(
    tables: DuckDbTables, columns: str, rule: str
) -> None:
    tables.run("CREATE TABLE others (id text PRIMARY KEY)", f"CREATE TABLE charges ({columns})")
    lines = [record("charges", id='secret "word"'), record("charges", id="secret")] * 2
    outcome = tables.load(schema("charges", id=TEXT, v=TEXT), *lines)
    assert f"refuses the rows of `charges`: Constraint Error: {rule}" in outcome.sentence.replace(
        "PRIMARY KEY or ", ""
    )
    assert "word" not in outcome.sentence
    assert "Drop the rule" in outcome.sentence


def test_a_view_in_the_place_of_the_table_is_a_sentence(tables: DuckDbTables) -> None:
    tables.run("CREATE VIEW charges AS SELECT 'a' AS id")
    outcome = tables.load(schema("charges"), record("charges", id="1"))
    assert "`main.charges` is a view" in outcome.sentence


@pytest.mark.parametrize("content", [b"id,n\n1,2\n", b"\0" * 8 + b"DUCK" + b"\xff" * 5000])
def test_a_file_that_is_no_whole_database_is_a_sentence(
    tables: DuckDbTables, content: bytes
) -> None:
    tables.path.write_bytes(content)
    sentence = tables.load(schema("charges")).sentence
    assert "is not a DuckDB file" in sentence or "take a whole copy" in sentence
    assert tables.path.read_bytes() == content
