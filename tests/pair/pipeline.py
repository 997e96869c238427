"""`tap-stripe-td | target-td-table`, with a real pipe, as a shell starts it."""

from __future__ import annotations

import json
import queue
import subprocess
import sys
import threading
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from tests.fakes.programs import TAP, Ended, environment, program
from tests.target.world import DuckDbTables

if TYPE_CHECKING:
    from collections.abc import Mapping

TARGET = "target-td-table"
_LONGEST_SECONDS = 120


@dataclass(frozen=True)
class Loaded:
    """How both programs ended."""

    tap: Ended
    target: Ended

    @property
    def exit_codes(self) -> tuple[int, int]:
        """The tap's and the target's."""
        return self.tap.exit_code, self.target.exit_code

    @property
    def states(self) -> list[dict[str, Any]]:
        """What the target let out, in order."""
        return [json.loads(line) for line in self.target.stdout.splitlines()]


class Heard:
    """The lines of a pipe, read by one thread, whoever else waits for one of them."""

    def __init__(self, pipe: IO[bytes]) -> None:
        self._lines: list[bytes] = []
        self._new: queue.SimpleQueue[bytes] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._read, args=(pipe,), daemon=True)
        self._thread.start()

    def next(self) -> bytes:
        """Wait for a line that was not asked for yet."""
        return self._new.get(timeout=_LONGEST_SECONDS)

    def all(self) -> bytes:
        """Wait for the end of the pipe, and return all of it."""
        self._thread.join(_LONGEST_SECONDS)
        return b"".join(self._lines)

    def _read(self, pipe: IO[bytes]) -> None:
        with pipe:
            for line in pipe:
                self._lines.append(line)
                self._new.put(line)


@dataclass(frozen=True)
class Running:
    """The two programs while they run."""

    folder: Path
    tap: subprocess.Popen[bytes]
    target: subprocess.Popen[bytes]
    stdout: Heard

    def next_state(self) -> dict[str, Any]:
        """Wait for the next STATE that the target lets out."""
        state: dict[str, Any] = json.loads(self.stdout.next())
        return state

    def ended(self) -> Loaded:
        """Wait for both to end."""
        self.target.wait(timeout=_LONGEST_SECONDS)
        self.tap.wait(timeout=_LONGEST_SECONDS)
        return Loaded(
            Ended(self.tap.returncode, b"", self._said(TAP)),
            Ended(self.target.returncode, self.stdout.all(), self._said(TARGET)),
        )

    def _said(self, name: str) -> str:
        return (self.folder / f"{name}.log").read_text(encoding="utf-8")


@dataclass(frozen=True)
class Pair:
    """The two programs, in a folder where their files are.

    Attributes:
        folder: Where both run.
        tap_settings: What the tap is given.
        target_settings: What the target is given.
        target_program: What reads the tap's messages.
    """

    folder: Path
    tap_settings: Mapping[str, Any]
    target_settings: Mapping[str, Any] | None = None
    target_program: str = program(TARGET)

    @property
    def tables(self) -> DuckDbTables:
        """What another user of the tables sees."""
        return DuckDbTables(self.folder / "stripe.duckdb")

    def with_tap(self, **settings: Any) -> Pair:
        """The pair, with more settings for the tap."""
        return replace(self, tap_settings={**self.tap_settings, **settings})

    def with_target(self, **settings: Any) -> Pair:
        """The pair, with more settings for the target."""
        return replace(self, target_settings={**(self.target_settings or {}), **settings})

    def start(self, *, state: object = None) -> Running:
        """Start both."""
        files = {"tap": self.tap_settings, "target": self.target_settings, "state": state}
        given = {name: content for name, content in files.items() if content is not None}
        for name, content in given.items():
            (self.folder / f"{name}.json").write_text(json.dumps(content), encoding="utf-8")
        resumed = ["--state", "state.json"] if state is not None else []
        configured = ["--config", "target.json"] if "target" in given else []
        tap = self._start([program(TAP), "--config", "tap.json", *resumed], TAP, None)
        target = self._start([self.target_program, *configured], TARGET, tap)
        assert tap.stdout is not None
        assert target.stdout is not None
        tap.stdout.close()
        return Running(self.folder, tap, target, Heard(target.stdout))

    def run(self, *, state: object = None) -> Loaded:
        """Run both to their ends."""
        return self.start(state=state).ended()

    def kept_state(self) -> dict[str, Any]:
        """What `target-td-table --print-state` prints."""
        printed = subprocess.run(
            [program(TARGET), "--print-state"],
            cwd=self.folder,
            env=environment(),
            capture_output=True,
            check=True,
        )
        state: dict[str, Any] = json.loads(printed.stdout)
        return state

    def shell(self, line: str, **variables: str) -> Ended:
        """Type a line into a shell that has both programs on its path."""
        path = f"{Path(sys.executable).parent}:{environment()['PATH']}"
        done = subprocess.run(
            ["bash", "-o", "pipefail", "-c", line],
            cwd=self.folder,
            env=environment(PATH=path, **variables),
            capture_output=True,
            check=False,
            timeout=_LONGEST_SECONDS,
        )
        return Ended(done.returncode, done.stdout, done.stderr.decode())

    def _start(
        self, command: list[str], name: str, reads: subprocess.Popen[bytes] | None
    ) -> subprocess.Popen[bytes]:
        with (self.folder / f"{name}.log").open("wb") as log:
            return subprocess.Popen(
                command,
                cwd=self.folder,
                env=environment(),
                stdin=subprocess.DEVNULL if reads is None else reads.stdout,
                stdout=subprocess.PIPE,
                stderr=log,
            )
