"""No row twice and none missing, whoever else loads and whatever is killed.

`KILLS=100 pytest tests/target/test_postgres_exactly_once.py` kills as often as the promise says.
"""

import os
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from target_td_table.loaders.postgres_statements import lock_number
from tests.target.killing import load_killed_before_its_state, load_with_kills
from tests.target.postgres_server import PostgresTables
from tests.target.world import record, schema, state

KILLS = int(os.environ.get("KILLS", "2"))


@pytest.mark.timeout(60 + KILLS * 20)
@pytest.mark.parametrize("mode", ["append", "merge"])
def test_killed_anywhere_and_resumed_every_row_is_there_once(
    postgres: PostgresTables, tmp_path: Path, mode: str
) -> None:
    settings = {"destination": postgres.url, "mode": mode}

    killed = load_with_kills(tmp_path, settings, kills=KILLS)

    union = "SELECT n FROM charges UNION ALL SELECT n FROM refunds"
    assert postgres.rows(f"SELECT count(*), count(DISTINCT n), max(n) FROM ({union}) AS u") == [
        (killed.rows, killed.rows, killed.rows)
    ]
    assert killed.kills == KILLS
    assert list(killed.states) == sorted(killed.states)
    left_behind = "SELECT relname FROM pg_class WHERE relname LIKE '%staging%' AND relkind = 'r'"
    assert postgres.rows(left_behind) == []


@pytest.mark.parametrize("mode", ["append", "merge"])
def test_killed_between_the_commit_and_the_state_no_row_comes_twice(
    postgres: PostgresTables, tmp_path: Path, mode: str
) -> None:
    settings = {"destination": postgres.url, "mode": mode}

    published, killed = load_killed_before_its_state(tmp_path, settings)

    assert published > 0
    union = "SELECT n FROM charges UNION ALL SELECT n FROM refunds"
    assert postgres.rows(f"SELECT count(*), count(DISTINCT n) FROM ({union}) AS u") == [
        (killed.rows, killed.rows)
    ]


@pytest.mark.parametrize("mode", ["append", "replace", "merge"])
def test_two_loads_into_one_new_table_at_once_both_land(
    postgres: PostgresTables, mode: str
) -> None:
    def load(name: str) -> None:
        lines = [record("charges", id=f"{name}{n}") + state(n=n) for n in range(30)]
        outcomes.append(
            postgres.load(schema("charges"), *lines, mode=mode, batch_size_rows=3, pipeline=name)
        )

    outcomes: list[Any] = []
    loads = [threading.Thread(target=load, args=(name,)) for name in "ab"]
    for each in loads:
        each.start()
    for each in loads:
        each.join()

    assert [each.error for each in outcomes] == [None, None]
    expected = 30 if mode == "replace" else 60
    assert postgres.rows("SELECT count(*), count(DISTINCT id) FROM charges") == [(expected,) * 2]
    assert postgres.rows("SELECT count(*) FROM _td_state") == [(2,)]


def test_who_must_wait_for_another_load_is_told(
    postgres: PostgresTables, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "target_td_table")
    with postgres.connect() as other:
        other.execute("SELECT pg_advisory_lock(%s)", [lock_number("public.charges")])
        loading = threading.Thread(target=postgres.load, args=(schema("charges"),))
        loading.start()
        end = time.monotonic() + 20
        while "Another load" not in caplog.text and time.monotonic() < end:
            time.sleep(0.01)
    loading.join()
    assert "Another load publishes into `public.charges`; waiting" in caplog.text
    assert list(postgres.columns("charges")) == ["id"]
