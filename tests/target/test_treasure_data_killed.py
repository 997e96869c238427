"""The program itself, killed in the middle of a load that is big enough to be packed beside."""

import os
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fakes.treasure_data import MASTER
from tests.target.killing import PROGRAM
from tests.target.treasure_data_tables import TreasureDataTables, empty
from tests.target.world import TEXT, record, schema, state

PATIENCE_SECONDS = 60
IDS = [f"{number:02}" for number in range(60)]
# 18 MB, of which the first 16 are a batch.
ROWS = "".join(record("charges", id=each, note="x" * (300 << 10)) for each in IDS)
LINES = (schema("charges", key=("id",), id=TEXT, note=TEXT) + ROWS).encode()
STATE = state(a=1).encode()


@pytest.fixture
def tables() -> Iterator[TreasureDataTables]:
    with empty() as found:
        yield found


@pytest.mark.parametrize(("victim", "exit_code"), [("load", -signal.SIGKILL), ("beside", 75)])
def test_killed_while_rows_are_packed_and_run_again_it_leaves_each_row_once_and_nothing_else(
    tables: TreasureDataTables, tmp_path: Path, victim: str, exit_code: int
) -> None:
    program = started(tables, tmp_path)
    assert program.stdin
    program.stdin.write(LINES)
    packer = found_packer(tmp_path)
    assert packer != program.pid
    os.kill(packer if victim == "beside" else program.pid, signal.SIGKILL)
    # The other process has its standard error too: this waits until both have ended.
    _, said = program.communicate(timeout=PATIENCE_SECONDS)
    assert program.returncode == exit_code
    assert (b"is gone, perhaps for want of memory" in said) is (victim == "beside")
    assert b"Traceback" not in said
    assert ids(tables) == []

    out, _ = started(tables, tmp_path).communicate(LINES + STATE, timeout=PATIENCE_SECONDS)
    assert out == b'{"a": 1}\n'
    assert ids(tables) == IDS
    assert tables.server.account.sessions == {}
    assert list(tmp_path.iterdir()) == []


def ids(tables: TreasureDataTables) -> list[str]:
    return sorted(row["id"] for row in tables.server.account.rows("main", "charges"))


def started(tables: TreasureDataTables, folder: Path) -> "subprocess.Popen[bytes]":
    environment = {
        **os.environ, "TMPDIR": str(folder),
        "TARGET_TD_TABLE_DESTINATION": tables.url, "TD_API_KEY": MASTER,
    }  # fmt: skip
    pipe = subprocess.PIPE
    return subprocess.Popen(
        [PROGRAM, "--config=ENV"], stdin=pipe, stdout=pipe, stderr=pipe, env=environment
    )


def found_packer(folder: Path) -> int:
    """The process that has begun a part, when it has."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        for part in folder.glob("*/part-*-*.msgpack.gz"):
            return int(part.name.split("-")[1])
        time.sleep(0.001)
    raise AssertionError("no part was begun")
