"""Records that only the destination refuses, kept aside while the others are staged.

Decision: docs/decisions/0116-what-only-a-destination-refuses.md.
"""

from collections import Counter
from collections.abc import Mapping

from target_td_table.batch import Batch, OpenBatch
from target_td_table.errors import BadRecordError, TableError
from target_td_table.loaders.base import Loader, Staged
from target_td_table.modes import Mode
from target_td_table.records import Rejected, as_it_came
from target_td_table.rejects import Limit, rejects_of, rows
from target_td_table.table import Table


class Quarantine:
    """Stages what the destination takes of a batch; what it refuses goes to another table."""

    def __init__(self, loader: Loader, limit: Limit, *, creates_tables: bool = True) -> None:
        self._loader = loader
        self._limit = limit
        self._creates_tables = creates_tables
        # How many records of each stream the destination refused.
        self.refused: Counter[str] = Counter()

    def stage(self, batch: Batch, mode: Mode) -> list[Staged]:
        """Stage a batch and what was refused of it.

        Raises:
            TooManyRejectedError: If that were more records than may be rejected.
        """
        refused: list[Rejected] = []
        staged = self._without_misfits(batch, mode, refused)
        if refused:
            self.refused[batch.table.stream] += len(refused)
            refused.sort(key=lambda each: each.line)
            staged.append(self._kept_aside(batch, refused))
        return staged

    def _without_misfits(self, batch: Batch, mode: Mode, refused: list[Rejected]) -> list[Staged]:
        """Stage a batch; what is refused is taken out and it is staged again, until it fits."""
        left = batch
        try:
            while left.rows:
                try:
                    return [self._loader.stage(left, mode)]
                except BadRecordError as error:
                    if not error.misfits:
                        raise
                    reasons = {each.place: each.reason for each in error.misfits}
                refused += self._rejected(left, reasons)
                whole, left = left, left.without(reasons)
                if whole is not batch:
                    whole.remove()
        finally:
            if left is not batch:
                left.remove()
        return []

    def _rejected(self, batch: Batch, reasons: Mapping[int, str]) -> list[Rejected]:
        found = [
            Rejected(line, reasons[place], as_it_came(batch.table, record))
            for place, (line, record) in batch.at(reasons).items()
        ]
        self._limit.add(found)
        return found

    def _kept_aside(self, batch: Batch, refused: list[Rejected]) -> Staged:
        table = rejects_of(batch.table)
        self._make(table, batch.table)
        opened = OpenBatch(batch.path.with_suffix(".rejected.ndjson"))
        opened.add(rows(refused), [each.line for each in refused])
        kept = opened.close(table)
        staged = self._loader.stage(kept, Mode.APPEND)
        kept.remove()
        return staged

    def _make(self, table: Table, of: Table) -> None:
        if not self._creates_tables and self._loader.describe(table.name) is None:
            raise TableError(
                f"There is no table `{table.name}` for records of the stream `{of.stream}` that do "
                "not fit, and `auto_create_table` is false. Create it, or set `auto_create_table` "
                "to true."
            )
        self._loader.alter(table)
