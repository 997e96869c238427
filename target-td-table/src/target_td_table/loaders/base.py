"""What every destination promises. `tests/target/loader_contract.py` holds each of them to it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from target_td_table.batch import Batch
from target_td_table.modes import Mode
from target_td_table.state import State
from target_td_table.table import Table, TableName


@dataclass(frozen=True, slots=True)
class Staged:
    """Rows of one table that are at the destination and that nobody reads yet."""

    table: Table
    rows: int


class Loader(Protocol):
    """One destination. All calls of one load come from one thread, one after the other."""

    def describe(self, name: TableName) -> Mapping[str, str] | None:
        """The columns of a table with the destination's own types; None if there is no table.

        Tells also what `alter` did and `publish` has not yet made visible.
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

        Raises:
            InputError: If a value does not fit; nothing of the batch stays.
        """

    def publish(self, staged: Sequence[Staged], mode: Mode, state: State | None) -> None:
        """Make all of this visible, and the state with it, in one step: all or nothing.

        In mode replace the rows that were there are gone afterwards, also when none were staged.
        """

    def discard(self, tables: Sequence[Table], mode: Mode) -> None:
        """Throw away what was staged for these tables and not published.

        In mode append the rows of all tables are one transaction, and all of it goes.
        """

    def states(self) -> Mapping[str, str]:
        """The last state of each pipeline that published here."""

    def close(self) -> None:
        """Let the destination go. What was not published is discarded."""
