"""Parts of a bulk import session: MessagePack in gzip, on disk until they are uploaded.

One thread packs, another compresses. `isal` compresses 7 times faster than `zlib` for the same
size; it is an extra, and `zlib` at its fastest is used without it.
"""

import contextlib
import hashlib
import importlib
import os
import zlib
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import IO, Any

from target_td_table.errors import BusyError

# embulk-output-td closes a part at this size, and so does the `td` command.
PART_BYTES = 16 << 20
_LEVEL = 1
_GZIP = 31
_numbers = count()


@dataclass(frozen=True, slots=True)
class Part:
    """A closed part.

    Its name holds its place and its content: uploaded again, it takes its own place and no other's.
    """

    name: str
    path: Path


def end_of(mark: str | None) -> str:
    """How the name of the last part of a session begins, if `mark` is what the session holds."""
    return "end_" if mark is None else f"end_{mark}_"


class OpenPart:
    """A part that takes more rows; written on by one thread."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / f"part-{os.getpid()}-{next(_numbers)}.msgpack.gz"
        with _room_in(folder):
            self._file: IO[bytes] = self._path.open("wb")
        self._compressor = compressor()
        self._digest = hashlib.blake2b(digest_size=16)
        self.size_bytes = 0

    def add(self, rows: bytes) -> None:
        """Add packed rows."""
        self._write(self._compressor.compress(rows))

    def close(self, beginning: str) -> Part:
        """The part, under a name that begins so."""
        self._write(self._compressor.flush())
        with _room_in(self._path.parent):
            self._file.close()
        return Part(f"{beginning}{self._digest.hexdigest()}", self._path)

    def abandon(self) -> None:
        """Give it up."""
        self._file.close()
        self._path.unlink(missing_ok=True)

    def _write(self, data: bytes) -> None:
        self.size_bytes += len(data)
        self._digest.update(data)
        with _room_in(self._path.parent):
            self._file.write(data)


class Parts:
    """The parts of one staging: each block goes to the compressing thread, one at a time."""

    def __init__(self, take: Callable[[Part], None], *, part_bytes: int = PART_BYTES) -> None:
        """Each part is given to `take` on the compressing thread."""
        self._take = take
        self._part_bytes = part_bytes
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="compress")
        self._waiting: Future[None] | None = None
        self._open: OpenPart | None = None
        self._closed = 0

    def add(self, rows: bytes, folder: Path) -> None:
        """Add packed rows.

        Waits only for those before them, so two blocks are in memory.
        """
        self.settle()
        self._waiting = self._thread.submit(self._add, rows, folder)

    def settle(self) -> None:
        """Wait until all is written that was added."""
        waiting, self._waiting = self._waiting, None
        if waiting is not None:
            waiting.result()

    def close(self, mark: str) -> None:
        """Give the last part away, under a name that tells what all of them hold."""
        self.settle()
        if self._open:
            last, self._open = self._open.close(end_of(mark) + f"{self._closed:05}_"), None
            self._take(last)
        self._thread.shutdown()

    def abandon(self) -> None:
        """Give up what is open."""
        self._thread.shutdown()
        if self._open:
            self._open.abandon()
            self._open = None

    def _add(self, rows: bytes, folder: Path) -> None:
        # A full one is closed when more comes: the last one stays open until its name is known.
        if self._open and self._open.size_bytes >= self._part_bytes:
            full, self._open = self._open.close(f"part_{self._closed:05}_"), None
            self._closed += 1
            self._take(full)
        if self._open is None:
            self._open = OpenPart(folder)
        self._open.add(rows)


@contextlib.contextmanager
def _room_in(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise BusyError(
            f"Parts cannot be written to `{folder}`: {error.strerror}. Make room there, or name "
            "another folder in TMPDIR, and run again from the last state."
        ) from error


def compressor() -> Any:
    """A compressor of gzip: of isal where it is installed."""
    return _compressobj()(_LEVEL, zlib.DEFLATED, _GZIP)


def _compressobj() -> Callable[..., Any]:
    try:
        found: Callable[..., Any] = importlib.import_module("isal.isal_zlib").compressobj
    except ImportError:
        return zlib.compressobj
    return found
