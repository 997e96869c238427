"""The processes of a load, joined by pipes, and everything they say."""

from __future__ import annotations

import contextlib
import os
import queue
import signal
import subprocess
import threading
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING

from td_connector.errors import ConnectorError
from td_connector.leash import leashed

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from td_connector.programs import Start

_LAST_WORDS_SECONDS = 5.0
"""How long to wait for output that a child of an ended program may still hold open."""


@dataclass(frozen=True)
class Said:
    """A line of a program.

    Attributes:
        position: Which program of the pipe.
        text: The line, without its end.
        is_state: Whether it is a state that the target let out.
    """

    position: int
    text: str
    is_state: bool = False


class Pipe:
    """Programs that run, each one's output the next one's input.

    Each is in a process group of its own: a Ctrl-C on the terminal reaches only td-connector,
    which ends them in order.
    """

    def __init__(
        self,
        starts: Sequence[Start],
        *,
        folder: Path,
        environment: Mapping[str, str],
        descriptors: Sequence[int] = (),
    ) -> None:
        self._starts = starts
        self._said: queue.SimpleQueue[Said] = queue.SimpleQueue()
        self._listeners: list[threading.Thread] = []
        self._processes: list[subprocess.Popen[bytes]] = []
        try:
            for start in starts:
                self._start(start, folder, environment, descriptors)
        except OSError as error:
            self.kill()
            raise ConnectorError(f"`{start.program}` cannot be started: {error}.") from error

    def _start(
        self,
        start: Start,
        folder: Path,
        environment: Mapping[str, str],
        descriptors: Sequence[int],
    ) -> None:
        position = len(self._processes)
        before = self._processes[-1].stdout if self._processes else None
        process = subprocess.Popen(  # noqa: S603 - our own programs
            # Those behind the first end with their input.
            start.arguments if position else leashed(start.arguments),
            cwd=folder,
            env=environment,
            stdin=before or subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            process_group=0,
            pass_fds=descriptors,
        )
        self._processes.append(process)
        if before is not None:
            # Else the tap would not notice that the target is gone.
            before.close()
        self._listen(position, process.stderr, is_state=False)
        if position == len(self._starts) - 1:
            self._listen(position, process.stdout, is_state=start.lets_state_out)

    def _listen(self, position: int, lines: IO[bytes] | None, *, is_state: bool) -> None:
        def listen(lines: IO[bytes]) -> None:
            with contextlib.suppress(ValueError), lines:
                for line in lines:
                    text = line.decode(errors="replace").rstrip("\r\n")
                    self._said.put(Said(position, text, is_state))

        if lines is not None:
            thread = threading.Thread(target=listen, args=(lines,), daemon=True)
            thread.start()
            self._listeners.append(thread)

    def said(self, wait_seconds: float) -> list[Said]:
        """Return what was said since the last call; wait a little if it was nothing."""
        found: list[Said] = []
        with contextlib.suppress(queue.Empty):
            found.append(self._said.get(timeout=wait_seconds))
            while True:
                found.append(self._said.get_nowait())
        return found

    def last_words(self) -> list[Said]:
        """Return what was said up to the end, once all programs have ended."""
        for listener in self._listeners:
            listener.join(_LAST_WORDS_SECONDS)
        return self.said(0)

    @property
    def alive(self) -> tuple[bool, ...]:
        """Which programs run."""
        return tuple(process.poll() is None for process in self._processes)

    @property
    def exit_codes(self) -> tuple[int, ...]:
        """How the programs ended, once all have; negative after a signal."""
        return tuple(process.wait() for process in self._processes)

    def send(self, position: int, number: signal.Signals) -> None:
        """Send a signal to a program that still runs; SIGKILL also reaches its children."""
        process = self._processes[position]
        if process.poll() is not None:
            return
        with contextlib.suppress(ProcessLookupError):
            if number is signal.SIGKILL:
                os.killpg(process.pid, number)
            else:
                process.send_signal(number)

    def kill(self) -> None:
        """End whatever still runs, and wait for it."""
        for position, process in enumerate(self._processes):
            self.send(position, signal.SIGKILL)
            process.wait()
