"""What every loader promises of whole readings in mode merge: what they did not bring is gone."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from target_td_table.loaders.base import Loader, Staged
from target_td_table.modes import Mode
from target_td_table.table import Column, LogicalType, Table
from target_td_table.versions import VERSION, Activation, Within
from tests.target.batches import batch_of
from tests.target.merge_contract import COLUMNS, MARKED, Record, row, starting_anew, tombstone

VERSIONED = replace(
    MARKED,
    columns=(
        *COLUMNS,
        Column("created", "created", LogicalType.TIMESTAMP),
        Column(VERSION, VERSION, LogicalType.INTEGER),
    ),
)
DELETED = replace(VERSIONED, hard_delete=True)
UNORDERED = replace(
    VERSIONED, columns=tuple(each for each in VERSIONED.columns if each != COLUMNS[2])
)
WITHOUT_DELETED = replace(
    VERSIONED, columns=tuple(each for each in VERSIONED.columns if each.name != "deleted")
)
NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
JUNE = Within("created", datetime(2026, 6, 1, tzinfo=UTC), datetime(2026, 7, 1, tzinfo=UTC))
ROWS = f"""
    SELECT id, amount, {VERSION}, _sdc_deleted_at IS NOT NULL FROM main.charges ORDER BY id
"""


def brought(record: Record, version: int | None) -> Record:
    return record if version is None else {**record, VERSION: version}


RECORDS = st.builds(
    lambda name, minute, amount, version: brought(
        tombstone(name, minute) if amount == 0 else row(name, amount, minute), version
    ),
    st.sampled_from("abc"),
    st.sampled_from([None, 1, 2, 3]),
    st.integers(0, 5),
    st.sampled_from([None, 1, 2, 3]),
)
PUBLICATIONS = st.lists(
    st.tuples(st.lists(RECORDS, max_size=5), st.sampled_from([None, 1, 2, 3])),
    min_size=1,
    max_size=4,
)


@dataclass
class Model:
    """What a table should hold, kept one record after the other.

    Attributes:
        hard: Whether what is gone is deleted.
        rows: The records by key; one that is gone has a `_sdc_deleted_at`.
        versions: The greatest version that brought a key.
        graves: Keys that a tombstone deleted, with its minute.
    """

    hard: bool
    rows: dict[str, Record] = field(default_factory=dict)
    versions: dict[str, int | None] = field(default_factory=dict)
    graves: dict[str, str] = field(default_factory=dict)

    def publish(self, records: Sequence[Record], activated: int | None) -> None:
        """Records of one publication meet in the order of `_updated_at`, then of arrival."""
        for name in {each["id"] for each in records}:
            ours = [each for each in records if each["id"] == name]
            self._meet(name, sorted(ours, key=lambda each: each["_updated_at"] or ""))
        for name in list(self.rows) if activated else ():
            if not _is_gone(self.rows[name]) and (self.versions[name] or 0) < (activated or 0):
                self._remove(name)

    def _meet(self, name: str, ours: list[Record]) -> None:
        lives = [each for each in ours if not _is_gone(each)]
        for record in [*lives[-1:], *([ours[-1]] if _is_gone(ours[-1]) else [])]:
            grave = self.graves.get(name)
            if not _is_gone(record) and grave and (record["_updated_at"] or "") < grave:
                continue
            self._put(name, record)
        if name in self.rows:
            known = [each.get(VERSION) for each in ours] + [self.versions.get(name)]
            self.versions[name] = max((each for each in known if each is not None), default=None)

    def _put(self, name: str, record: Record) -> None:
        there = self.rows.get(name)
        if there and (there.get("_updated_at") or "") > (record["_updated_at"] or ""):
            return
        if not _is_gone(record):
            self.graves.pop(name, None)
            self.rows[name] = record
        elif not self.hard:
            self.rows[name] = {**(there or {}), **_without_nulls(record)}
        else:
            self._remove(name)
            if record["_updated_at"]:
                self.graves[name] = max(self.graves.get(name, ""), record["_updated_at"])

    def _remove(self, name: str) -> None:
        if self.hard:
            self.rows.pop(name, None)
            self.versions.pop(name, None)
        else:
            self.rows[name] = {**self.rows[name], "_sdc_deleted_at": "2026-06-01T12:00:00Z"}

    def expected(self) -> list[tuple[Any, ...]]:
        return [
            (name, each.get("amount"), self.versions[name], _is_gone(each))
            for name, each in sorted(self.rows.items())
        ]


def _is_gone(record: Record) -> bool:
    return record.get("_sdc_deleted_at") is not None


def _without_nulls(record: Record) -> Record:
    return {name: value for name, value in record.items() if value is not None}


class VersionContract:
    """A subclass gives `loader`, `select` and `forget` as for `MergeContract`."""

    def select(self, loader: Loader, sql: str) -> list[tuple[Any, ...]]:
        """The rows a reader sees now."""
        raise NotImplementedError

    def forget(self, loader: Loader) -> None:
        """Drop the table `main.charges` and what the target keeps about its rows."""
        raise NotImplementedError

    def read(
        self,
        loader: Loader,
        folder: Path,
        *records: Record,
        version: int | None = None,
        table: Table = VERSIONED,
        within: Within | None = None,
    ) -> None:
        """Publish records, and with a version the end of its reading."""
        loader.alter(table)
        staged = [loader.stage(batch_of(folder, table, records), Mode.MERGE)] if records else []
        if version is not None:
            staged.append(Staged(table, 0, Mode.MERGE, Activation(version, NOON, within)))
        loader.publish(staged, None)

    def held(self, loader: Loader) -> list[tuple[Any, ...]]:
        """Every row as (id, amount, version, is marked)."""
        return [(*each, bool(marked)) for *each, marked in self.select(loader, ROWS)]

    @pytest.mark.parametrize("table", [VERSIONED, UNORDERED, WITHOUT_DELETED, DELETED])
    def test_what_a_version_did_not_bring_is_gone_with_its_activation(
        self, loader: Loader, tmp_path: Path, table: Table
    ) -> None:
        old = [{"id": name, "amount": 1, VERSION: 1} for name in "ab"]
        self.read(loader, tmp_path, *old, {"id": "c", "amount": 1}, table=table)
        self.read(loader, tmp_path, {"id": "b", "amount": 2, VERSION: 2}, table=table)
        assert [marked for *_, marked in self.held(loader)] == [False] * 3
        self.read(loader, tmp_path, version=2, table=table)
        gone = [] if table is DELETED else [("a", 1, 1, True)]
        never = [] if table is DELETED else [("c", 1, None, True)]
        assert self.held(loader) == [*gone, ("b", 2, 2, False), *never]

    def test_a_row_that_is_gone_says_so_in_every_sign_and_keeps_its_moment(
        self, loader: Loader, tmp_path: Path
    ) -> None:
        self.read(loader, tmp_path, brought(row("a", 1, 1), 1), brought(tombstone("b", 1), 1))
        marks = "SELECT id, CAST(_sdc_deleted_at AS VARCHAR), deleted FROM main.charges ORDER BY id"
        before = self.select(loader, marks)
        for version in (2, 3):
            self.read(loader, tmp_path, version=version)
        (a, moment, deleted), b = self.select(loader, marks)
        assert (a, moment[:16], bool(deleted)) == ("a", "2026-06-01 12:00", True)
        assert b == before[1]

    def test_a_row_that_lost_was_brought_all_the_same(self, loader: Loader, tmp_path: Path) -> None:
        self.read(loader, tmp_path, row("a", 5, 5))
        self.read(loader, tmp_path, brought(row("a", 1, 1), 2))
        self.read(loader, tmp_path, version=2)
        assert self.held(loader) == [("a", 5, 2, False)]

    def test_news_without_a_version_leave_the_one_there_is(
        self, loader: Loader, tmp_path: Path
    ) -> None:
        self.read(loader, tmp_path, brought(row("a", 1, 1), 2))
        narrow = replace(MARKED, columns=COLUMNS)
        self.read(loader, tmp_path, row("a", 2, 2), table=narrow)
        assert self.held(loader) == [("a", 2, 2, False)]

    def test_a_row_that_comes_again_is_there_again(self, loader: Loader, tmp_path: Path) -> None:
        self.read(loader, tmp_path, brought(row("a", 1, 1), 1))
        self.read(loader, tmp_path, version=2)
        self.read(loader, tmp_path, brought(row("a", 3, 3), 3), version=3)
        assert self.held(loader) == [("a", 3, 3, False)]

    def test_a_bounded_reading_takes_away_only_what_it_asked_for(
        self, loader: Loader, tmp_path: Path
    ) -> None:
        moments = {
            "a": "2026-05-31T23:59:59.999999Z", "b": "2026-06-01T02:00:00+02:00", "c": None,
            "d": "2026-06-30T23:59:59.999999Z", "e": "2026-07-01T00:00:00Z",
        }  # fmt: skip
        old = [
            {**brought(row(name, 1, 1), 1), "created": created} for name, created in moments.items()
        ]
        self.read(loader, tmp_path, *old)
        self.read(loader, tmp_path, version=2, within=JUNE)
        marked = [name for name, *_, is_marked in self.held(loader) if is_marked]
        assert marked == ["b", "c", "d"]
        self.read(loader, tmp_path, version=3, within=replace(JUNE, until=None))
        self.read(loader, tmp_path, version=3, within=replace(JUNE, since=None, until=JUNE.since))
        assert all(is_marked for *_, is_marked in self.held(loader))

    @starting_anew(max_examples=20)
    @example(
        publications=[([row("a", 1, 1)], None), ([brought(tombstone("a", None), 1)], None)],
        hard=True,
    )
    @given(publications=PUBLICATIONS, hard=st.booleans())
    def test_the_table_holds_what_versions_brought_last_whatever_came_when(
        self,
        loader: Loader,
        tmp_path: Path,
        publications: list[tuple[list[Record], int | None]],
        *,
        hard: bool,
    ) -> None:
        self.forget(loader)
        model, table = Model(hard), DELETED if hard else VERSIONED
        for records, activated in publications:
            self.read(loader, tmp_path, *records, version=activated, table=table)
            model.publish(records, activated)
        assert self.held(loader) == model.expected()
