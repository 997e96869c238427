"""How records reach the target: in RECORD lines, or in files that BATCH lines name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tap_stripe_td.batches import BatchFiles
    from tap_stripe_td.shaping import Shape
    from tap_stripe_td.steps import Rows


class Delivery(Protocol):
    """Makes lines of rows, at once or later."""

    @property
    def is_even(self) -> bool:
        """Whether all rows are in lines that were returned: a state may follow."""

    def lines(self, rows: Rows, shape: Shape) -> bytes:
        """Return lines that bring rows, and others that came before."""

    def rest(self) -> bytes:
        """Return the lines of all rows that are held back."""


class Inline:
    """Every record is a line."""

    is_even = True

    def lines(self, rows: Rows, shape: Shape) -> bytes:
        """Return a line for each record."""
        return shape.record_lines(rows.records, version=rows.version, extracted=rows.date)

    def rest(self) -> bytes:
        """Return nothing."""
        return b""


class InFiles:
    """Records are held back until they fill a file, those of all streams together."""

    def __init__(self, files: BatchFiles) -> None:
        self._files = files
        self._held: dict[tuple[str, int | None], list[Mapping[str, object]]] = {}
        self._rows = 0
        self._written = 0

    @property
    def is_even(self) -> bool:
        """Whether nothing is held back."""
        return self._rows == 0

    def lines(self, rows: Rows, shape: Shape) -> bytes:
        """Return a line for each file, once there are enough records."""
        for stream, record in shape.named(rows.records):
            self._held.setdefault((stream, rows.version), []).append(record)
            self._rows += 1
        return self.rest() if self._rows >= self._files.rows else b""

    def rest(self) -> bytes:
        """Write what is held back, and return a line for each file."""
        lines = []
        for (stream, version), records in self._held.items():
            self._written += 1
            lines.append(self._files.write(stream, records, version, self._written))
        self._held, self._rows = {}, 0
        return b"".join(lines)
