"""Times in columns of Unix seconds, which tables of the hosted connector have.

Decision: docs/decisions/0511-times-in-columns-of-seconds.md.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from target_td_table.errors import InputError, TableError
from target_td_table.loaders.treasure_data import values
from target_td_table.loaders.treasure_data.beside import BESIDE_BYTES
from target_td_table.modes import Mode
from target_td_table.table import Column, LogicalType
from tests.fakes.treasure_data_loads import CHARGES, SHOP, open_loader, shop
from tests.fakes.treasure_data_server import TreasureDataServer, served
from tests.fakes.treasure_data_tables import FakeTable
from tests.target.batches import batch_of
from tests.target.treasure_data_tables import TreasureDataTables, empty
from tests.target.world import MOMENT, TEXT, activate, record, schema

NOON = 1767268800
NOON_TEXT = "2026-01-01T12:00:00Z"
HALF_PAST = "2026-01-01T12:00:00.5Z"
TIMED = replace(
    CHARGES, columns=(*CHARGES.columns, Column("created", "created", LogicalType.TIMESTAMP))
)
PACKED = pytest.mark.parametrize("beside_bytes", [0, BESIDE_BYTES], ids=["beside", "here"])


@contextmanager
def shop_with(type_: str) -> Iterator[TreasureDataServer]:
    """The shop, whose old table has `created` in that type."""
    account = shop()
    table = account.databases[SHOP]["charges"]
    table.append_schema([["created", type_]])
    table.rows[0]["created"] = NOON - 60
    with served(account) as server:
        yield server


def load(
    server: TreasureDataServer,
    folder: Path,
    mode: Mode,
    *created: Any,
    beside_bytes: int = BESIDE_BYTES,
) -> None:
    loader = open_loader(server.url, beside_bytes=beside_bytes)
    try:
        loader.alter(TIMED)
        records = [{"id": str(at + 1), "created": each} for at, each in enumerate(created)]
        loader.publish([loader.stage(batch_of(folder, TIMED, records), mode)], None)
    finally:
        loader.close()


def held(server: TreasureDataServer) -> list[tuple[str, Any]]:
    return sorted((row["id"], row.get("created")) for row in server.account.rows(SHOP, "charges"))


@PACKED
@pytest.mark.parametrize("mode", Mode)
def test_a_time_goes_into_a_long_column_as_unix_seconds(
    tmp_path: Path, mode: Mode, beside_bytes: int
) -> None:
    moments = [NOON_TEXT, None, "2026-01-01T14:00:01.000+02:00", "1969-12-31T23:59:59Z"]
    with shop_with("long") as server:
        load(server, tmp_path, mode, *moments, beside_bytes=beside_bytes)
        types = {each.alias: each.type for each in server.account.table(SHOP, "charges").columns}
        old = [] if mode is Mode.REPLACE else [("0", NOON - 60)]
        assert held(server) == [*old, ("1", NOON), ("2", None), ("3", NOON + 1), ("4", -1)]
    assert types["created"] == "long"


@PACKED
def test_a_fraction_of_a_second_does_not_fit_into_a_long_column(
    tmp_path: Path, beside_bytes: int
) -> None:
    refusal = "record `2` .*`created` does not fit the type of its column"
    with shop_with("long") as server:
        with pytest.raises(InputError, match=refusal):
            load(server, tmp_path, Mode.APPEND, NOON_TEXT, HALF_PAST, beside_bytes=beside_bytes)
        assert held(server) == [("0", NOON - 60)]


@PACKED
def test_a_second_after_2038_does_not_fit_into_an_int_column(
    tmp_path: Path, beside_bytes: int
) -> None:
    last, next_ = "2038-01-19T03:14:07Z", "2038-01-19T03:14:08Z"
    with shop_with("int") as server:
        load(server, tmp_path, Mode.REPLACE, last)
        assert held(server) == [("1", 2**31 - 1)]
        with pytest.raises(InputError, match="`created` does not fit the type of its column"):
            load(server, tmp_path, Mode.REPLACE, last, next_, beside_bytes=beside_bytes)


def test_an_integer_of_more_than_32_bits_does_not_fit_into_an_int_column(tmp_path: Path) -> None:
    table = replace(TIMED, columns=(*TIMED.columns, Column("n", "n", LogicalType.INTEGER)))
    with shop_with("int") as server:
        server.account.table(SHOP, "charges").append_schema([["n", "int"]])
        loader = open_loader(server.url)
        loader.alter(table)
        fits = batch_of(tmp_path, table, [{"id": "1", "n": -(2**31)}, {"id": "2", "n": None}])
        loader.stage(fits, Mode.APPEND)
        with pytest.raises(InputError, match="`n` does not fit the type of its column"):
            loader.stage(batch_of(tmp_path, table, [{"id": "3", "n": 2**31}]), Mode.APPEND)
        loader.close()


def test_a_column_of_doubles_takes_fractions_that_it_has_the_digits_for(tmp_path: Path) -> None:
    with shop_with("double") as server:
        load(server, tmp_path, Mode.REPLACE, "2026-01-01T12:00:00.000001Z", NOON_TEXT)
        assert held(server) == [("1", NOON + 0.000001), ("2", float(NOON))]
        with pytest.raises(InputError, match="`created` does not fit the type of its column"):
            load(server, tmp_path, Mode.REPLACE, "9999-12-31T00:00:00.000001Z")


def test_a_column_of_floats_has_too_few_digits_for_any_time() -> None:
    with shop_with("float") as server:
        loader = open_loader(server.url)
        with pytest.raises(TableError, match="Change the column's type to text"):
            loader.plan(TIMED)
        loader.close()


@given(st.lists(st.one_of(st.none(), st.datetimes(timezones=st.just(UTC)), st.just(NOON_TEXT))))
def test_seconds_are_exactly_the_moment_or_are_refused(found: list[Any]) -> None:
    texts = [each if each in (None, NOON_TEXT) else each.isoformat() for each in found]
    moments = [None if each is None else datetime.fromisoformat(each) for each in texts]
    has_fraction = any(each and each.microsecond for each in moments)
    try:
        assert [_moment(each) for each in values.exact_seconds(texts)] == moments
    except ValueError:
        assert has_fraction
    try:
        assert [_moment(each) for each in values.whole_seconds(texts)] == moments
        assert not has_fraction
    except ValueError:
        assert has_fraction


def _moment(seconds: float | None) -> datetime | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)


@pytest.fixture(params=["long", "double"])
def tables(request: pytest.FixtureRequest) -> Iterator[TreasureDataTables]:
    """An account with a table that has all its times as Unix seconds."""
    made = FakeTable("7")
    times = [[name, request.param] for name in ("_updated_at", "_sdc_deleted_at", "created")]
    made.update_schema([["id", "string"], ["note", "string"], *times])
    made.rows = [{"id": "old", "note": "old", "_updated_at": NOON, "created": NOON, "time": 5}]
    with empty() as found:
        found.server.account.databases["main"] = {"charges": made}
        yield found


SCHEMA = schema(
    "charges", id=TEXT, note=TEXT, created=MOMENT, _updated_at=MOMENT, _sdc_deleted_at=MOMENT
)


def at(second: int) -> str:
    return datetime.fromtimestamp(NOON + second, UTC).isoformat()


def charge(name: str, second: int, *, version: int | None = None, **more: Any) -> str:
    """A charge as it was in a second after noon."""
    values = {"id": name, "note": str(second), "_updated_at": at(second), **more}
    return record("charges", version=version, **values)


def merge(tables: TreasureDataTables, *lines: str, **settings: Any) -> None:
    assert tables.load(SCHEMA, *lines, mode="merge", **settings).error is None


def notes(tables: TreasureDataTables) -> list[tuple[Any, ...]]:
    """Every row as (id, note, the second in which it went)."""
    gone = f"CAST(_sdc_deleted_at - {NOON} AS BIGINT)"
    return tables.rows(f"SELECT id, note, {gone} FROM charges ORDER BY id")


def test_the_later_version_wins_a_merge_by_seconds(tables: TreasureDataTables) -> None:
    merge(tables, charge("old", -1), charge("a", 3), charge("a", 2))
    assert notes(tables) == [("a", "3", None), ("old", "old", None)]
    merge(tables, charge("old", 1), charge("a", 2))
    assert notes(tables) == [("a", "3", None), ("old", "1", None)]


def test_a_tombstone_marks_its_row_with_seconds(tables: TreasureDataTables) -> None:
    merge(tables, charge("old", 2, _sdc_deleted_at=at(2)))
    assert notes(tables) == [("old", "2", 2)]
    merge(tables, charge("old", 1))
    assert notes(tables) == [("old", "2", 2)]


def test_a_row_that_was_deleted_is_revived_only_by_later_seconds(
    tables: TreasureDataTables,
) -> None:
    merge(tables, charge("old", 2, _sdc_deleted_at=at(2)), hard_delete=True)
    assert notes(tables) == []
    merge(tables, charge("old", 1), hard_delete=True)
    assert notes(tables) == []
    merge(tables, charge("old", 3), hard_delete=True)
    assert notes(tables) == [("old", "3", None)]


@pytest.mark.parametrize("hard_delete", [False, True])
def test_a_bounded_reading_takes_away_what_it_asked_for_by_seconds(
    tables: TreasureDataTables, *, hard_delete: bool
) -> None:
    merge(tables, *(charge(str(n), 0, created=at(n)) for n in range(4)), hard_delete=hard_delete)
    within = {"field": "created", "gte": at(1), "lt": at(3)}
    new = charge("2", 4, version=9, created=at(2))
    merge(tables, new, activate("charges", 9, within=within), hard_delete=hard_delete)
    live = [name for name, _, gone in notes(tables) if gone is None]
    assert live == ["0", "2", "3", "old"]
    # The mark is the end of the reading.
    gone = [NOON + second for name, _, second in notes(tables) if name == "1"]
    end = datetime.now(UTC).timestamp()
    assert len(gone) == (0 if hard_delete else 1)
    assert all(end - timedelta(minutes=10).total_seconds() < each <= end for each in gone)


def test_a_time_column_of_seconds_is_the_partitioning_key_too(tables: TreasureDataTables) -> None:
    new = charge("a", 0, created=NOON_TEXT)
    assert tables.load(SCHEMA, new, mode="replace", time_column="created").error is None
    assert tables.rows("SELECT id, created, time FROM charges") == [("a", NOON, NOON)]


def test_a_new_column_keeps_times_as_text(tables: TreasureDataTables) -> None:
    new = record("charges", id="a", paid_at=NOON_TEXT)
    assert tables.load(schema("charges", id=TEXT, paid_at=MOMENT), new).error is None
    assert tables.columns("charges")["paid_at"] == "string"
