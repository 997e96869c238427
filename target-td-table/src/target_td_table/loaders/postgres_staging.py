"""Where rows wait for PostgreSQL: in temporary tables, which go away with the session.

The last batches before a publication wait in their files, and go straight into their tables.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from target_td_table.batch import Batch
from target_td_table.loaders import postgres_statements as statements
from target_td_table.modes import Mode
from target_td_table.table import Column, Table, TableName


@dataclass(frozen=True, slots=True)
class Staging:
    """One temporary table, what its rows are for, and the columns it has."""

    name: TableName
    table: TableName
    mode: Mode
    columns: tuple[Column, ...]
    rows: int = 0

    def missing(self, table: Table) -> list[Column]:
        """The columns of a table that this one lacks."""
        names = {column.name for column in self.columns}
        return [column for column in table.columns if column.name not in names]

    def widened(self, columns: Sequence[Column]) -> "Staging":
        """With more columns."""
        return replace(self, columns=(*self.columns, *columns))

    def with_rows(self, rows: int) -> "Staging":
        """With more rows."""
        return replace(self, rows=self.rows + rows)

    def filled(self, table: Table) -> Table:
        """The table with every column that any staged batch filled."""
        return replace(table, columns=self.columns)


class Stagings:
    """The temporary tables of a session, one for each table and mode, and the batches in files."""

    straight: list[Batch]

    def __init__(self) -> None:
        self.straight = []
        self._stagings: dict[tuple[TableName, Mode], Staging] = {}
        self._made = 0

    def __iter__(self) -> Iterator[Staging]:
        """Iterate over those there are."""
        return iter(list(self._stagings.values()))

    @property
    def rows(self) -> int:
        """How many rows wait that would be lost with the session."""
        return sum(each.rows for each in self)

    def of(self, table: TableName, mode: Mode) -> Staging | None:
        """The one for this table and mode."""
        return self._stagings.get((table, mode))

    def new(self, table: Table, mode: Mode) -> Staging:
        """One that is not made yet, under a name that was never used in this session."""
        self._made += 1
        name = TableName(statements.TEMPORARY, f"_td_staging_{self._made}")
        return Staging(name, table.name, mode, table.columns)

    def keep(self, staging: Staging) -> None:
        """Remember it as it is now."""
        self._stagings[staging.table, staging.mode] = staging

    def forget(self, stagings: Sequence[Staging] | None = None) -> None:
        """Forget these, or all of them."""
        for each in list(self) if stagings is None else stagings:
            self._stagings.pop((each.table, each.mode), None)
