"""Records that only the destination refuses, kept aside while the others are staged.

Decision: docs/decisions/0118-all-misfits-at-once.md.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import islice

from target_td_table.batch import Batch, OpenBatch
from target_td_table.config import Settings
from target_td_table.errors import BadRecordError
from target_td_table.loaders.base import Loader, Staged
from target_td_table.loaders.opening import missing
from target_td_table.modes import Mode
from target_td_table.records import Rejected, as_it_came
from target_td_table.rejects import Limit, rejects_of, rows
from target_td_table.table import Table

_AT_A_TIME = 1000


class Quarantine:
    """Stages what the destination takes of a batch; what it refuses goes to another table."""

    def __init__(self, loader: Loader, limit: Limit, settings: Settings) -> None:
        self._loader = loader
        self._limit = limit
        self._settings = settings
        # How many records of each stream the destination refused.
        self.refused: Counter[str] = Counter()

    def stage(self, batch: Batch, mode: Mode) -> list[Staged]:
        """Stage a batch and what was refused of it.

        Raises:
            TooManyRejectedError: If that were more records than may be rejected.
        """
        aside = _Aside(batch)
        staged = self._without_misfits(batch, mode, aside)
        kept = aside.close()
        if kept:
            self.refused[batch.table.stream] += kept.rows
            self._make(kept.table, batch.table)
            staged.append(self._loader.stage(kept, Mode.APPEND))
            kept.remove()
        return staged

    def _without_misfits(self, batch: Batch, mode: Mode, aside: "_Aside") -> list[Staged]:
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
                self._take_out(left, reasons, aside)
                whole, left = left, left.without(reasons)
                if whole is not batch:
                    whole.remove()
        finally:
            if left is not batch:
                left.remove()
        return []

    def _take_out(self, batch: Batch, reasons: Mapping[int, str], aside: "_Aside") -> None:
        """Some at a time: they may be all records of a large batch."""
        picked = batch.picked(reasons)
        while some := list(islice(picked, _AT_A_TIME)):
            found = [
                Rejected(line, reasons[place], as_it_came(batch.table, record))
                for place, line, record in some
            ]
            self._limit.add(found)
            aside.add(found)

    def _make(self, table: Table, of: Table) -> None:
        if not self._settings.auto_create_table and self._loader.describe(table.name) is None:
            misfits = f"records of the stream `{of.stream}` that do not fit"
            raise missing(self._settings, table.name, misfits)
        self._loader.alter(table)


class _Aside:
    """The refused records of one batch, on their way into the table of rejected ones."""

    def __init__(self, batch: Batch) -> None:
        self._table = rejects_of(batch.table)
        self._path = batch.path.with_suffix(".rejected.ndjson")
        self._opened: OpenBatch | None = None

    def add(self, found: Sequence[Rejected]) -> None:
        if self._opened is None:
            self._opened = OpenBatch(self._path)
        self._opened.add(rows(found), [each.line for each in found])

    def close(self) -> Batch | None:
        return self._opened.close(self._table) if self._opened else None
