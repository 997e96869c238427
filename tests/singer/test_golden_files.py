"""The golden streams: that each contains what its name claims, and what stands in the tables."""

import json
import re
from collections import Counter
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from target_td_table.modes import Mode
from tests.target.treasure_data_tables import TreasureDataTables
from tests.target.world import Tables

HERE = Path(__file__).parent
FILES = sorted(each.stem for each in HERE.glob("*.singer"))
Messages = list[dict[str, Any]]


def messages(name: str) -> Messages:
    lines = (HERE / f"{name}.singer").read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]


def of_type(found: Messages, type_: str) -> Messages:
    return [message for message in found if message["type"] == type_]


def schemas(name: str) -> Messages:
    return of_type(messages(name), "SCHEMA")


def changes_its_schema(name: str) -> bool:
    streams = [each["stream"] for each in schemas(name)]
    return len(streams) > len(set(streams))


def fields(found: Messages) -> dict[str, Any]:
    properties: dict[str, Any] = of_type(found, "SCHEMA")[-1]["schema"]["properties"]
    return properties


def versions(found: Messages) -> set[Any]:
    return {each.get("version") for each in of_type(found, "RECORD")}


def read(found: Messages) -> list[list[str]]:
    """The ids that each version brought."""
    records = of_type(found, "RECORD")
    return [
        [each["record"]["id"] for each in records if each.get("version") == activated["version"]]
        for activated in of_type(found, "ACTIVATE_VERSION")
    ]


def types_of(field: str, found: Messages) -> list[Any]:
    """The types the SCHEMA messages give a field, without null."""
    declared = [each["schema"]["properties"].get(field, {}) for each in of_type(found, "SCHEMA")]
    types = [each.get("type", []) for each in declared]
    return [
        each if isinstance(each, str) else "".join(t for t in each if t != "null") for each in types
    ]


CLAIMS: dict[str, Callable[[Messages], bool]] = {
    "hostile_names": lambda found: (
        not any(
            name.isidentifier() and name.isascii() for name in fields(found) if name != "select"
        )
    ),
    "schema_table_names": lambda found: all("-" in each["stream"] for each in found[:-1]),
    "without_key": lambda found: found[0]["key_properties"] == [],
    "types_without_null": lambda found: all(
        "null" not in each["type"] for each in fields(found).values()
    ),
    "full_read_with_activate_version": lambda found: (
        versions(found) == {each["version"] for each in of_type(found, "ACTIVATE_VERSION")}
    ),
    "second_full_read_without_a_row": lambda found: (
        [set(ids) for ids in read(found)] == [{"ch_1", "ch_2"}, {"ch_2"}]
    ),
    "bounded_full_read": lambda found: bool(of_type(found, "ACTIVATE_VERSION")[-1]["within"]),
    "full_read_bounded_beyond_telling": lambda found: (
        of_type(found, "ACTIVATE_VERSION")[-1]["within"] is None
    ),
    "resumed_full_read": lambda found: of_type(found, "ACTIVATE_VERSION")[0]["resumed"],
    "full_read_with_news_after_it": lambda found: (
        [each["type"] for each in found[1:4]] == ["RECORD", "ACTIVATE_VERSION", "RECORD"]
        and "version" not in found[3]
    ),
    "schema_only": lambda found: not of_type(found, "RECORD"),
    "schema_again_with_a_new_field": lambda found: (
        [len(each["schema"]["properties"]) for each in of_type(found, "SCHEMA")] == [1, 2]
    ),
    "uneven_streams_with_states": lambda found: (
        sorted(Counter(each["stream"] for each in of_type(found, "RECORD")).values()) == [2, 12]
        and len(of_type(found, "STATE")) == 4
    ),
    "integer_grows_to_number": lambda found: types_of("v", found) == ["integer", "number"],
    "integer_grows_beyond_64_bits": lambda found: fields(found)["v"]["maximum"] >= 2**63,
    "number_shrinks_to_integer": lambda found: types_of("v", found) == ["number", "integer"],
    "every_scalar_becomes_json": lambda found: (
        [name for name, each in fields(found).items() if each == {}] == list("bnxsm")
    ),
    "every_scalar_becomes_text": lambda found: (
        all("string" in each["type"] for each in fields(found).values())
        and len(schemas("every_scalar_becomes_text")[0]["schema"]["properties"]) == 5
    ),
    "decimals_dates_and_times": lambda found: (
        {each.get("format") for each in fields(found).values()}
        == {None, "date", "time", "date-time"}
        and "multipleOf" in fields(found)["price"]
    ),
    "integer_grows_to_text": lambda found: types_of("v", found) == ["integer", "string"],
    "scalar_becomes_object": lambda found: types_of("v", found) == ["integer", "object"],
    "object_becomes_scalar": lambda found: types_of("v", found) == ["object", "integer"],
    "field_that_is_removed": lambda found: types_of("v", found) == ["integer", ""],
    "field_that_becomes_nullable": lambda found: (
        [each["schema"]["properties"]["v"]["type"] for each in of_type(found, "SCHEMA")]
        == ["integer", ["null", "integer"]]
    ),
    "enum_any_of_and_ref": lambda found: (
        {"enum", "anyOf", "$ref"} <= {word for each in fields(found).values() for word in each}
    ),
    "no_type_at_all": lambda found: fields(found)["v"] == {},
    "additional_properties": lambda found: (
        found[0]["schema"]["additionalProperties"] and "extra" not in fields(found)
    ),
}
LEFT = "SELECT id FROM charges WHERE _sdc_deleted_at IS NULL ORDER BY id"
VALUES = "SELECT id, v FROM charges ORDER BY id"
TEXTS = "SELECT id, replace(CAST(v AS VARCHAR), ' ', '') FROM charges ORDER BY id"
EXPECTED: dict[str, tuple[str, list[tuple[Any, ...]]]] = {
    "hostile_names": (
        'SELECT _5th_name, "select", naïve, _, x_y_z FROM a_b_c_d', [("1", "2", 3, "4", "5")]
    ),
    "schema_table_names": ("SELECT id, price, day FROM public_event", [(1, 12.34, "2026-01-02")]),
    "without_key": ("SELECT currency, rate FROM rates", [("EUR", 1.1), ("EUR", 1.1)]),
    "types_without_null": ("SELECT id, name, admin FROM users", [(1, "Ä", False)]),
    "full_read_with_activate_version": ("SELECT id FROM charges ORDER BY id", [("ch_1",), ("ch_2",)]),
    "full_read_with_news_after_it": ("SELECT id FROM charges ORDER BY id", [("ch_1",), ("ch_2",)]),
    "schema_only": ("SELECT count(*) FROM orders", [(0,)]),
    "schema_again_with_a_new_field": ("SELECT id, n FROM charges ORDER BY id", [("1", None), ("2", 2)]),
    "uneven_streams_with_states": ("SELECT sum(n) FROM (SELECT * FROM a UNION ALL SELECT * FROM b) AS u", [(93,)]),
    "integer_grows_to_number": (VALUES, [("1", 1.0), ("2", 1.5)]),
    "integer_grows_beyond_64_bits": (TEXTS, [("1", "1"), ("2", str(2**64))]),
    "number_shrinks_to_integer": (VALUES, [("1", 1.5), ("2", 2.0)]),
    "integer_grows_to_text": (VALUES, [("1", "1"), ("2", "x")]),
    "every_scalar_becomes_json": (
        f"SELECT {', '.join(f'CAST({each} AS VARCHAR)' for each in 'bnxs')} FROM charges WHERE id = '1'",
        [("true", "1", "1.5", '"x"')],
    ),
    "every_scalar_becomes_text": (
        "SELECT b, n, x, m FROM charges ORDER BY id",
        [("true", "1", "1.5", "2026-01-02T03:04:05.000000Z"), ("t",) * 4],
    ),
    "decimals_dates_and_times": (
        "SELECT price, day, hour, CAST(moment AS VARCHAR) FROM charges",
        [(12.34, "2026-01-02", "03:04:05", "2026-01-01 21:34:05+00")],
    ),
    "scalar_becomes_object": (TEXTS, [("1", "1"), ("2", '{"a":1}')]),
    "object_becomes_scalar": (TEXTS, [("1", '{"a":1}'), ("2", "2")]),
    "field_that_is_removed": (VALUES, [("1", 1), ("2", None)]),
    "field_that_becomes_nullable": (VALUES, [("1", 1), ("2", None)]),
    "enum_any_of_and_ref": (
        "SELECT id, e, u, f FROM charges ORDER BY id", [("1", "a", 1, True), ("2", None, None, None)]
    ),
    "no_type_at_all": (TEXTS, [("1", '{"a":1}'), ("2", '"x"'), ("3", None)]),
    "additional_properties": ("SELECT id FROM charges ORDER BY id", [("1",), ("2",)]),
}  # fmt: skip
# Names are fitted otherwise there, and types are fewer.
IN_TREASURE_DATA: dict[str, tuple[str, list[tuple[Any, ...]]]] = {
    "hostile_names": (
        'SELECT _5th_name, "select", na_ve, _, x_y_z FROM a_b_c_d', [("1", "2", 3, "4", "5")]
    ),
    "uneven_streams_with_states": (
        "SELECT sum(n) FROM (SELECT n FROM a__ UNION ALL SELECT n FROM b__) AS u", [(93,)]
    ),
    # A boolean is a number there, and text is JSON as it is: decision 504.
    "every_scalar_becomes_json": (
        "SELECT b, n, x, s, m FROM charges ORDER BY id",
        [("1", "1", "1.5", "x", "2026-01-02 03:04:05.000"), ('{"a": 1}',) * 5],
    ),
    "every_scalar_becomes_text": (
        "SELECT b, n, x, m FROM charges ORDER BY id",
        [("1", "1", "1.5", "2026-01-02 03:04:05.000"), ("t",) * 4],
    ),
    "decimals_dates_and_times": (
        "SELECT price, day, hour, moment FROM charges",
        [(12.34, "2026-01-02", "03:04:05", "2026-01-01 21:34:05.000")],
    ),
}  # fmt: skip
# What whole readings leave depends on the mode.
LEFT_BY_MODE: dict[str, dict[Mode, str]] = {
    "second_full_read_without_a_row": {
        Mode.APPEND: "ch_1 ch_2 ch_2", Mode.REPLACE: "ch_2", Mode.MERGE: "ch_2"
    },
    "bounded_full_read": {
        Mode.APPEND: "ch_1 ch_2 ch_3", Mode.REPLACE: "ch_3", Mode.MERGE: "ch_1 ch_3"
    },
    "full_read_bounded_beyond_telling": {
        Mode.APPEND: "ch_1 ch_2", Mode.REPLACE: "ch_2", Mode.MERGE: "ch_1 ch_2"
    },
    "resumed_full_read": {Mode.APPEND: "ch_2", Mode.MERGE: "ch_2"},
}  # fmt: skip


def expected(name: str, tables: Tables) -> tuple[str, list[tuple[Any, ...]]]:
    sql, rows = EXPECTED[name]
    if isinstance(tables, TreasureDataTables):
        return IN_TREASURE_DATA.get(name, (re.sub(r"\bv\b", "v_", sql), rows))
    return sql, rows


def test_every_golden_file_has_a_claim_and_an_expected_table() -> None:
    assert FILES == sorted(CLAIMS) == sorted([*EXPECTED, *LEFT_BY_MODE])


@pytest.mark.parametrize("name", FILES)
def test_a_golden_file_contains_what_its_name_claims(name: str) -> None:
    assert CLAIMS[name](messages(name))


@pytest.mark.parametrize("mode", Mode)
@pytest.mark.parametrize("name", EXPECTED)
def test_a_golden_file_becomes_the_expected_table(name: str, mode: Mode, tables: Tables) -> None:
    outcome = tables.load((HERE / f"{name}.singer").read_text(encoding="utf-8"), mode=str(mode))
    sql, rows = expected(name, tables)
    if mode is Mode.MERGE and not all(each["key_properties"] for each in schemas(name)):
        assert "has mode merge but no key properties" in outcome.sentence
        return
    assert outcome.error is None
    assert outcome.states[-1] == of_type(messages(name), "STATE")[-1]["value"]
    assert [tuple(map(plain, row)) for row in tables.rows(sql)] == rows


@pytest.mark.parametrize("name", [name for name in EXPECTED if changes_its_schema(name)])
def test_a_schema_that_changed_between_two_loads_leaves_the_same_table(
    name: str, tables: Tables
) -> None:
    lines = (HERE / f"{name}.singer").read_text(encoding="utf-8").splitlines(keepends=True)
    second = [at for at, each in enumerate(lines) if '"SCHEMA"' in each][1]
    for part in (lines[:second], lines[second:]):
        assert tables.load(*part, mode="merge").error is None
    sql, rows = expected(name, tables)
    assert [tuple(map(plain, row)) for row in tables.rows(sql)] == rows


@pytest.mark.parametrize("mode", Mode)
@pytest.mark.parametrize("name", LEFT_BY_MODE)
def test_what_whole_readings_leave_depends_on_the_mode(
    name: str, mode: Mode, tables: Tables
) -> None:
    outcome = tables.load((HERE / f"{name}.singer").read_text(encoding="utf-8"), mode=str(mode))
    if mode not in LEFT_BY_MODE[name]:
        assert "The tap resumed `charges` from a state" in outcome.sentence
        return
    assert outcome.error is None
    sql = LEFT if mode is Mode.MERGE else "SELECT id FROM charges ORDER BY id"
    assert " ".join(each for (each,) in tables.rows(sql)) == LEFT_BY_MODE[name][mode]


def plain(value: Any) -> Any:
    """A value as JSON would have it, whatever number type the destination prefers."""
    return float(value) if isinstance(value, Decimal) else value
