"""Records that only the destination refuses, kept aside while the others are staged.

Decision: docs/decisions/0116-what-only-a-destination-refuses.md.
"""

from collections import Counter
from collections.abc import Iterator

from target_td_table.batch import Batch, OpenBatch
from target_td_table.errors import BadRecordError, TableError
from target_td_table.loaders.base import Loader, Staged
from target_td_table.modes import Mode
from target_td_table.records import Rejected, as_it_came
from target_td_table.rejects import Limit, rejects_of, rows
from target_td_table.table import Table

# A batch with a record that is refused is staged in parts of so many rows: what is staged again
# after a refusal is little, and a few refusals do not make many parts.
_PART_ROWS = 256


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
        staged = list(self._taken(batch, mode, refused))
        if refused:
            self.refused[batch.table.stream] += len(refused)
            staged.append(self._kept_aside(batch, refused))
        return staged

    def _taken(self, batch: Batch, mode: Mode, refused: list[Rejected]) -> Iterator[Staged]:
        try:
            yield self._loader.stage(batch, mode)
        except BadRecordError as error:
            if error.place is None:
                raise
            place, reason = error.place, error.reason
        else:
            return
        if batch.rows > _PART_ROWS:
            for part in batch.parts(_PART_ROWS):
                yield from self._taken_of_part(part, mode, refused)
            return
        before, (line, record), after = batch.around(place)
        yield from self._taken_of_part(before, mode, refused)
        refused.append(Rejected(line, reason, as_it_came(batch.table, record)))
        self._limit.add(refused[-1:])
        yield from self._taken_of_part(after, mode, refused)

    def _taken_of_part(self, part: Batch, mode: Mode, refused: list[Rejected]) -> Iterator[Staged]:
        if part.rows:
            yield from self._taken(part, mode, refused)
        part.remove()

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
