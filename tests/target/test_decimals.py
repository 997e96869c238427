"""Numbers with more digits than a double keeps. Decision: docs/decisions/0119."""

import json
from decimal import Decimal
from typing import Any

import pytest

from target_td_table.mapping import scale
from tests.target.test_history import dry_run
from tests.target.treasure_data_tables import TreasureDataTables
from tests.target.world import NUMBER, TEXT, DuckDbTables, Tables, line, schema

LONG = "12345678901234567890.12345678"


def priced(step: Any = None, **more: Any) -> str:
    return schema(
        "charges", id=TEXT, price={**NUMBER, **({"multipleOf": step} if step else {}), **more}
    )


def value(text: str) -> str:
    return line("RECORD", stream="charges", record={"id": "a", "price": 0}).replace(
        '"price": 0', f'"price": {text}'
    )


def values(tables: Tables) -> list[str]:
    return [str(found) for (found,) in tables.rows("SELECT price FROM charges")]


def test_a_number_of_known_decimals_keeps_all_its_digits_in_a_database(everywhere: Tables) -> None:
    outcome = everywhere.load(priced(1e-8), value(LONG))
    assert outcome.error is None
    expected = str(float(LONG)) if isinstance(everywhere, TreasureDataTables) else LONG
    assert values(everywhere) == [expected]


def test_a_number_of_any_decimals_is_a_double_in_duckdb(tables: DuckDbTables) -> None:
    tables.load(priced(), value(LONG))
    assert tables.columns("charges")["price"] == "DOUBLE"
    assert values(tables) == [str(float(LONG))]


def test_a_column_made_decimal_by_hand_is_filled_digit_by_digit(tables: DuckDbTables) -> None:
    tables.run("CREATE TABLE charges (id text, price decimal(38, 10))")
    tables.load(priced(), value(LONG))
    assert values(tables) == [f"{LONG}00"]
    assert tables.columns("charges")["price"] == "DECIMAL(38,10)"


def test_a_decimal_gets_more_decimals_and_keeps_its_values(tables: DuckDbTables) -> None:
    tables.load(priced(0.01), value("12.34"))
    assert tables.columns("charges")["price"] == "DECIMAL(38,2)"
    tables.load(priced(0.001), value("0.125"))
    assert tables.columns("charges")["price"] == "DECIMAL(38,3)"
    assert values(tables) == ["12.340", "0.125"]


def test_a_dry_run_tells_how_many_decimals_there_would_be(tables: DuckDbTables) -> None:
    tables.load(priced(0.01), value("12.34"))
    ended = dry_run(tables, priced(0.001))
    assert "The column `price` of `main.charges` would get 3 decimals." in ended.stderr
    assert tables.columns("charges")["price"] == "DECIMAL(38,2)"


def test_an_integer_becomes_a_decimal_with_all_its_digits(tables: DuckDbTables) -> None:
    tables.load(schema("charges", id=TEXT, price={"type": "integer"}), value(str(2**60 + 1)))
    tables.load(priced(0.01), value("0.5"))
    assert values(tables) == [f"{2**60 + 1}.00", "0.50"]


def test_the_least_integer_is_kept_aside_by_a_column_of_doubles(tables: DuckDbTables) -> None:
    tables.run("CREATE TABLE charges (id text, price double)")
    least = [value(str(-(2**63) + n)) for n in range(2)]
    declared = schema("charges", id=TEXT, price={"type": "integer"})
    outcome = tables.load(declared, *least, value("5"), on_invalid="quarantine")
    assert outcome.error is None
    assert values(tables) == ["5.0"]
    assert tables.rows("SELECT line FROM charges__rejected ORDER BY line") == [(2,), (3,)]


def test_a_decimal_with_too_many_digits_is_kept_aside(anywhere: Tables) -> None:
    anywhere.run("CREATE TABLE charges (id text, price decimal(38, 2))")
    outcome = anywhere.load(priced(0.01), value("1e37"), value("1.5"), on_invalid="quarantine")
    assert outcome.error is None
    assert values(anywhere) == ["1.50"]
    assert "`price` " in anywhere.rows("SELECT reason FROM charges__rejected")[0][0]


@pytest.mark.parametrize(
    ("found", "expected"),
    [({"multipleOf": 0.01}, 2), ({"multipleOf": 1e-10}, 10), ({"multipleOf": 1}, 0),
     ({"multipleOf": 1.0}, 0), ({"multipleOf": 0.05}, None), ({"multipleOf": 10}, None),
     ({"multipleOf": 1e-38}, None), ({"multipleOf": 0}, None), ({"multipleOf": -0.1}, None),
     ({"multipleOf": "x"}, None), ({"multipleOf": True}, None), ({}, None), (5, None),
     ({"multipleOf": 0.01, "maximum": 1e36}, 2), ({"multipleOf": 0.01, "maximum": 1e37}, None),
     ({"multipleOf": 0.01, "minimum": -1e40}, None),
     ({"multipleOf": 0.01, "exclusiveMaximum": 1e40}, None),
     ({"multipleOf": 0.01, "maximum": 1e36, "exclusiveMaximum": True}, 2),
     ({"anyOf": [{"type": "null"}, {"type": "number", "multipleOf": 0.1}]}, 1),
     ({"anyOf": [{"multipleOf": 0.1}, {"multipleOf": 0.01}]}, None),
     ({"$ref": "#/definitions/a"}, 3), ({"$ref": "#/definitions/loop"}, None)],
)  # fmt: skip
def test_multiple_of_a_power_of_ten_tells_the_decimals(found: Any, expected: int | None) -> None:
    definitions = {"a": {"multipleOf": 0.001}, "loop": {"$ref": "#/definitions/loop"}}
    assert scale(json.loads(json.dumps(found)), {"definitions": definitions}) == expected


def test_the_same_number_of_digits_is_kept_whoever_reads_it(anywhere: Tables) -> None:
    texts = ["0.01", "-0.07", "1e2", "99999999.99", "0", "-0.00"]
    anywhere.load(priced(0.01), *map(value, texts))
    assert [Decimal(each) for each in values(anywhere)] == [Decimal(each) for each in texts]
