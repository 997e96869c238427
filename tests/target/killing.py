"""A load that is killed again and again, and goes on from the state that was kept."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

from tests.target.world import INTEGER, MOMENT, record, schema, state

PROGRAM = Path(sys.executable).with_name("target-td-table")
PAGE_ROWS = 50
STREAMS = ("charges", "refunds")
SCHEMAS = tuple(schema(name, key=("n",), n=INTEGER, _updated_at=MOMENT) for name in STREAMS)


@dataclass(frozen=True)
class Killed:
    """What came of it: how often the target was killed, and which states came out."""

    kills: int
    states: Sequence[int]


def load_with_kills(folder: Path, settings: dict[str, Any], *, rows: int, kills: int) -> Killed:
    """Load rows of two uneven streams, killing the target as often as asked while it loads.

    Row n goes to `refunds` if 7 divides n, else to `charges`. The input is endless to the target:
    it is killed in the middle of reading, staging, publishing or writing a state.
    """
    (folder / "kill.json").write_text(json.dumps({"batch_size_rows": 400, **settings}))
    chance, states = Random(7), [0]
    for _ in range(kills):
        states += _killed_run(folder, print_state(folder), rows, chance.random())
    states += _run(folder, print_state(folder), rows)
    return Killed(kills, states)


def print_state(folder: Path) -> int:
    """How many rows the state says that are published."""
    ended = subprocess.run(
        [PROGRAM, "--config", "kill.json", "--print-state"],
        cwd=folder, capture_output=True, check=True,
    )  # fmt: skip
    return int(json.loads(ended.stdout).get("sent", 0))


def messages(sent: int, rows: int) -> bytes:
    """What a tap sends that starts from a state."""
    lines = list(SCHEMAS)
    for n in range(sent + 1, rows + 1):
        stream = STREAMS[n % 7 == 0]
        lines.append(record(stream, n=n, _updated_at="2026-01-01T00:00:00Z"))
        if n % PAGE_ROWS == 0 or n == rows:
            lines.append(state(sent=n))
    return "".join(lines).encode()


def _killed_run(folder: Path, sent: int, rows: int, moment: float) -> list[int]:
    """Kill the target a moment after its first state, or while it still starts to load."""
    with (folder / "in.singer").open("w+b") as source, (folder / "out").open("w+b") as out:
        source.write(messages(sent, rows))
        source.seek(0)
        program = _start(folder, source, out)
        deadline = time.monotonic() + 20
        while program.poll() is None and not out.tell() + os.fstat(out.fileno()).st_size:
            if time.monotonic() > deadline:
                break
            time.sleep(0.001)
        time.sleep(moment * 0.3)
        program.send_signal(signal.SIGKILL)
        program.wait()
        out.seek(0)
        return _states(out.read())


def _run(folder: Path, sent: int, rows: int) -> list[int]:
    ended = subprocess.run(
        [PROGRAM, "--config", "kill.json"],
        cwd=folder, input=messages(sent, rows), capture_output=True, check=True,
    )  # fmt: skip
    return _states(ended.stdout)


def _start(folder: Path, source: Any, out: Any) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [PROGRAM, "--config", "kill.json"],
        cwd=folder, stdin=source, stdout=out, stderr=subprocess.DEVNULL,
    )  # fmt: skip


def _states(out: bytes) -> list[int]:
    # A state that was being written when the target was killed is no line.
    return [json.loads(line)["sent"] for line in out.split(b"\n")[:-1]]
