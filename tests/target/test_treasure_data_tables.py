"""Tables in Treasure Data, loaded by the whole target."""

from collections.abc import Iterator

import pytest

from tests.fakes.treasure_data_tables import FakeTable
from tests.target.treasure_data_tables import TreasureDataTables, empty
from tests.target.world import BOOLEAN, TEXT, activate, record, schema


@pytest.fixture
def tables() -> Iterator[TreasureDataTables]:
    with empty() as found:
        yield found


@pytest.mark.parametrize(("one", "other"), [("größe", "gr_e"), ("a", "a__")])
def test_two_streams_whose_names_are_one_there_are_refused(
    tables: TreasureDataTables, one: str, other: str
) -> None:
    outcome = tables.load(schema(one), record(one, id="1"), schema(other), record(other, id="2"))
    assert f"The streams `{one}` and `{other}` would both load into the table" in outcome.sentence
    assert tables.server.account.rows("main", outcome.sentence.split("`")[5]) == []


@pytest.mark.parametrize("type_", ["string", "long"])
@pytest.mark.parametrize("hard_delete", [False, True])
def test_tombstones_are_told_by_a_column_that_a_person_made_text_as_well(
    tables: TreasureDataTables, type_: str, *, hard_delete: bool
) -> None:
    made = FakeTable("7")
    made.update_schema([["id", "string"], ["deleted", type_]])
    tables.server.account.databases["main"] = {"charges": made}
    charges = schema("charges", id=TEXT, deleted=BOOLEAN)
    first = [record("charges", id=each, version=1) for each in ("a", "b")]
    assert tables.load(charges, *first, mode="merge", hard_delete=hard_delete).error is None

    lines = [record("charges", id="a", deleted=True, version=2), activate("charges", 2)]
    outcome = tables.load(charges, *lines, mode="merge", hard_delete=hard_delete)

    assert outcome.error is None
    true = "true" if type_ == "string" else 1
    gone = [] if hard_delete else [("a", true), ("b", true)]
    assert tables.rows("SELECT id, deleted FROM charges ORDER BY id") == gone
