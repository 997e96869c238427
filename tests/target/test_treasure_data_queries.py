"""Queries that fail or do not end, and what is said of them."""

from collections.abc import Iterator

import pytest

from target_td_table.errors import DestinationError
from target_td_table.modes import Mode
from tests.fakes.treasure_data_loads import (
    held,
    load,
    open_loader,
    shop,
)
from tests.fakes.treasure_data_server import TreasureDataServer, served

UNDECIDED = "Nothing of this publication is decided"


@pytest.fixture
def server() -> Iterator[TreasureDataServer]:
    with served(shop()) as found:
        yield found


def queries(server: TreasureDataServer) -> list[str]:
    return [each for each in server.requests if "/job/issue/" in each]


def test_a_publication_whose_query_fails_again_and_again_is_not_decided(
    server: TreasureDataServer,
) -> None:
    def before(_: int) -> None:
        server.account.failing_jobs = 1 if queries(server) else 0

    server.before = before
    with pytest.raises(DestinationError, match=f"was to merge rows into `charges` .* {UNDECIDED}"):
        load(server.url, Mode.MERGE)
    assert len(queries(server)) == 3
    assert held(server.account) == {"0": 1.5}


def test_of_a_query_that_only_asks_nothing_is_said_about_a_publication(
    server: TreasureDataServer,
) -> None:
    load(server.url, Mode.APPEND)
    loader = open_loader(server.url)
    server.account.failing_jobs = 3
    with pytest.raises(DestinationError, match=r"was to read `_td_state` .* Nothing was changed"):
        loader.states()
    loader.close()
