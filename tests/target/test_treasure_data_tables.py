"""Tables in Treasure Data, loaded by the whole target."""

from collections.abc import Iterator

import pytest

from tests.target.treasure_data_tables import TreasureDataTables, empty
from tests.target.world import record, schema


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
