"""A load that is killed again and again, and goes on from the state that was kept."""

import json
import os
import select
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import IO, Any

PROGRAM = Path(sys.executable).with_name("target-td-table")
_PATIENCE_SECONDS = 20
# A line of this length does not fit into a pipe.
_LONG = b" " * (1 << 20)

State = dict[str, Any]
# What a tap sends that starts from a state; more than the target loads before it is killed.
Tap = Callable[[State], bytes]


@dataclass(frozen=True)
class Moments:
    """When to kill: at any time up to `most_seconds` after a run's first state or its start."""

    # How many kills wait for the first state.
    after_a_state: float = 0.7
    most_seconds: float = 0.4


@dataclass(frozen=True)
class Killed:
    """What came of it: how many kills hit, the kept state, and all states that came out."""

    kills: int
    kept: State
    states: Sequence[State]


def load_with_kills(
    folder: Path,
    settings: Mapping[str, Any],
    tap: Tap,
    *,
    kills: int,
    moments: Moments,
    seen: Callable[[State], None],
) -> Killed:
    """Load what a tap sends, and kill the target as often as asked before it ends by itself.

    The target is killed while it starts, reads, stages, publishes or writes a state; `seen` is
    told the kept state each time, from which it goes on. A kill that comes too late does not count.
    """
    configure(folder, settings)
    chance, kept, hits = Random(7), print_state(folder), 0
    states: list[State] = [kept]
    for _ in range(10 * kills):
        if hits == kills:
            break
        was_hit, found = _killed_run(folder, tap(kept), moments, chance)
        kept = print_state(folder)
        seen(kept)
        hits, states = hits + was_hit, [*states, *found, kept]
    return Killed(hits, kept, states)


def kill_before_its_state(folder: Path, settings: Mapping[str, Any], lines: bytes) -> State:
    """Kill the target when rows are published and their state is on its way out, but not there.

    Returns the state that was kept by then.
    """
    configure(folder, settings)
    with (folder / "in.singer").open("w+b") as source:
        # The target waits in the middle of the line.
        source.write(lines.replace(b'"value": {', b'"value": {' + _LONG))
        source.seek(0)
        with _start(folder, source, subprocess.PIPE) as program:
            assert program.stdout is not None
            select.select([program.stdout], [], [], _PATIENCE_SECONDS)
            program.kill()
            assert b"\n" not in program.stdout.read()
    return print_state(folder)


def configure(folder: Path, settings: Mapping[str, Any]) -> None:
    """Say what the target is run with in this folder."""
    (folder / "kill.json").write_text(json.dumps({"batch_size_rows": 400, **settings}))


def print_state(folder: Path) -> State:
    """What a tap is to go on from."""
    ended = subprocess.run(
        [PROGRAM, "--config", "kill.json", "--print-state"],
        cwd=folder, capture_output=True, check=True,
    )  # fmt: skip
    found: State = json.loads(ended.stdout)
    return found


def run(folder: Path, lines: bytes) -> list[State]:
    """Load these lines to their end; the states that come out."""
    ended = subprocess.run(
        [PROGRAM, "--config", "kill.json"],
        cwd=folder, input=lines, capture_output=True, check=True,
    )  # fmt: skip
    return _states(ended.stdout)


def _killed_run(
    folder: Path, lines: bytes, moments: Moments, chance: Random
) -> tuple[bool, list[State]]:
    """Kill the target at a moment; whether that was in time, and the states that came out."""
    with (folder / "in.singer").open("w+b") as source, (folder / "out").open("w+b") as out:
        source.write(lines)
        source.seek(0)
        program = _start(folder, source, out)
        if chance.random() < moments.after_a_state:
            _wait_for_state(program, out)
        time.sleep(chance.random() * moments.most_seconds)
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


def _start(folder: Path, source: Any, out: Any) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [PROGRAM, "--config", "kill.json"],
        cwd=folder, stdin=source, stdout=out, stderr=subprocess.DEVNULL,
    )  # fmt: skip


def _states(out: bytes) -> list[State]:
    # A state that was being written when the target was killed is no line.
    return [json.loads(line) for line in out.split(b"\n")[:-1]]
