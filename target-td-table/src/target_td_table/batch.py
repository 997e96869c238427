"""Rows of one stream on disk, waiting to be staged together."""

import contextlib
from array import array
from collections.abc import Callable, Container, Iterator, Sequence
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from target_td_table.errors import BusyError
from target_td_table.table import Table

_numbers = count()


@dataclass(frozen=True, slots=True)
class Mark:
    """How far a batch had come at a moment."""

    rows: int
    size_bytes: int


@dataclass(frozen=True, slots=True)
class Batch:
    """A closed batch: newline-delimited JSON, one record a line, as the tap sent it.

    No record is longer than the longest chunk, in which some of them came together.
    """

    table: Table
    path: Path
    rows: int
    size_bytes: int
    longest_chunk_bytes: int
    lines: Sequence[int]
    # Nothing is staged any more until `publish`, and so long its file stays.
    is_last: bool = False

    def records(self) -> Iterator[tuple[int, bytes]]:
        """Yield each record with the line of the input it came on."""
        with self.path.open("rb") as file:
            yield from zip(self.lines, file, strict=False)

    def without(self, places: Container[int]) -> "Batch":
        """A batch of its own with the other rows, in order; the caller removes both."""
        path = self.path.with_name(f"part-{next(_numbers)}.ndjson")
        lines, size_bytes = array("Q"), 0
        with _on_disk(path), path.open("wb", buffering=1 << 20) as file:
            for place, (line, record) in enumerate(self.records()):
                if place not in places:
                    size_bytes += file.write(record)
                    lines.append(line)
        longest = self.longest_chunk_bytes
        return Batch(self.table, path, len(lines), size_bytes, longest, lines)

    def write_marked(self, path: Path, field: Callable[[int], bytes]) -> None:
        """Write its records to another file, each beginning with a field that tells its place."""
        with _on_disk(path), path.open("wb", buffering=1 << 20) as file:
            for place, (_, record) in enumerate(self.records()):
                rest = record[1:].lstrip()
                file.write(b"{%b%b%b" % (field(place), b"" if rest[:1] == b"}" else b",", rest))

    def picked(self, places: Container[int]) -> Iterator[tuple[int, int, bytes]]:
        """Yield the records at some places: the place, the line and the record."""
        for place, (line, record) in enumerate(self.records()):
            if place in places:
                yield place, line, record

    def remove(self) -> None:
        """Give the disk space back."""
        self.path.unlink(missing_ok=True)


class OpenBatch:
    """A batch that still takes rows. They are written on, not kept in memory.

    Every method raises BusyError when the disk is full.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        with _on_disk(path):
            # Less than most chunks, which so are written as they are.
            self._file = path.open("wb", buffering=1 << 16)
        self._lines = array("Q")
        self._longest_chunk_bytes = 0
        self._size_bytes = 0

    @property
    def mark(self) -> Mark:
        """How far the batch has come."""
        return Mark(len(self._lines), self._size_bytes)

    def add(self, chunk: bytes, lines: Sequence[int]) -> None:
        """Add records, each ended by a newline, that came on these lines of the input."""
        with _on_disk(self._path):
            self._file.write(chunk)
        self._lines.extend(lines)
        self._size_bytes += len(chunk)
        self._longest_chunk_bytes = max(self._longest_chunk_bytes, len(chunk))

    def cut(self, mark: Mark) -> None:
        """Forget the rows that came after the mark."""
        with _on_disk(self._path):
            self._file.flush()
            self._file.truncate(mark.size_bytes)
            self._file.seek(mark.size_bytes)
        del self._lines[mark.rows :]
        self._size_bytes = mark.size_bytes

    def abandon(self) -> None:
        """Close the file without asking whether all of it arrived."""
        with contextlib.suppress(OSError):
            self._file.close()

    def close(self, table: Table) -> Batch:
        """The batch as it is to be staged, with the table its rows were checked against."""
        with _on_disk(self._path):
            self._file.close()
        mark = self.mark
        longest = self._longest_chunk_bytes
        return Batch(table, self._path, mark.rows, mark.size_bytes, longest, self._lines)


@contextlib.contextmanager
def _on_disk(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise BusyError(
            f"Rows cannot be written to `{path.parent}`: {error.strerror}. Nothing of the last "
            "batch was published. Make room there, or name another folder in the environment "
            "variable TMPDIR, and run again from the last state."
        ) from error
