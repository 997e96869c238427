"""Packing in a process beside this one: reading and checking go on meanwhile.

Both are work for the interpreter, of which only one thread at a time gets anything done.
Decision: docs/decisions/0508-big-batches-are-packed-beside.md.
"""

import contextlib
import os
import subprocess
import sys
from collections.abc import Mapping
from itertools import count
from multiprocessing.connection import Connection, Pipe
from pathlib import Path
from typing import Any, Self

from target_td_table.batch import Batch
from target_td_table.errors import BusyError
from target_td_table.loaders.treasure_data.packing import Form, Packing, PackingHere, Take
from target_td_table.loaders.treasure_data.parts import Part
from target_td_table.report import log
from target_td_table.table import Table

# The first batch of a big load has this size; smaller ones are packed before a process has started.
BESIDE_BYTES = 16 << 20
_PROGRAM = "target_td_table.loaders.treasure_data.packing_program"
_GONE = (
    "The process that packs rows for Treasure Data is gone, perhaps for want of memory. Nothing of "
    "its batch was published. Run again from the last state."
)


class Beside:
    """The other process. It ends with this one, however this one ends."""

    def __init__(self, process: "subprocess.Popen[bytes]", pipe: Connection) -> None:
        self.pid = process.pid
        self._process = process
        self._pipe = pipe
        self._numbers = count()
        self._is_up = False

    @classmethod
    def started(cls) -> Self | None:
        """Start it and do not wait until it is up; None if that cannot be."""
        ours, theirs = Pipe()
        command = [sys.executable, "-m", _PROGRAM, str(theirs.fileno())]
        null = subprocess.DEVNULL
        with theirs:
            try:
                # In a group of its own: Ctrl-C is for this process, which ends the other.
                process = subprocess.Popen(  # noqa: S603 -- Python, and a module of ours
                    command, pass_fds=[theirs.fileno()], process_group=0, stdin=null, stdout=null
                )
            except OSError as error:
                log.debug("No process to pack in could be started: %s", error)
                return None
        return cls(process, ours)

    def is_up(self) -> bool:
        """Wait until it is; ended if it does not come up."""
        if not self._is_up:
            try:
                self._is_up = self.hear()
            except BusyError:
                self.close()
        return self._is_up

    def open(self, form: Form, take: Take) -> "PackingBeside":
        """Begin to pack there; each part is given to `take` in the thread that asked."""
        number = next(self._numbers)
        self.ask(number, "open", form, take=take)
        return PackingBeside(self, number, take)

    def ask(self, number: int, verb: str, *arguments: Any, take: Take) -> Any:
        """Have one packing do something, and take the parts that it makes meanwhile.

        Raises:
            BusyError: If the process is gone.
        """
        self._tell((number, verb, arguments))
        failure: Exception | None = None
        while isinstance(answer := self.hear(), Part):
            failure = failure or _failure(take, answer)
            # It waits for this: no more parts are made than can be uploaded.
            self._tell(failure is None)
        if failure or isinstance(answer, Exception):
            raise failure or answer
        return answer

    def hear(self) -> Any:
        """The next thing that it says."""
        try:
            return self._pipe.recv()
        except (EOFError, OSError) as error:
            raise BusyError(_GONE) from error

    def close(self) -> None:
        """End it."""
        self._pipe.close()
        self._process.wait()

    def _tell(self, message: object) -> None:
        try:
            self._pipe.send(message)
        except OSError as error:
            raise BusyError(_GONE) from error


class PackingBeside:
    """Packs in the other process."""

    def __init__(self, beside: Beside, number: int, take: Take) -> None:
        self._beside = beside
        self._number = number
        self._take = take
        self._is_open = True

    def add(self, path: Path, placed: Table, types: Mapping[str, str]) -> None:
        """See `Packing`."""
        self._ask("add", path, placed, dict(types))

    def close(self, mark: str) -> None:
        """See `Packing`."""
        self._ask("close", mark)

    def abandon(self) -> None:
        """See `Packing`. What is gone has nothing left to give up."""
        if self._is_open:
            self._is_open = False
            with contextlib.suppress(BusyError):
                self._ask("abandon")

    def _ask(self, verb: str, *arguments: Any) -> Any:
        return self._beside.ask(self._number, verb, *arguments, take=self._take)


class Packings:
    """Opens packings: for small loads here, for big ones beside, where there is a core for it."""

    def __init__(self, beside_bytes: int = BESIDE_BYTES) -> None:
        self._beside_bytes = beside_bytes
        self._beside: Beside | None = None
        self._can_start = _cores() > 1

    def expect(self, first: Batch) -> None:
        """Rows are about to be packed of which these are the first: start what that will need."""
        if self._can_start and self._is_big(first):
            self._beside = Beside.started()
            self._can_start = False

    def open(self, first: Batch, form: Form, take: Take) -> Packing:
        """Begin to pack rows of which these are the first; see `expect`."""
        if self._beside and self._is_big(first):
            if self._beside.is_up():
                return self._beside.open(form, take)
            self._beside = None
        return PackingHere(form, take)

    def close(self) -> None:
        """End the other process, if there is one."""
        if self._beside:
            self._beside.close()
            self._beside = None

    def _is_big(self, first: Batch) -> bool:
        return first.size_bytes >= self._beside_bytes


def _failure(take: Take, part: Part) -> Exception | None:
    """What came of giving a part away; it is told to the other process before it is raised."""
    try:
        take(part)
    except Exception as error:  # noqa: BLE001 -- raised when the other process has stopped
        return error
    return None


def _cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
