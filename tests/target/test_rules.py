"""Why a record does not fit, in the words of its SCHEMA."""

from typing import Any

import pytest

from target_td_table.rules import Rules
from tests.target.world import INTEGER, TEXT, DuckDbTables, record, schema

ADDRESS = {
    "type": ["null", "object"],
    "required": ["city", "zip"],
    "properties": {
        "city": {"type": "string", "maxLength": 5},
        "kind": {"enum": ["home", "work"]},
        "floors": {"items": {"type": ["integer", "null"]}},
    },
}


def test_a_record_that_does_not_fit_is_told_all_rules_that_it_breaks(
    tables: DuckDbTables,
) -> None:
    outcome = tables.load(
        schema("charges", id=TEXT, n=INTEGER, address=ADDRESS),
        record("charges", id="a", n="x", address={"city": "Secret", "kind": "s", "floors": [1.5]}),
    )
    for reason in (
        "(line 2): `n` is a string, but the SCHEMA says integer; ",
        "`address` lacks `zip`",
        "`address.city` breaks `maxLength: 5`",
        "`address.kind` breaks `enum`",
        "`address.floors[0]` must be integer or null",
    ):
        assert reason in outcome.sentence
    assert "ecret" not in outcome.sentence


def test_a_record_whose_columns_fit_is_loaded_whatever_its_schema_says_of_the_inside(
    tables: DuckDbTables,
) -> None:
    inside = {"city": 5, "kind": "boat"}
    lines = schema("charges", id=TEXT, address=ADDRESS), record("charges", id="a", address=inside)
    assert tables.load(*lines).error is None
    assert tables.rows("SELECT id FROM charges") == [("a",)]


@pytest.mark.parametrize(
    ("type_", "expected"),
    [
        ({"type": "number", "maximum": 5, "exclusiveMaximum": True}, ["`v` breaks `maximum: 5`"]),
        ({"type": "number", "exclusiveMaximum": 5}, ["`v` breaks `exclusiveMaximum: 5`"]),
        ({"$ref": "#/definitions/small"}, ["`v` breaks `maximum: 1`"]),
        ({"$ref": "http://127.0.0.1:9/nobody-may-ask-here"}, []),
        ({"type": "nonsense"}, []),
        ({"type": "string"}, []),
    ],
)
def test_rules_are_those_of_the_draft_that_the_schema_was_written_in(
    type_: dict[str, Any], expected: list[str]
) -> None:
    definitions = {"small": {"maximum": 1}}
    found = {"properties": {"v": type_}, "definitions": definitions}
    known = ["v"] if type_ == {"type": "string"} else []
    assert Rules(found).broken({"v": 5}, known) == expected


def test_no_more_rules_are_told_than_a_person_reads() -> None:
    found = {"properties": {str(n): {"type": "string"} for n in range(50)}}
    assert len(Rules(found).broken({str(n): n for n in range(50)}, [])) == 10
