"""What becomes of values in PostgreSQL."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from target_td_table.errors import InputError
from tests.target.postgres_server import PostgresTables
from tests.target.world import BOOLEAN, INTEGER, MOMENT, NUMBER, OBJECT, TEXT, record, schema

FIELDS: dict[str, Any] = {
    "id": TEXT, "n": INTEGER, "f": NUMBER, "b": BOOLEAN, "t": MOMENT, "o": OBJECT,
}  # fmt: skip


@pytest.fixture
def tables(postgres: PostgresTables) -> PostgresTables:
    return postgres


def test_every_value_arrives_in_its_type(tables: PostgresTables) -> None:
    text = 'é "quoted", \\ back\tslash\r\n and a line'

    tables.load(
        schema("charges", **FIELDS),
        record("charges", id=text, n=2**63 - 1, f=0.1, b=True, t="2026-01-02T03:04:05.5Z",
               o={"a": [1, None], "b": "ü\t\\"}),
    )  # fmt: skip

    moment = datetime(2026, 1, 2, 3, 4, 5, 500_000, tzinfo=UTC)
    nested = {"a": [1, None], "b": "ü\t\\"}
    found = tables.rows("SELECT * FROM charges")
    assert found == [(text, 2**63 - 1, Decimal("0.1"), True, moment, nested)]
    assert list(tables.columns("charges").values()) == [
        "text", "bigint", "numeric", "boolean", "timestamp with time zone", "jsonb",
    ]  # fmt: skip


@pytest.mark.parametrize("text", ["", "null", "NULL", "\\N", "\\.", '"', '""', ",", "\n", " x "])
def test_a_text_that_means_something_to_copy_is_only_a_text(
    tables: PostgresTables, text: str
) -> None:
    tables.load(schema("charges"), record("charges", id=text), record("charges", id="next"))
    assert tables.rows("SELECT id FROM charges ORDER BY id = 'next'") == [(text,), ("next",)]


def test_records_with_and_without_escapes_keep_their_order_and_their_values(
    tables: PostgresTables,
) -> None:
    texts = [f'{number} "\n{number}' if number % 3 else f"{number}" for number in range(2_000)]
    texts += ["\x01", "\x02", 'a"\x02"b', "null"]
    tables.load(
        schema("charges", id=TEXT, o={}), *(record("charges", id=each, o=each) for each in texts)
    )
    assert tables.rows("SELECT id, o #>> '{}' FROM charges") == [(each, each) for each in texts]


def test_null_and_missing_fields_are_null(tables: PostgresTables) -> None:
    nulls = dict.fromkeys(FIELDS)
    tables.load(schema("charges", key=(), **FIELDS), record("charges"), record("charges", **nulls))
    assert tables.rows("SELECT * FROM charges") == [(None,) * 6] * 2


@pytest.mark.parametrize(
    ("value", "text"),
    [("plain", '"plain"'), (1, "1"), (True, "true"), ([], "[]"), ({"a": 1.10}, '{"a": 1.1}')],
)
def test_a_json_column_keeps_scalars_as_json(tables: PostgresTables, value: Any, text: str) -> None:
    tables.load(schema("charges", id=TEXT, o={}), record("charges", id="1", o=value))
    assert tables.rows("SELECT o::text FROM charges") == [(text,)]


def test_digits_of_numbers_are_kept(tables: PostgresTables) -> None:
    line = (
        '{"type":"RECORD","stream":"rates","record":{"f":12345678901234567890.12345,"o":[1.10]}}\n'
    )
    tables.load(schema("rates", f=NUMBER, o=OBJECT, key=()), line)
    assert tables.rows("SELECT f::text, o::text FROM rates") == [
        ("12345678901234567890.12345", "[1.10]")
    ]


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("2026-01-02T03:04:05Z", "2026-01-02 03:04:05+00"),
        ("2026-01-02 03:04:05", "2026-01-02 03:04:05+00"),
        ("2026-01-02", "2026-01-02 00:00:00+00"),
        ("2026-01-02T03:04:05+09:00", "2026-01-01 18:04:05+00"),
        ("2026-01-02T03:04:05.123456-0330", "2026-01-02 06:34:05.123456+00"),
        ("0001-01-01T00:00:00Z", "0001-01-01 00:00:00+00"),
        ("9999-12-31T23:59:59.999999Z", "9999-12-31 23:59:59.999999+00"),
    ],
)
def test_times_of_all_zones_are_kept_as_moments(
    tables: PostgresTables, given: str, kept: str
) -> None:
    tables.run(f"ALTER DATABASE {tables.database} SET TimeZone = 'Asia/Tokyo'")
    tables.load(schema("charges", id=TEXT, t=MOMENT), record("charges", id="1", t=given))
    assert tables.rows("SELECT t::text FROM charges") == [(kept,)]


def test_a_time_column_holds_whole_unix_seconds(tables: PostgresTables) -> None:
    moments = ("2023-11-14T22:13:20.999Z", "1969-12-31T23:59:59.5Z", None, "2023-11-14")
    tables.load(
        schema("charges", t=MOMENT, key=()),
        *(record("charges", t=each) for each in moments),
        time_column="t",
    )
    found = tables.rows("SELECT time FROM charges ORDER BY time")
    assert found == [(-1,), (1_699_920_000,), (1_700_000_000,), (None,)]


@pytest.mark.parametrize("value", [1.0, -2.0, 1e15])
def test_an_integer_written_with_a_fraction_of_nought_is_an_integer(
    tables: PostgresTables, value: float
) -> None:
    tables.load(schema("charges", n=INTEGER, key=()), record("charges", n=value))
    assert tables.rows("SELECT n FROM charges") == [(int(value),)]


def test_an_integer_beyond_64_bits_is_named(tables: PostgresTables) -> None:
    outcome = tables.load(
        schema("charges", id=TEXT, n=INTEGER),
        *(record("charges", id=f"ch_{number}", n=2**63 - 3 + number) for number in range(9)),
    )
    assert isinstance(outcome.error, InputError)
    assert "`charges` record `ch_3` (line 5): `n` is" in outcome.sentence
    assert "beyond" in outcome.sentence
    assert tables.columns("charges") == {}


def test_an_integer_of_any_length_fits_a_column_widened_by_hand(tables: PostgresTables) -> None:
    tables.load(schema("charges", id=TEXT, n=INTEGER))
    tables.run("ALTER TABLE charges ALTER COLUMN n TYPE numeric")
    tables.load(schema("charges", id=TEXT, n=INTEGER), record("charges", id="1", n=2**70))
    assert tables.rows("SELECT n FROM charges") == [(2**70,)]


def test_an_integer_that_the_schema_allows_to_be_longer_is_numeric(tables: PostgresTables) -> None:
    longer = {"type": ["null", "integer"], "minimum": 0, "maximum": 10**77}
    tables.load(schema("charges", id=TEXT, n=longer), record("charges", id="1", n=10**77))
    assert tables.columns("charges") == {"id": "text", "n": "numeric"}
    assert tables.rows("SELECT n FROM charges") == [(10**77,)]


@pytest.mark.parametrize("token", ["NaN", "Infinity", "-Infinity"])
def test_what_is_no_json_number_is_refused(tables: PostgresTables, token: str) -> None:
    line = f'{{"type":"RECORD","stream":"charges","record":{{"id":"1","f":{token}}}}}\n'
    outcome = tables.load(schema("charges", id=TEXT, f=NUMBER), line)
    assert "`charges` record `1` (line 2): `f` holds NaN, an infinity" in outcome.sentence


@pytest.mark.parametrize(
    ("field", "value"), [("id", "a\x00b"), ("o", {"a": "\x00"}), ("o", ["\\\x00"])]
)
def test_the_character_nul_is_refused_with_its_record_and_field(
    tables: PostgresTables, field: str, value: Any
) -> None:
    outcome = tables.load(
        schema("charges", key=("n",), **FIELDS),
        record("charges", n=1, id="two\nlines"),
        record("charges", **{"n": 7, "id": "x", field: value}),
    )
    assert (
        f"`charges` record `7` (line 3): `{field}` holds the character U+0000" in outcome.sentence
    )
    assert tables.columns("charges") == {}


def test_the_text_of_an_escaped_nul_is_no_nul(tables: PostgresTables) -> None:
    tables.load(
        schema("charges", id=TEXT, o=OBJECT), record("charges", id="\\u0000", o=["\\u0000"])
    )
    assert tables.rows("SELECT id, o ->> 0 FROM charges") == [("\\u0000", "\\u0000")]


def test_json_nested_500_deep_is_kept(tables: PostgresTables) -> None:
    nested = "[" * 500 + "]" * 500
    line = f'{{"type":"RECORD","stream":"charges","record":{{"id":"1","o":{nested}}}}}\n'
    tables.load(schema("charges", id=TEXT, o=OBJECT), line)
    assert tables.rows("SELECT o::text FROM charges") == [(nested,)]


def test_json_nested_deeper_than_the_server_allows_is_named(tables: PostgresTables) -> None:
    tables.run(f"ALTER DATABASE {tables.database} SET max_stack_depth = '100kB'")
    nested = "[" * 900 + "]" * 900
    line = f'{{"type":"RECORD","stream":"charges","record":{{"id":"1","o":{nested}}}}}\n'
    outcome = tables.load(schema("charges", id=TEXT, o=OBJECT), line)
    assert "record `1` (line 2): `o` is nested deeper than" in outcome.sentence


@pytest.mark.parametrize(
    ("type_", "value", "kept"),
    [("varchar(5)", "12345", "12345"), ("date", "2026-01-02", "2026-01-02"),
     ("uuid", "5F0C1C9C-9F0A-4B9A-8B0F-0123456789AB", "5f0c1c9c-9f0a-4b9a-8b0f-0123456789ab"),
     ("json", '{"b": 1,  "a": 2}', '{"b": 1,  "a": 2}')],
)  # fmt: skip
def test_a_type_given_by_hand_stays_and_takes_the_values(
    tables: PostgresTables, type_: str, value: str, kept: str
) -> None:
    field = OBJECT if type_ == "json" else TEXT
    tables.run(f"CREATE TABLE charges (id text, v {type_})")
    given = value if type_ == "json" else f'"{value}"'
    line = f'{{"type":"RECORD","stream":"charges","record":{{"id":"1","v":{given}}}}}\n'
    tables.load(schema("charges", id=TEXT, v=field), line)
    assert tables.rows("SELECT v::text FROM charges") == [(kept,)]


@pytest.mark.parametrize(
    ("type_", "value", "why"),
    [
        ("varchar(3)", "four", "`v` is longer than its column allows"),
        ("uuid", "secret", "`v` does not fit the type of its column"),
        ("date", "31st of May", "`v` is no time that PostgreSQL can read"),
    ],
)
def test_a_value_that_a_type_given_by_hand_refuses_is_named_and_not_told(
    tables: PostgresTables, type_: str, value: str, why: str
) -> None:
    tables.run(f"CREATE TABLE charges (id text, v {type_})")
    outcome = tables.load(schema("charges", id=TEXT, v=TEXT), record("charges", id="1", v=value))
    assert f"record `1` (line 2): {why}" in outcome.sentence
    assert value not in outcome.sentence
