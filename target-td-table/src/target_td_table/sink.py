"""One stream's way into one table."""

import time
from collections.abc import Iterable, Sequence
from pathlib import Path

from target_td_table.batch import Batch, Mark, OpenBatch
from target_td_table.modes import Mode
from target_td_table.records import MOST_UNDECLARED, Check, Looked, respelled
from target_td_table.report import log
from target_td_table.table import Table
from target_td_table.versions import stamped


class Sink:
    """Checks the records of a stream and gathers them in batches."""

    def __init__(
        self, table: Table, mode: Mode, path: Path, *, takes_rejects: bool = False
    ) -> None:
        self.table = table
        self.mode = mode
        self.rows = 0
        # The rows that were thrown away last, in mode replace.
        self.discarded_rows = 0
        # When the first of its records came, and the last one.
        self._began_at: float | None = None
        self._ended_at = 0.0
        # Of the records that came last, and of the last ACTIVATE_VERSION.
        self.version: int | None = None
        self.activated: int | None = None
        # Whether a part of what was activated came in an earlier run.
        self.is_resumed = False
        # In mode merge: what rows are marked with, and how many came before there was one.
        self.stamp: int | None = None
        self.unstamped_rows = 0
        # Where its records go that do not fit, once there was one.
        self.rejects: Sink | None = None
        self._path = path
        self._takes_rejects = takes_rejects
        self._batches = 0
        self._batch: OpenBatch | None = None
        self._check = self._check_for(table)

    @property
    def takes_rejects(self) -> bool:
        """Whether its rows are records that did not fit somewhere else."""
        return self._takes_rejects

    @property
    def rejected(self) -> int:
        """How many of its records did not fit."""
        return self.rejects.rows if self.rejects else 0

    @property
    def mark(self) -> Mark:
        """How far the open batch has come."""
        return self._batch.mark if self._batch else Mark(0, 0)

    @property
    def seconds(self) -> float:
        """From its first record to its last one."""
        return 0.0 if self._began_at is None else self._ended_at - self._began_at

    def change(self, table: Table) -> None:
        """Go on with another table. The open batch must have been closed."""
        self.table = table
        self._check = self._check_for(table)

    def accepts(self, chunk: bytes) -> bool:
        """Whether all these records, each ended by a newline, fit without a second look."""
        return self._check.accepts(chunk)

    def look_again(
        self, records: Sequence[bytes], lines: Sequence[int], *, quarantine: bool
    ) -> Looked:
        """Look at records that were not accepted one by one.

        Raises:
            BadRecordError: If a record does not fit and there is no quarantine.
        """
        looked = self._check.second_look(records, lines, quarantine=quarantine)
        self._name_undeclared(looked.undeclared)
        return looked

    def add(self, chunk: bytes, lines: Sequence[int]) -> None:
        """Add records that fit, each ended by a newline, to the open batch."""
        if self.stamp is not None:
            chunk = stamped(chunk, len(lines), self.stamp)
        else:
            self.unstamped_rows += len(lines)
        if self.table.needs_respelling:
            records = chunk.split(b"\n")[:-1]
            chunk = b"".join(respelled(self.table, record) + b"\n" for record in records)
        now = time.monotonic()
        if self._began_at is None:
            self._began_at = now
        if self._batch is None:
            self._batches += 1
            self._batch = OpenBatch(self._path.with_suffix(f".{self._batches}.ndjson"))
        self._batch.add(chunk, lines)
        self.rows += len(lines)
        self._ended_at = now

    def cut(self, mark: Mark) -> None:
        """Forget the rows that came after the mark."""
        if self._batch:
            self.rows -= self._batch.mark.rows - mark.rows
            self._batch.cut(mark)

    def close_batch(self) -> Batch | None:
        """The rows since the last batch, if there are any."""
        if self._batch is None:
            return None
        batch, self._batch = self._batch.close(self.table), None
        if batch.rows:
            return batch
        batch.remove()
        return None

    def abandon(self) -> None:
        """Give up the open batch."""
        if self._batch:
            self._batch.abandon()

    def _name_undeclared(self, fields: frozenset[str]) -> None:
        if not fields:
            return
        undeclared = self._check.undeclared | fields
        log.warning(
            "`%s` has fields that its SCHEMA does not declare, and they are left out: %s. "
            "Let the tap discover its schema anew to get them.",
            self.table.stream,
            ", ".join(f"`{field}`" for field in sorted(fields)[:MOST_UNDECLARED]),
        )
        self._check = self._check_for(self.table, undeclared)

    def _check_for(self, table: Table, undeclared: Iterable[str] = ()) -> Check:
        return Check(table, undeclared, by_key=self.mode is Mode.MERGE)
