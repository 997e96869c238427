"""Loads into a FakeTreasureData in processes that can be killed.

As a program it reads one line of JSON for each load, does it in a child, and writes how the child
ended: what takes long, importing, is done once.
"""

import json
import os
import select
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from signal import SIGKILL
from tempfile import TemporaryDirectory
from typing import Any, NoReturn

from target_td_table.loaders.treasure_data.beside import BESIDE_BYTES
from target_td_table.modes import Mode
from tests.fakes.treasure_data import MASTER
from tests.fakes.treasure_data_loads import STATE, load_with, open_loader
from tests.fakes.treasure_data_server import TreasureDataServer

_PATIENCE_SECONDS = 30


@dataclass
class Ending:
    """How a load in a process of its own ended."""

    was_killed: bool
    state_is_out: bool


class Nursery:
    """Runs loads in children that may be killed at a request."""

    def __init__(self, program: "subprocess.Popen[str]") -> None:
        self._program = program

    def load(
        self,
        server: TreasureDataServer,
        mode: Mode,
        key: str = MASTER,
        *,
        kill_after: int = 0,
        beside_bytes: int = BESIDE_BYTES,
        state: str = STATE,
    ) -> Ending:
        """Load; the process is killed when that many requests are done, before their answer.

        Fails if a process is left that the load started.
        """
        pid, is_known = [0], threading.Event()

        def after(number: int) -> None:
            if number == kill_after:
                is_known.wait()
                with suppress(ProcessLookupError):
                    os.kill(pid[0], SIGKILL)

        server.requests.clear()
        server.after = after
        with TemporaryDirectory() as folder:
            self._write(
                url=server.url, mode=mode, key=key, beside=beside_bytes, folder=folder, state=state
            )
            pid[0] = int(self._read()["pid"])
            is_known.set()
            said = self._read()
            state_is_out = "state" in said
            ended = self._read() if state_is_out else said
        server.after = lambda _: None
        assert ended["heard"] is not None, "a process is left"
        assert "Traceback" not in ended["heard"], ended["heard"]
        assert ended["status"] in (0, SIGKILL), "the load failed"
        return Ending(ended["status"] == SIGKILL, state_is_out)

    def _write(self, **message: Any) -> None:
        assert self._program.stdin is not None
        self._program.stdin.write(json.dumps(message) + "\n")
        self._program.stdin.flush()

    def _read(self) -> dict[str, Any]:
        assert self._program.stdout is not None
        found: dict[str, Any] = json.loads(self._program.stdout.readline())
        return found


@contextmanager
def nursery() -> Iterator[Nursery]:
    """Start the program."""
    command = [sys.executable, "-m", "tests.fakes.treasure_data_nursery"]
    pipe, environment = subprocess.PIPE, {**os.environ, "NO_PROXY": "127.0.0.1"}
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True, env=environment) as program:
        yield Nursery(program)
        assert program.stdin is not None
        program.stdin.close()


def _say(**message: Any) -> None:
    os.write(1, (json.dumps(message) + "\n").encode())


def _load(wanted: Mapping[str, Any]) -> NoReturn:
    try:
        loader = open_loader(wanted["url"], wanted["key"], beside_bytes=wanted["beside"])
        folder, mode = Path(wanted["folder"]), Mode(wanted["mode"])
        state = wanted["state"]
        load_with(loader, folder, mode, state=state, said=lambda: _say(state=state))
    except BaseException:  # noqa: BLE001 -- whatever it was, the parent is told
        sys.excepthook(*sys.exc_info())
        os._exit(1)
    os._exit(0)


def _heard(pipe: int) -> str | None:
    """What is said until all processes have ended that can; None if one of them does not."""
    said, deadline = b"", time.monotonic() + _PATIENCE_SECONDS
    while select.select([pipe], [], [], max(deadline - time.monotonic(), 0))[0]:
        more = os.read(pipe, 1 << 16)
        if not more:
            return said.decode()
        said += more
    return None


def _main() -> None:
    for line in sys.stdin:
        # A process that the load starts has its standard error, too.
        pipe, standard_error = os.pipe()
        pid = os.fork()
        if pid == 0:
            os.dup2(standard_error, 2)
            os.close(standard_error)
            _load(json.loads(line))
        os.close(standard_error)
        _say(pid=pid)
        heard = _heard(pipe)
        os.close(pipe)
        _, status = os.waitpid(pid, 0)
        _say(status=status, heard=heard)


if __name__ == "__main__":
    _main()
