"""Records that are nested about as deep as parsers go, and deeper."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from target_td_table.nested import is_too_deep, members
from tests.target.world import INTEGER, TEXT, DuckDbTables, Tables, record, schema, state

ANY: dict[str, Any] = {}
CHARGES = schema("charges", id=TEXT, n=INTEGER, o=ANY)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=9,
)


def nested(levels: int, *, name: str = "deep", n: str = "1") -> str:
    value = "[" * levels + "]" * levels
    values = f'{{"id":"{name}","n":{n},"o":{value}}}'
    return f'{{"type":"RECORD","stream":"charges","record":{values}}}\n'


@pytest.mark.parametrize("levels", [1_100, 100_000])
def test_a_record_that_is_nested_too_deeply_is_named_with_its_field(
    everywhere: Tables, levels: int
) -> None:
    outcome = everywhere.load(CHARGES, record("charges", id="a"), nested(levels))
    assert "`charges` record `deep` (line 3): `o` is nested too deeply" in outcome.sentence
    kept = everywhere.load(
        CHARGES, record("charges", id="a"), nested(levels), record("charges", id="b"), state(at=1),
        on_invalid="quarantine",
    )  # fmt: skip
    assert kept.states == [{"at": 1}]
    assert everywhere.rows("SELECT id FROM charges ORDER BY id") == [("a",), ("b",)]
    ((line, found),) = everywhere.rows("SELECT line, record FROM charges__rejected")
    assert (line, found) == (3, nested(levels).partition('"record":')[2][:-2])


@pytest.mark.parametrize("n", ["1", '"x"', "NaN"])
def test_whatever_a_record_is_nested_it_is_loaded_or_kept_aside(everywhere: Tables, n: str) -> None:
    depths = range(820, 1020)
    lines = [nested(depth, name=str(depth), n=n) for depth in depths]
    assert everywhere.load(CHARGES, *lines, on_invalid="quarantine").error is None
    ((kept,),) = everywhere.rows("SELECT count(*) FROM charges__rejected")
    ((loaded,),) = everywhere.rows("SELECT count(*) FROM charges")
    assert kept + loaded == len(depths)
    assert bool(loaded) is (n == "1")


@pytest.mark.parametrize("levels", [*range(880, 1000, 8), 5_000])
def test_without_quarantine_it_is_loaded_or_refused_with_a_sentence(
    tables: DuckDbTables, levels: int
) -> None:
    for n in ("1", "NaN"):
        outcome = tables.load(CHARGES, nested(levels, n=n))
        assert outcome.error is None or "(line 2): `" in outcome.sentence


@pytest.mark.parametrize(
    ("line", "words"),
    [('{"type":"STATE","value":%s}', "Line 2 of the input is nested too deeply"),
     ('{"type":"RECORD","stream":5,"record":%s}', "RECORD on line 2 of the input breaks the Singer"),
     ('{"type":"RECORD","record":%s}', "Line 2 of the input is nested too deeply"),
     ('{"type":"RECORD","stream":"charges","record":%s', "Line 2 of the input is nested too deeply"),
     ('{"type":"NO","a":%s}', "Line 2 of the input has the type `NO`")],
)  # fmt: skip
def test_a_line_that_is_nested_too_deeply_and_no_record_is_a_sentence(
    tables: DuckDbTables, line: str, words: str
) -> None:
    deep = "[" * 3_000 + "]" * 3_000
    outcome = tables.load(CHARGES, line % deep + "\n", on_invalid="quarantine")
    assert words in outcome.sentence


@given(st.dictionaries(st.text(), JSON), st.sampled_from([None, 1]), st.sampled_from(["", "yes"]))
def test_the_members_of_an_object_are_those_that_a_parser_finds(
    values: dict[str, Any], indent: int | None, ensure_ascii: str
) -> None:
    text = json.dumps(values, indent=indent, ensure_ascii=bool(ensure_ascii))
    found = members(text.encode())
    assert {name: json.loads(each) for name, each in (found or {}).items()} == values


@given(st.text('[]{}:,"a\\ '))
def test_what_is_no_object_has_no_members_or_harmless_ones(text: str) -> None:
    members(text.encode())
    assert is_too_deep(text.encode()) is False


def test_a_record_that_stream_maps_cannot_read_is_a_sentence(tables: DuckDbTables) -> None:
    maps = {"charges": {"id": "id"}}
    outcome = tables.load(CHARGES, nested(1_100), stream_maps=maps, on_invalid="quarantine")
    assert "RECORD of `charges` on line 2" in outcome.sentence
