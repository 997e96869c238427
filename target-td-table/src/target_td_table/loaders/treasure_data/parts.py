"""Parts of a bulk import session: MessagePack in gzip, waiting on disk under content names.

One thread packs, another compresses. `isal` does that 7 times faster than `zlib` for the same
size; it is an extra, and `zlib` at its fastest is used without it.
"""

import hashlib
import importlib
import zlib
from collections.abc import Callable
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
    """A closed part."""

    name: str
    path: Path


class OpenPart:
    """A part that takes more rows; written on by one thread."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / f"part-{next(_numbers)}.msgpack.gz"
        self._file: IO[bytes] = self._path.open("wb")
        self._compressor = _compressor()
        self._digest = hashlib.blake2b(digest_size=16)
        self.size_bytes = 0

    def add(self, rows: bytes) -> None:
        """Add packed rows."""
        self._write(self._compressor.compress(rows))

    def close(self) -> Part:
        """The part under the name of its content: uploaded again, it takes its own place."""
        self._write(self._compressor.flush())
        self._file.close()
        return Part(f"part_{self._digest.hexdigest()}", self._path)

    def abandon(self) -> None:
        """Give it up."""
        self._file.close()
        self._path.unlink(missing_ok=True)

    def _write(self, data: bytes) -> None:
        self.size_bytes += len(data)
        self._digest.update(data)
        try:
            self._file.write(data)
        except OSError as error:
            raise BusyError(
                f"Parts cannot be written to `{self._path.parent}`: {error.strerror}. Make room "
                "there, or name another folder in TMPDIR, and run again from the last state."
            ) from error


class Parts:
    """The parts of one staging: each block goes to the compressing thread, one at a time."""

    def __init__(self, *, part_bytes: int = PART_BYTES) -> None:
        self._part_bytes = part_bytes
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="compress")
        self._waiting: Future[None] | None = None
        self._open: OpenPart | None = None
        self._closed: list[Part] = []

    def add(self, rows: bytes, folder: Path) -> None:
        """Add packed rows; waits only for those before them, so two blocks are in memory."""
        self.settle()
        self._waiting = self._thread.submit(self._add, rows, folder)

    def settle(self) -> None:
        """Wait until all is written that was added."""
        waiting, self._waiting = self._waiting, None
        if waiting is not None:
            waiting.result()

    def close(self) -> list[Part]:
        """All parts; nothing can be added after it."""
        self.settle()
        if self._open:
            self._closed.append(self._open.close())
            self._open = None
        self._thread.shutdown()
        return self._closed

    def remove(self) -> None:
        """Give the disk space back."""
        self._thread.shutdown()
        if self._open:
            self._open.abandon()
            self._open = None
        for part in self._closed:
            part.path.unlink(missing_ok=True)
        self._closed = []

    def _add(self, rows: bytes, folder: Path) -> None:
        if self._open is None:
            self._open = OpenPart(folder)
        self._open.add(rows)
        if self._open.size_bytes >= self._part_bytes:
            self._closed.append(self._open.close())
            self._open = None


def _compressor() -> Any:
    return _compressobj()(_LEVEL, zlib.DEFLATED, _GZIP)


def _compressobj() -> Callable[..., Any]:
    try:
        found: Callable[..., Any] = importlib.import_module("isal.isal_zlib").compressobj
    except ImportError:
        return zlib.compressobj
    return found
