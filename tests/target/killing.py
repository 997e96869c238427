"""A load that is killed again and again, and goes on from the state that was kept."""

import json
import os
import select
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import IO, Any

from tests.target.world import INTEGER, MOMENT, record, schema, state

PROGRAM = Path(sys.executable).with_name("target-td-table")
PAGE_ROWS = 50
# More than the target loads before it is killed.
RUN_ROWS = 20_000
_MOMENT_SECONDS = 0.4
# How many kills wait for the first state of a run; the others hit also its start.
_AFTER_A_STATE = 0.7
_PATIENCE_SECONDS = 20
STREAMS = ("charges", "refunds")
SCHEMAS = tuple(schema(name, key=("n",), n=INTEGER, _updated_at=MOMENT) for name in STREAMS)


@dataclass(frozen=True)
class Killed:
    """What came of it: how many kills hit, how many rows were sent, and which states came out."""

    kills: int
    rows: int
    states: Sequence[int]


def load_with_kills(folder: Path, settings: dict[str, Any], *, kills: int) -> Killed:
    """Load two uneven streams, and kill the target as often as asked before it ends by itself.

    Row n goes to `refunds` if 7 divides n, else to `charges`. The target is killed while it
    starts, reads, stages, publishes or writes a state; each time it goes on from the kept state.
    """
    _configure(folder, settings)
    chance, states, hits = Random(7), [0], 0
    for _ in range(10 * kills):
        if hits == kills:
            break
        was_hit, found = _killed_run(folder, print_state(folder), chance)
        hits, states = hits + was_hit, states + found
    sent = print_state(folder)
    states += _run(folder, sent, sent + PAGE_ROWS)
    return Killed(hits, sent + PAGE_ROWS, states)


def load_killed_before_its_state(folder: Path, settings: dict[str, Any]) -> tuple[int, Killed]:
    """Kill the target when rows are published and their state is on its way out, but not there.

    Returns the rows that were published by then, and what came of the second run.
    """
    _configure(folder, settings)
    sent, rows = 10 * PAGE_ROWS, 12 * PAGE_ROWS
    with (folder / "in.singer").open("w+b") as source:
        # Longer than a pipe holds, so that the target waits in the middle of the line.
        source.write(messages(0, sent, longer=b" " * (1 << 20)))
        source.seek(0)
        with _start(folder, source, subprocess.PIPE) as program:
            assert program.stdout is not None
            select.select([program.stdout], [], [], _PATIENCE_SECONDS)
            program.kill()
            assert b"\n" not in program.stdout.read()
    published = print_state(folder)
    return published, Killed(1, rows, _run(folder, published, rows))


def _configure(folder: Path, settings: dict[str, Any]) -> None:
    (folder / "kill.json").write_text(json.dumps({"batch_size_rows": 400, **settings}))


def print_state(folder: Path) -> int:
    """How many rows the state says that are published."""
    ended = subprocess.run(
        [PROGRAM, "--config", "kill.json", "--print-state"],
        cwd=folder, capture_output=True, check=True,
    )  # fmt: skip
    return int(json.loads(ended.stdout).get("sent", 0))


def messages(sent: int, rows: int, longer: bytes = b"") -> bytes:
    """What a tap sends that starts from a state; `longer` stands in every STATE."""
    lines = [each.encode() for each in SCHEMAS]
    for n in range(sent + 1, rows + 1):
        stream = STREAMS[n % 7 == 0]
        lines.append(record(stream, n=n, _updated_at="2026-01-01T00:00:00Z").encode())
        if n % PAGE_ROWS == 0 or n == rows:
            lines.append(state(sent=n).encode().replace(b'"sent":', b'"sent":' + longer))
    return b"".join(lines)


def _killed_run(folder: Path, sent: int, chance: Random) -> tuple[bool, list[int]]:
    """Kill the target a moment after its first state or its start; and whether it was in time."""
    with (folder / "in.singer").open("w+b") as source, (folder / "out").open("w+b") as out:
        source.write(messages(sent, sent + RUN_ROWS))
        source.seek(0)
        program = _start(folder, source, out)
        if chance.random() < _AFTER_A_STATE:
            _wait_for_state(program, out)
        time.sleep(chance.random() * _MOMENT_SECONDS)
        was_running = program.poll() is None
        program.kill()
        program.wait()
        out.seek(0)
        return was_running, _states(out.read())


def _wait_for_state(program: subprocess.Popen[bytes], out: IO[bytes]) -> None:
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while program.poll() is None and not os.fstat(out.fileno()).st_size:
        if time.monotonic() > deadline:
            break
        time.sleep(0.001)


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
