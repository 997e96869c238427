import contextlib
import os
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.treasure_data import MASTER
from tests.target.killing import PROGRAM
from tests.target.treasure_data_tables import empty
from tests.target.world import (
    INTEGER,
    TEXT,
    DuckDbTables,
    Tables,
    activate,
    record,
    schema,
    state,
)  # fmt: skip

COLUMNS = "pipeline, table_name, mode, rows, rejected, started_at <= ended_at"


def history(tables: DuckDbTables) -> list[tuple[Any, ...]]:
    return tables.rows(f"SELECT {COLUMNS} FROM _td_loads ORDER BY ended_at, table_name")


def test_each_load_leaves_a_row_for_each_of_its_tables(tables: DuckDbTables) -> None:
    for n in (1, 2):
        tables.load(
            schema("charges"),
            schema("refunds"),
            *[record("charges", id=str(each)) for each in range(n)],
            state(at=n),
            pipeline="nightly",
        )
    assert history(tables) == [
        ("nightly", "main.charges", "append", 1, 0, True),
        ("nightly", "main.refunds", "append", 0, 0, True),
        ("nightly", "main.charges", "append", 2, 0, True),
        ("nightly", "main.refunds", "append", 0, 0, True),
    ]


def test_a_load_of_many_publications_is_one_row_that_counts_what_is_published(
    tables: DuckDbTables,
) -> None:
    lines = [line for n in range(5) for line in (record("charges", id=str(n)), state(at=n))]
    tables.load(schema("charges"), *lines, "broken\n", batch_size_rows=2)
    assert history(tables) == [("default", "main.charges", "append", 4, 0, True)]


def test_a_state_is_kept_once_however_many_tables_there_are(everywhere: Tables) -> None:
    streams = [f"stream_{n}" for n in range(28)]
    lines = [line for each in streams for line in (schema(each), record(each, id="1"))]

    outcome = everywhere.load(*lines, state(seen="x" * 40_000))

    assert outcome.error is None
    assert len(everywhere.rows("SELECT * FROM _td_loads")) == 28
    assert "x" * 1000 not in str(everywhere.rows("SELECT * FROM _td_loads"))


def test_a_table_of_loads_that_has_states_keeps_them(anywhere: Tables) -> None:
    anywhere.load(schema("charges"), record("charges", id="1"), state(at=1))
    anywhere.run(
        "ALTER TABLE _td_loads ADD COLUMN state VARCHAR", "UPDATE _td_loads SET state = '1'"
    )
    anywhere.load(schema("charges"), record("charges", id="2"), state(at=2))
    found = anywhere.rows("SELECT state FROM _td_loads ORDER BY ended_at")
    assert found == [("1",), (None,)]


def test_rejected_records_are_counted(tables: DuckDbTables) -> None:
    tables.load(schema("charges"), record("charges", id=5), on_invalid="quarantine", mode="replace")
    assert [each[2:5] for each in history(tables)] == [("replace", 0, 1)]


def dry_run(
    tables: Tables, *lines: str, mode: str = "append", config: Sequence[str] = ()
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [PROGRAM, f"--destination={tables.url}", f"--mode={mode}", "--dry-run", *config],
        input="".join(lines), capture_output=True, text=True, check=False,
        env=os.environ | {"TD_API_KEY": MASTER},
    )  # fmt: skip


@pytest.mark.parametrize("mode", ["append", "replace", "merge"])
@pytest.mark.parametrize("destination", ["postgres", "treasure_data"])
def test_a_dry_run_leaves_any_destination_as_it_was(
    request: pytest.FixtureRequest, destination: str, mode: str
) -> None:
    with contextlib.ExitStack() as stack:
        tables: Tables = (
            stack.enter_context(empty())
            if destination == "treasure_data"
            else request.getfixturevalue("postgres")
        )
        tables.load(schema("charges"), record("charges", id="1"))
        before = tables.columns("charges")
        wider = schema("charges", id=TEXT, n=INTEGER)
        lines = [wider, record("charges", id="2", n=2, version=1), activate("charges", 1)]

        ended = dry_run(tables, *lines, state(at=1), mode=mode)

        assert (ended.returncode, ended.stdout) == (0, "")
        assert ended.stderr.count("would get the column `n` integer.") == 1
        assert ("would get the column `_sdc_table_version`" in ended.stderr) is (mode == "merge")
        assert tables.columns("charges") == before
        assert tables.rows("SELECT id FROM charges") == [("1",)]


def test_a_dry_run_makes_no_file_and_lets_no_state_out(tables: DuckDbTables) -> None:
    ended = dry_run(tables, schema("charges"), record("charges", id="1"), state(at=1))
    assert (ended.returncode, ended.stdout) == (0, "")
    assert "`main.charges` would be created with the columns `id` string." in ended.stderr
    assert "nothing was changed" in ended.stderr
    assert not tables.path.exists()


@pytest.mark.parametrize(
    ("type_", "value", "sentence"),
    [
        (INTEGER, 1, "The table `main.charges` would get the column `n` integer."),
        (TEXT, "1", "The table `main.charges` would get the column `n` string."),
    ],
)
def test_a_dry_run_says_what_would_change_and_changes_nothing(
    tables: DuckDbTables, type_: Any, value: Any, sentence: str
) -> None:
    tables.load(schema("charges"), record("charges", id="1"))
    ended = dry_run(tables, schema("charges", id=TEXT, n=type_), record("charges", id="2", n=value))
    assert sentence in ended.stderr
    assert tables.rows("FROM charges") == [("1",)]


def test_a_dry_run_says_where_records_would_go_that_do_not_fit(
    everywhere: Tables, tmp_path: Path
) -> None:
    (tmp_path / "c.json").write_text('{"on_invalid": "quarantine"}')
    lines = [schema("charges", id=TEXT, n=INTEGER), record("charges", id="1", n="x")]

    ended = dry_run(everywhere, *lines, state(at=1), config=[f"--config={tmp_path}/c.json"])

    assert (ended.returncode, ended.stdout) == (0, "")
    assert "1 record of `charges` did not fit and would go to `" in ended.stderr
    assert ".charges__rejected` would be created" in ended.stderr
    assert everywhere.columns("charges__rejected") == {}
