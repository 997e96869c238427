"""A destination that is looked at and not touched: for `--dry-run`."""

from collections.abc import Mapping, Sequence

from target_td_table.batch import Batch
from target_td_table.loaders.base import AddColumn, Change, CreateTable, Loader, LoadRow, Staged
from target_td_table.modes import Mode
from target_td_table.report import log
from target_td_table.state import State
from target_td_table.table import Table, TableName


class DryRun:
    """Says what a loader would do about tables, and drops the rows."""

    def __init__(self, loader: Loader) -> None:
        self._loader = loader
        self._said: set[str] = set()

    def describe(self, name: TableName) -> Mapping[str, str] | None:
        """See `Loader`."""
        return self._loader.describe(name)

    def plan(self, table: Table) -> Sequence[Change]:
        """See `Loader`."""
        return self._loader.plan(table)

    def alter(self, table: Table) -> None:
        """Say what would change."""
        changes = self.plan(table)
        kept = f"The table `{table.name}` would keep its columns."
        for said in [sentence(table, change) for change in changes] or [kept]:
            # A table that changes in the middle of a load is looked at again, as it was.
            if said not in self._said:
                log.info("%s", said)
            self._said.add(said)

    def stage(self, batch: Batch, mode: Mode) -> Staged:
        """Count the rows only."""
        return Staged(batch.table, batch.rows, mode)

    def publish(
        self, staged: Sequence[Staged], state: State | None, loads: Sequence[LoadRow] = ()
    ) -> None:
        """Leave everything as it is."""

    def discard(self, tables: Sequence[Table], mode: Mode) -> None:
        """Nothing is there to discard."""

    def states(self) -> Mapping[str, str]:
        """See `Loader`."""
        return self._loader.states()

    def other_pipelines(self, load: LoadRow) -> Sequence[str]:
        """See `Loader`."""
        return self._loader.other_pipelines(load)

    def close(self) -> None:
        """See `Loader`."""
        self._loader.close()


def sentence(table: Table, change: Change) -> str:
    """What would change about a table."""
    if isinstance(change, CreateTable):
        columns = ", ".join(f"`{column.name}` {column.type}" for column in table.columns)
        return f"The table `{table.name}` would be created with the columns {columns}."
    column = change.column
    if isinstance(change, AddColumn):
        return f"The table `{table.name}` would get the column `{column.name}` {column.type}."
    if change.narrow is column.type:
        return f"The column `{column.name}` of `{table.name}` would get {column.scale} decimals."
    return (
        f"The column `{column.name}` of `{table.name}` would grow from {change.narrow} "
        f"to {column.type}."
    )
