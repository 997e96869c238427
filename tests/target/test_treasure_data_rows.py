"""What becomes of values on their way into a part."""

import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from target_td_table.errors import InputError
from target_td_table.loaders.treasure_data import parts, values
from target_td_table.loaders.treasure_data.api import Api, Patience
from target_td_table.loaders.treasure_data.beside import Packings
from target_td_table.loaders.treasure_data.calls import Calls
from target_td_table.loaders.treasure_data.filling import Filling
from target_td_table.loaders.treasure_data.packing import Form
from target_td_table.loaders.treasure_data.schema import TYPES, fitted_table
from target_td_table.loaders.treasure_data.session import Session
from target_td_table.loaders.treasure_data.staging import Staging
from target_td_table.modes import Mode
from target_td_table.table import Column, LogicalType, Table, TableName
from tests.fakes.treasure_data import MASTER, FakeTreasureData
from tests.fakes.treasure_data_server import served
from tests.fakes.treasure_data_tables import unpacked
from tests.target.batches import batch_of

NOON = "2026-01-01T12:00:00Z"


def column(field: str, type_: LogicalType, name: str | None = None) -> Column:
    return Column(name or field, field, type_)


def packed(folder: Path, columns: list[Column], *records: Any, **types: str) -> list[Any]:
    table = Table("things", TableName("shop", "things"), tuple(columns))
    fitted = fitted_table(table)
    known = {each.name: TYPES[each.type] for each in fitted.columns} | types
    account = FakeTreasureData()
    with served(account) as server, ThreadPoolExecutor(2) as threads:
        calls = Calls(Api(server.url, MASTER, Patience()), "shop")
        calls.create_table("things")
        sessions = iter([Session(calls, "a_session", "things")])
        staging = Staging(
            fitted,
            Mode.APPEND,
            lambda _: Filling(sessions, threads),
            form=Form(),
            packings=Packings(),
            hashing=threads,
        )
        staging.add(batch_of(folder, table, records), fitted, known)
        staging.finish("all")
    (part,) = account.sessions["a_session"].parts.values()
    return unpacked(part)


@pytest.mark.parametrize(
    ("type_", "value", "expected"),
    [
        (LogicalType.BOOLEAN, True, 1),
        (LogicalType.BOOLEAN, None, None),
        (LogicalType.INTEGER, 2**63 - 1, 2**63 - 1),
        (LogicalType.INTEGER, 1.0, 1),
        (LogicalType.LONG_INTEGER, 2**80, str(2**80)),
        (LogicalType.LONG_INTEGER, 1e3, "1000"),
        (LogicalType.LONG_INTEGER, None, None),
        (LogicalType.NUMBER, 5, 5.0),
        (LogicalType.STRING, "né\n", "né\n"),
        (LogicalType.JSON, {"a": [1, None]}, '{"a": [1, null]}'),
        (LogicalType.JSON, None, None),
        (LogicalType.TIMESTAMP, "2026-01-01T12:00:00Z", "2026-01-01 12:00:00.000"),
        (LogicalType.TIMESTAMP, "2026-01-01T12:00:00.000001+09:00", "2026-01-01 03:00:00.000001"),
    ],
)
def test_a_value_becomes(tmp_path: Path, type_: LogicalType, value: Any, expected: Any) -> None:
    (row,) = packed(tmp_path, [column("a", type_)], {"a": value})
    assert row.get("a") == expected
    assert type(row.get("a")) is type(expected)
    assert type(row["time"]) is int


@pytest.mark.parametrize("isal", ["isal.isal_zlib", None])
def test_parts_are_gzip_with_isal_and_without_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, isal: str | None
) -> None:
    if isal is None:
        # What Python does where it is not installed.
        monkeypatch.setitem(sys.modules, "isal", None)
        monkeypatch.setitem(sys.modules, "isal.isal_zlib", None)
    else:
        pytest.importorskip(isal)
    (row,) = packed(tmp_path, [column("a", LogicalType.INTEGER)], {"a": 7})
    assert row["a"] == 7
    assert (type(parts.compressor()).__module__ == "zlib") is (isal is None)


def test_a_field_that_is_null_or_that_a_record_lacks_is_not_written(tmp_path: Path) -> None:
    rows = packed(tmp_path, [column("a", LogicalType.JSON), column("b", LogicalType.STRING)], {})
    assert list(rows[0]) == ["time"]


def test_a_scalar_becomes_text_where_the_column_is_text(tmp_path: Path) -> None:
    columns = [column("a", LogicalType.INTEGER), column("b", LogicalType.BOOLEAN)]
    (row,) = packed(tmp_path, columns, {"a": 7, "b": True}, a="string", b="string")
    assert (row["a"], row["b"]) == ("7", "true")


def test_names_are_lower_case_plain_and_none_that_the_api_refuses(tmp_path: Path) -> None:
    columns = [column(name, LogicalType.INTEGER) for name in ("v", "Größe", 'a"b')]
    (row,) = packed(tmp_path, columns, {"v": 1, "Größe": 2, 'a"b': 3})
    assert {key: row[key] for key in row if key != "time"} == {"v_": 1, "gr_e": 2, "a_b": 3}


def test_a_field_time_is_the_key_if_it_can_be(tmp_path: Path) -> None:
    assert packed(tmp_path, [column("time", LogicalType.INTEGER)], {"time": 5}) == [{"time": 5}]
    moment = {"time": "1970-01-01T00:00:09Z"}
    assert packed(tmp_path, [column("time", LogicalType.TIMESTAMP)], moment) == [{"time": 9}]


def test_a_field_time_that_cannot_be_the_key_is_kept_beside_it(tmp_path: Path) -> None:
    (row,) = packed(tmp_path, [column("time", LogicalType.STRING)], {"time": "noon"})
    assert row["time_"] == "noon"
    assert type(row["time"]) is int


def test_a_time_column_is_kept_and_copied(tmp_path: Path) -> None:
    columns = [
        Column("time", "created", LogicalType.TIMESTAMP, unix_seconds=True),
        column("created", LogicalType.TIMESTAMP),
        column("time", LogicalType.STRING, "time_"),
    ]
    record = {"created": "1970-01-01T00:00:09.9Z", "time": "noon"}
    (row,) = packed(tmp_path, columns, record)
    assert row == {"time": 9, "created": "1970-01-01 00:00:09.900", "time_": "noon"}


def test_a_value_that_does_not_fit_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="`a` is an integer beyond 64 bits"):
        packed(tmp_path, [column("a", LogicalType.INTEGER)], {"a": 2**63})


def test_an_integer_goes_into_a_column_of_doubles_only_with_all_its_digits(tmp_path: Path) -> None:
    columns = [column("a", LogicalType.INTEGER)]
    rows = packed(tmp_path, columns, {"a": 2**53}, {"a": None}, a="double")
    assert [row.get("a") for row in rows] == [2.0**53, None]
    with pytest.raises(InputError, match="`a` does not fit the type of its column"):
        packed(tmp_path, columns, {"a": 2**53 + 1}, a="double")


def test_a_column_that_was_null_for_long_is_read_when_it_is_not(tmp_path: Path) -> None:
    columns = [column("a", LogicalType.JSON), column("b", LogicalType.BOOLEAN)]
    # Blocks are about a quarter of a megabyte.
    long = [{"a": None, "note": "n" * 1000}] * 2500
    rows = packed(tmp_path, columns, *long, {"a": [1], "b": True}, {"a": None}, {"a": {"c": 2}})
    assert rows[0].keys() == {"time"}
    assert [(row.get("a"), row.get("b")) for row in rows[-3:]] == [
        ("[1]", 1),
        (None, None),
        ('{"c": 2}', None),
    ]


@given(st.lists(st.one_of(st.none(), st.datetimes(timezones=st.just(UTC)), st.just(NOON))))
def test_moments_become_the_same_text_and_seconds_together_as_alone(found: list[Any]) -> None:
    texts = [each if each in (None, NOON) else each.isoformat() for each in found]
    assert list(values.timestamps(texts)) == [
        None if each is None else values.timestamp(each) for each in texts
    ]
    assert values.unix_seconds(texts) == [
        None if each is None else int(datetime.fromisoformat(each).timestamp() // 1)
        for each in texts
    ]
