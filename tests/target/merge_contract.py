"""What every loader promises of mode merge."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from target_td_table.loaders.base import Loader
from target_td_table.modes import Mode
from target_td_table.table import Column, LogicalType, Table, TableName
from tests.target.batches import batch_of

COLUMNS = (
    Column("id", "id", LogicalType.STRING),
    Column("amount", "amount", LogicalType.INTEGER),
    Column("_updated_at", "_updated_at", LogicalType.TIMESTAMP),
    Column("deleted", "deleted", LogicalType.BOOLEAN),
    Column("_sdc_deleted_at", "_sdc_deleted_at", LogicalType.TIMESTAMP),
)
MARKED = Table("charges", TableName("main", "charges"), COLUMNS, ("id",))
DELETED = replace(MARKED, hard_delete=True)
UNORDERED = replace(MARKED, columns=COLUMNS[:2])
ROWS = """
    SELECT id, amount, CAST(extract(minute FROM _updated_at) AS INTEGER), deleted,
        _sdc_deleted_at IS NOT NULL
    FROM main.charges ORDER BY id
"""
Record = dict[str, Any]


def row(name: str, amount: int, minute: int | None) -> Record:
    """A live record of this minute."""
    return {"id": name, "amount": amount, "_updated_at": moment(minute)}


def tombstone(name: str, minute: int | None) -> Record:
    return {
        "id": name, "deleted": True, "_sdc_deleted_at": "2026-01-01T00:00:00Z",
        "_updated_at": moment(minute),
    }  # fmt: skip


def moment(minute: int | None) -> str | None:
    return None if minute is None else f"2026-01-01T00:{minute:02}:00Z"


RECORDS = st.builds(
    lambda name, minute, amount: (
        tombstone(name, minute) if amount == 0 else row(name, amount, minute)
    ),
    st.sampled_from("abc"),
    st.sampled_from([None, 1, 2, 3, 4]),
    st.integers(0, 9),
)
PUBLICATIONS = st.lists(st.lists(RECORDS, min_size=1, max_size=6), min_size=1, max_size=4)


def starting_anew(*, max_examples: int) -> settings:
    """For a suite whose `forget` starts every example anew, and that each loader inherits."""
    return settings(
        max_examples=max_examples,
        deadline=None,
        suppress_health_check=[
            HealthCheck.function_scoped_fixture,
            HealthCheck.differing_executors,
        ],
    )


class MergeContract:
    """A subclass gives `loader` and `select`, which reads as another user of the tables would."""

    @pytest.fixture
    def loader(self, tmp_path: Path) -> Loader:
        raise NotImplementedError

    def select(self, loader: Loader, sql: str) -> list[tuple[Any, ...]]:
        """The rows a reader sees now."""
        raise NotImplementedError

    def forget(self, loader: Loader) -> None:
        """Drop the table `main.charges` and what the target keeps about its rows."""
        raise NotImplementedError

    def merge(self, loader: Loader, table: Table, folder: Path, *records: Record) -> None:
        """Publish these records, each in a batch of its own when there are few."""
        loader.alter(table)
        halves = (records[: len(records) // 2], records[len(records) // 2 :])
        staged = [
            loader.stage(batch_of(folder, table, half), Mode.MERGE) for half in halves if half
        ]
        loader.publish(staged, None)

    def rows(self, loader: Loader) -> list[tuple[Any, ...]]:
        """Every row as (id, amount, minute, is marked)."""
        found = self.select(loader, ROWS)
        return [(name, n, minute, bool(marked)) for name, n, minute, _, marked in found]

    @pytest.mark.parametrize("minutes", [(1, 2), (2, 1)])
    @pytest.mark.parametrize("at_once", [True, False])
    def test_the_later_updated_at_wins_whatever_the_order_of_arrival(
        self, loader: Loader, tmp_path: Path, minutes: tuple[int, int], *, at_once: bool
    ) -> None:
        records = [row("a", minute, minute) for minute in minutes]
        for part in [records] if at_once else [[each] for each in records]:
            self.merge(loader, MARKED, tmp_path, *part)
        assert self.rows(loader) == [("a", 2, 2, False)]

    @pytest.mark.parametrize("at_once", [True, False])
    @pytest.mark.parametrize("table", [MARKED, UNORDERED])
    def test_the_later_line_wins_when_times_are_equal_or_unknown(
        self, loader: Loader, tmp_path: Path, table: Table, *, at_once: bool
    ) -> None:
        records = [row("a", 1, 5), row("a", 2, 5)]
        for part in [records] if at_once else [[each] for each in records]:
            self.merge(loader, table, tmp_path, *part)
        assert self.select(loader, "SELECT id, amount FROM main.charges") == [("a", 2)]

    def test_rows_of_other_keys_stay(self, loader: Loader, tmp_path: Path) -> None:
        self.merge(loader, MARKED, tmp_path, row("a", 1, 1), row("b", 1, 1))
        self.merge(loader, MARKED, tmp_path, row("b", 2, 2), row("c", 2, 2))
        assert [(name, n) for name, n, *_ in self.rows(loader)] == [("a", 1), ("b", 2), ("c", 2)]

    def test_a_tombstone_marks_its_row_which_keeps_its_values(
        self, loader: Loader, tmp_path: Path
    ) -> None:
        self.merge(loader, MARKED, tmp_path, row("a", 1, 1))
        self.merge(loader, MARKED, tmp_path, tombstone("a", 2))
        assert self.select(loader, ROWS) == [("a", 1, 2, True, True)]

    def test_a_row_and_its_tombstone_may_come_together(
        self, loader: Loader, tmp_path: Path
    ) -> None:
        self.merge(loader, MARKED, tmp_path, tombstone("a", 2), row("a", 1, 1))
        assert self.rows(loader) == [("a", 1, 2, True)]

    def test_a_tombstone_of_an_unknown_row_is_kept_as_it_is(
        self, loader: Loader, tmp_path: Path
    ) -> None:
        self.merge(loader, MARKED, tmp_path, tombstone("a", 2))
        assert self.rows(loader) == [("a", None, 2, True)]

    def test_a_tombstone_deletes_its_row_when_deletes_are_hard(
        self, loader: Loader, tmp_path: Path
    ) -> None:
        self.merge(loader, DELETED, tmp_path, row("a", 1, 1), row("b", 1, 1))
        self.merge(loader, DELETED, tmp_path, tombstone("a", 2), tombstone("c", 2))
        assert self.rows(loader) == [("b", 1, 1, False)]

    @pytest.mark.parametrize("table", [MARKED, DELETED])
    def test_an_older_tombstone_changes_nothing(
        self, loader: Loader, tmp_path: Path, table: Table
    ) -> None:
        self.merge(loader, table, tmp_path, row("a", 1, 5))
        self.merge(loader, table, tmp_path, tombstone("a", 2))
        assert self.rows(loader) == [("a", 1, 5, False)]

    def test_an_older_row_does_not_revive_what_was_deleted(
        self, loader: Loader, tmp_path: Path
    ) -> None:
        self.merge(loader, DELETED, tmp_path, row("a", 1, 1))
        self.merge(loader, DELETED, tmp_path, tombstone("a", 5))
        self.merge(loader, DELETED, tmp_path, row("a", 2, 3))
        assert self.rows(loader) == []

    @pytest.mark.parametrize("table", [MARKED, DELETED])
    def test_a_newer_row_revives_what_was_deleted(
        self, loader: Loader, tmp_path: Path, table: Table
    ) -> None:
        for record in (row("a", 1, 1), tombstone("a", 2), row("a", 3, 3)):
            self.merge(loader, table, tmp_path, record)
        assert self.select(loader, ROWS) == [("a", 3, 3, None, False)]

    @starting_anew(max_examples=8)
    @given(publications=PUBLICATIONS, hard=st.booleans())
    def test_the_winner_is_the_same_however_records_are_published(
        self, loader: Loader, tmp_path: Path, publications: list[list[Record]], *, hard: bool
    ) -> None:
        self.forget(loader)
        for records in publications:
            self.merge(loader, DELETED if hard else MARKED, tmp_path, *records)
        expected = winners([each for part in publications for each in part], hard=hard)
        assert [
            (name, None if marked else n, minute, marked)
            for name, n, minute, marked in self.rows(loader)
        ] == expected

    def test_a_column_added_by_hand_keeps_its_values(self, loader: Loader, tmp_path: Path) -> None:
        self.merge(loader, MARKED, tmp_path, row("a", 1, 1), row("b", 1, 1))
        self.merge(loader, UNORDERED, tmp_path, {"id": "a", "amount": 2})
        assert self.rows(loader) == [("a", 2, 1, False), ("b", 1, 1, False)]

    def test_a_table_of_keys_only_can_be_merged(self, loader: Loader, tmp_path: Path) -> None:
        for _ in range(2):
            self.merge(loader, replace(MARKED, columns=COLUMNS[:1]), tmp_path, {"id": "a"})
        assert self.select(loader, "SELECT id FROM main.charges") == [("a",)]

    def test_one_publication_may_merge_one_table_and_append_to_another(
        self, loader: Loader, tmp_path: Path
    ) -> None:
        rejected = Table("charges", TableName("main", "rejected"), COLUMNS[:1])
        for _ in range(2):
            loader.alter(MARKED)
            loader.alter(rejected)
            one = loader.stage(batch_of(tmp_path, MARKED, [row("a", 1, 1)]), Mode.MERGE)
            other = loader.stage(batch_of(tmp_path, rejected, [{"id": "b"}]), Mode.APPEND)
            loader.publish([one, other], None)
        assert self.select(loader, "SELECT id FROM main.charges") == [("a",)]
        assert self.select(loader, "SELECT id FROM main.rejected") == [("b",), ("b",)]


def winners(records: Sequence[Record], *, hard: bool) -> list[tuple[Any, ...]]:
    """The last record of each key, by `_updated_at` and then by arrival."""
    arrival = count()
    last: dict[str, Record] = {}
    for record in sorted(records, key=lambda each: (each["_updated_at"] or "", next(arrival))):
        last[record["id"]] = record
    return [
        (name, each.get("amount"), _minute(each), "deleted" in each)
        for name, each in sorted(last.items())
        if not (hard and "deleted" in each)
    ]


def _minute(record: Record) -> int | None:
    return None if record["_updated_at"] is None else int(record["_updated_at"][14:16])
