"""What every destination promises. `tests/target/loader_contract.py` holds each of them to it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Protocol

from target_td_table.batch import Batch
from target_td_table.modes import Mode
from target_td_table.state import State
from target_td_table.table import Column, LogicalType, Table, TableName
from target_td_table.versions import Activation


@dataclass(frozen=True, slots=True)
class Staged:
    """Rows of one table that are at the destination and that nobody reads yet.

    With an `activation`, none; it takes away what its version did not bring.
    """

    table: Table
    rows: int
    mode: Mode
    activation: Activation | None = None


@dataclass(frozen=True, slots=True)
class LoadRow:
    """What is known of one table's part in one load: a row of `_td_loads`.

    `rows` and `rejected` count what this load has published so far, this publication included. It
    ends when the row is written, if it does not tell.
    """

    load_id: str
    pipeline: str
    stream: str
    table: TableName
    mode: Mode
    rows: int
    rejected: int
    started_at: datetime
    ended_at: datetime | None = None

    def without(self, refused: int) -> "LoadRow":
        """The row when the destination refused so many of the records that came."""
        return replace(self, rows=self.rows - refused, rejected=self.rejected + refused)


@dataclass(frozen=True, slots=True)
class CreateTable:
    """The table is missing."""

    table: Table


@dataclass(frozen=True, slots=True)
class AddColumn:
    """A field that is new becomes a column."""

    column: Column


@dataclass(frozen=True, slots=True)
class WidenColumn:
    """A field's type grew, and the column grows with it."""

    column: Column
    narrow: LogicalType


def tables_of(staged: Sequence[Staged]) -> list[tuple[Table, Mode]]:
    """Each table once, with every column that some of its staged rows have, and its mode.

    A SCHEMA in the middle of a load may have added or removed a field.
    """
    last = {each.table.name: each for each in staged}
    columns: dict[TableName, dict[str, Column]] = {name: {} for name in last}
    for each in staged:
        columns[each.table.name] |= {column.name: column for column in each.table.columns}
    return [
        (replace(each.table, columns=tuple(columns[name].values())), each.mode)
        for name, each in last.items()
    ]


def activations_of(staged: Sequence[Staged]) -> list[tuple[Table, Activation]]:
    """What takes rows away after all that is staged has met the tables, in order."""
    return [(each.table, each.activation) for each in staged if each.activation]


Change = CreateTable | AddColumn | WidenColumn


class Loader(Protocol):
    """One destination. All calls of one load come from one thread, one after the other.

    Five verbs are about tables and rows: `describe`, `alter`, `stage`, `publish`, `discard`. The
    others ask what would be done (`plan`) or was done by any load (`states`, `other_pipelines`),
    and let go (`close`).
    """

    def describe(self, name: TableName) -> Mapping[str, str] | None:
        """The columns of a table with the destination's own types; None if there is no table.

        Tells also what `alter` did and `publish` has not yet made visible.
        """

    def plan(self, table: Table) -> Sequence[Change]:
        """What `alter` would do now. Touches nothing.

        Raises:
            TableError: If a column would have to change in a way that loses something.
        """

    def alter(self, table: Table) -> None:
        """Make the table able to take the rows: create it, add columns, widen types.

        Nothing is taken away, and columns that a person added stay. Becomes visible with the next
        `publish`, and is undone by `discard` where the destination can undo it.

        Raises:
            TableError: If a column would have to change in a way that loses something.
        """

    def stage(self, batch: Batch, mode: Mode) -> Staged:
        """Bring a batch to the destination, where nobody sees its rows yet.

        One load may stage one table in one mode and another table in another. A batch that
        `is_last` may be left where it is until `publish` reads it and refuses what does not fit.

        Raises:
            BadRecordError: If a record does not fit; it tells its place in the batch. Nothing of
                the batch stays. What was staged before does, where the loader was told to try
                batches first.
            InputError: If something does not fit, and it cannot be told which record.
        """

    def publish(
        self, staged: Sequence[Staged], state: State | None, loads: Sequence[LoadRow] = ()
    ) -> None:
        """Make all of this visible, the state and the load's rows with it: all or nothing.

        What was staged in mode replace takes the place of the rows that were there, also when
        none were staged. What was staged in mode merge meets them by key, as `loaders.sql_merge`
        tells, and then the activations take away what their versions did not bring, as
        `loaders.sql_activation` tells. A load's row takes the place of the one with the same `load_id` and `table`.
        """

    def discard(self, tables: Sequence[Table], mode: Mode) -> None:
        """Throw away what was staged for these tables in this mode and not published.

        In mode append the rows of all tables are one transaction, and all of it goes.
        """

    def states(self) -> Mapping[str, str]:
        """The last state of each pipeline that published here."""

    def other_pipelines(self, load: LoadRow) -> Sequence[str]:
        """The other pipelines that loaded into a load's table after its own first began to.

        `loaders.sql` tells in a query which loads count.
        """

    def close(self) -> None:
        """Let the destination go. What was not published is discarded."""
