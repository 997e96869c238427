"""What every loader promises, as a suite each loader's tests inherit."""

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from target_td_table.batch import Batch
from target_td_table.errors import BadRecordError, TableError
from target_td_table.loaders.base import AddColumn, CreateTable, Loader, LoadRow
from target_td_table.modes import Mode
from target_td_table.state import State
from target_td_table.table import Column, LogicalType, Table, TableName
from tests.target.batches import batch_of

NAME = TableName("main", "charges")
ID = Column("id", "id", LogicalType.STRING)
AMOUNT = Column("amount", "amount", LogicalType.INTEGER)
WIDE = Column("amount", "amount", LogicalType.NUMBER)
NARROW = Table("charges", NAME, (ID,), ("id",))
TABLE = Table("charges", NAME, (ID, AMOUNT), ("id",))
NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
LOAD = LoadRow("x1", "nightly", "charges", NAME, Mode.APPEND, 1, 0, NOON, NOON)
OURS = replace(LOAD, pipeline="ours", started_at=NOON.replace(day=9))
REFUNDS = Table("refunds", TableName("main", "refunds"), (ID,), ("id",))


class LoaderContract:
    """A subclass gives `loader` and `visible`, which reads as another user of the tables would."""

    @pytest.fixture
    def loader(self, tmp_path: Path) -> Loader:
        raise NotImplementedError

    def visible(self, loader: Loader, table: Table) -> list[Any] | None:
        """The ids in a table as a reader sees them now; None if the reader sees no table."""
        raise NotImplementedError

    def select(self, loader: Loader, sql: str) -> list[tuple[Any, ...]]:
        """The rows a reader sees now."""
        raise NotImplementedError

    @pytest.fixture
    def folder(self, tmp_path: Path) -> Path:
        return tmp_path

    def test_describe_knows_no_table_that_was_not_made(self, loader: Loader) -> None:
        assert loader.describe(NAME) is None

    def test_alter_makes_the_table_with_its_columns(self, loader: Loader) -> None:
        loader.alter(TABLE)
        loader.publish([], None)
        assert list(loader.describe(NAME) or {}) == ["id", "amount"]

    def test_plan_tells_what_alter_would_do_and_touches_nothing(self, loader: Loader) -> None:
        assert loader.plan(NARROW) == [CreateTable(NARROW)]
        assert loader.describe(NAME) is None
        loader.alter(NARROW)
        assert loader.plan(NARROW) == []
        assert loader.plan(TABLE) == [AddColumn(AMOUNT)]

    def test_alter_adds_a_column_and_keeps_the_rows(self, loader: Loader, folder: Path) -> None:
        loader.alter(NARROW)
        published(loader, batch(folder, NARROW, "1"))
        loader.alter(TABLE)
        loader.publish([], None)
        assert list(loader.describe(NAME) or {}) == ["id", "amount"]
        assert self.visible(loader, TABLE) == ["1"]

    def test_alter_twice_changes_nothing(self, loader: Loader) -> None:
        loader.alter(TABLE)
        before = loader.describe(NAME)
        loader.alter(TABLE)
        assert loader.describe(NAME) == before

    def test_alter_widens_integer_to_number(self, loader: Loader) -> None:
        loader.alter(TABLE)
        before = loader.describe(NAME)
        loader.alter(Table("charges", NAME, (ID, WIDE), ("id",)))
        assert loader.describe(NAME) != before

    def test_alter_refuses_what_would_lose_values(self, loader: Loader) -> None:
        loader.alter(TABLE)
        flag = Column("amount", "amount", LogicalType.BOOLEAN)
        with pytest.raises(TableError, match="`amount` of `charges` is boolean now"):
            loader.alter(Table("charges", NAME, (ID, flag), ("id",)))

    def test_a_last_batch_is_published_with_what_was_staged_before_it(
        self, loader: Loader, folder: Path
    ) -> None:
        loader.alter(NARROW)
        staged = loader.stage(batch(folder, NARROW, "1"), Mode.APPEND)
        last = loader.stage(replace(batch(folder, NARROW, "2"), is_last=True), Mode.APPEND)
        assert not self.visible(loader, NARROW)
        loader.publish([staged, last], None)
        loader.publish([], None)
        assert sorted(self.visible(loader, NARROW) or []) == ["1", "2"]

    @pytest.mark.parametrize("mode", Mode)
    def test_staged_rows_are_not_seen_before_they_are_published(
        self, loader: Loader, folder: Path, mode: Mode
    ) -> None:
        loader.alter(NARROW)
        published(loader, batch(folder, NARROW, "old"))

        staged = loader.stage(batch(folder, NARROW, "new"), mode)
        assert self.visible(loader, NARROW) == ["old"]

        loader.publish([staged], None)
        expected = ["new"] if mode is Mode.REPLACE else ["new", "old"]
        assert self.visible(loader, NARROW) == expected

    @pytest.mark.parametrize("mode", Mode)
    def test_discarded_rows_are_never_seen(self, loader: Loader, folder: Path, mode: Mode) -> None:
        loader.alter(NARROW)
        published(loader, batch(folder, NARROW, "old"))
        loader.stage(batch(folder, NARROW, "new"), mode)

        loader.discard([NARROW], mode)
        loader.publish([], None)

        assert self.visible(loader, NARROW) == ["old"]

    def test_one_table_can_be_discarded_and_another_replaced(
        self, loader: Loader, folder: Path
    ) -> None:
        loader.alter(NARROW)
        loader.alter(REFUNDS)
        loader.stage(batch(folder, NARROW, "1"), Mode.REPLACE)
        staged = loader.stage(batch(folder, REFUNDS, "2"), Mode.REPLACE)
        loader.discard([NARROW], Mode.REPLACE)
        loader.publish([staged], None)
        assert (self.visible(loader, NARROW), self.visible(loader, REFUNDS)) == ([], ["2"])

    @pytest.mark.parametrize("mode", Mode)
    def test_all_records_that_are_refused_are_told_and_what_was_staged_before_them_stays(
        self, loader: Loader, folder: Path, mode: Mode
    ) -> None:
        loader.alter(TABLE)
        staged = loader.stage(batch(folder, TABLE, "1"), mode)
        records = [{"id": each, "amount": 2**63 if each in "47" else 1} for each in "234567"]
        with pytest.raises(
            BadRecordError, match=r"`charges` record `4` \(line 3\): `amount`"
        ) as told:
            loader.stage(batch_of(folder, TABLE, records), mode)
        assert [each.place for each in told.value.misfits] == [2, 5]
        loader.publish([staged], None)
        assert self.visible(loader, TABLE) == ["1"]

    def test_many_batches_are_one_publication(self, loader: Loader, folder: Path) -> None:
        loader.alter(NARROW)
        staged = [loader.stage(batch(folder, NARROW, str(n)), Mode.REPLACE) for n in range(3)]
        loader.publish(staged, None)
        assert self.visible(loader, NARROW) == ["0", "1", "2"]

    def test_the_state_is_there_exactly_when_its_rows_are(
        self, loader: Loader, folder: Path
    ) -> None:
        loader.alter(NARROW)
        staged = loader.stage(batch(folder, NARROW, "1"), Mode.APPEND)
        loader.publish([staged], State("nightly", '{"a":1}'))
        assert loader.states() == {"nightly": '{"a":1}'}

    def test_the_last_state_takes_the_place_of_the_one_before(self, loader: Loader) -> None:
        for value in ("1", "2"):
            loader.publish([], State("nightly", value))
        assert loader.states() == {"nightly": "2"}

    def test_the_loads_row_is_there_with_its_rows_and_takes_the_place_of_the_one_before(
        self, loader: Loader
    ) -> None:
        for rows in (1, 2):
            loader.publish([], None, [replace(LOAD, rows=rows)])
        loader.publish([], None, [replace(LOAD, load_id="x2", mode=Mode.MERGE, rejected=3)])
        found = self.select(
            loader,
            "SELECT load_id, pipeline, stream, table_name, mode, rows, rejected, "
            "started_at = ended_at FROM main._td_loads ORDER BY load_id",
        )
        assert found == [
            ("x1", "nightly", "charges", "main.charges", "append", 2, 0, True),
            ("x2", "nightly", "charges", "main.charges", "merge", 1, 3, True),
        ]

    @pytest.mark.parametrize(
        ("loads", "expected"),
        [
            (["ours 1", "ours 3"], []),
            # Whoever is renamed loads no more under its old name.
            (["before 1", "ours 2", "ours 3"], []),
            (["ours 1", "another 2", "ours 3", "a third 4"], ["a third", "another"]),
            (["ours 1", "another 2 in vain"], []),
            (["ours 1", "another 2", "ours 3 replace"], []),
            (["ours 1", "ours 2 replace", "another 3"], ["another"]),
        ],
    )
    def test_pipelines_that_take_turns_in_a_table_are_known(
        self, loader: Loader, loads: list[str], expected: list[str]
    ) -> None:
        for each in loads:
            words = re.fullmatch(r"(.+) (\d)( replace)?( in vain)?", each)
            assert words
            at = NOON.replace(day=int(words[2]))
            mode = Mode.REPLACE if words[3] else Mode.MERGE
            told = replace(
                LOAD, load_id=each, pipeline=words[1], mode=mode, rows=0 if words[4] else 1
            )
            loader.publish([], None, [replace(told, started_at=at, ended_at=at)])
        assert loader.other_pipelines(OURS) == expected
        assert loader.other_pipelines(replace(OURS, table=REFUNDS.name)) == []

    def test_a_pipeline_that_loaded_during_our_first_load_is_another(self, loader: Loader) -> None:
        loader.publish([], None, [replace(LOAD, pipeline="another")])
        assert loader.other_pipelines(OURS) == []
        during = replace(OURS, started_at=NOON - timedelta(seconds=1))
        assert loader.other_pipelines(during) == ["another"]

    def test_without_a_publication_there_are_no_others(self, loader: Loader) -> None:
        assert loader.other_pipelines(OURS) == []

    def test_without_a_publication_there_are_no_states(self, loader: Loader) -> None:
        assert loader.states() == {}


def published(loader: Loader, rows: Batch) -> None:
    loader.publish([loader.stage(rows, Mode.APPEND)], None)


def batch(folder: Path, table: Table, *ids: str) -> Batch:
    return batch_of(folder, table, [{"id": each} for each in ids])
