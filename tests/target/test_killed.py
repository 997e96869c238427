"""Killed with SIGKILL and run again from `--print-state`, every row is there once.

`KILLS=100 pytest tests/target/test_killed.py` kills as often as the promise was checked with.
"""

import os
from pathlib import Path

import pytest

from tests.target.killing import load_killed_before_its_state, load_with_kills
from tests.target.world import DuckDbTables

KILLS = int(os.environ.get("KILLS", "3"))


@pytest.mark.timeout(60 + KILLS * 60)
@pytest.mark.parametrize("mode", ["append", "merge"])
def test_killed_anywhere_and_resumed_every_row_is_there_once(
    tables: DuckDbTables, tmp_path: Path, mode: str
) -> None:
    settings = {"destination": tables.url, "mode": mode}

    killed = load_with_kills(tmp_path, settings, kills=KILLS)

    union = "SELECT n FROM charges UNION ALL SELECT n FROM refunds"
    assert tables.rows(f"SELECT count(*), count(DISTINCT n), max(n) FROM ({union})") == [
        (killed.rows, killed.rows, killed.rows)
    ]
    assert killed.kills == KILLS
    assert list(killed.states) == sorted(killed.states)


@pytest.mark.parametrize("mode", ["append", "merge"])
def test_killed_between_the_commit_and_the_state_no_row_comes_twice(
    tables: DuckDbTables, tmp_path: Path, mode: str
) -> None:
    settings = {"destination": tables.url, "mode": mode}

    published, killed = load_killed_before_its_state(tmp_path, settings)

    assert published > 0
    union = "SELECT n FROM charges UNION ALL SELECT n FROM refunds"
    assert tables.rows(f"SELECT count(*), count(DISTINCT n) FROM ({union}) AS u") == [
        (killed.rows, killed.rows)
    ]
