"""Queries that fail or do not end, and what is said of them."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from target_td_table.errors import BusyError, DestinationError
from target_td_table.loaders.treasure_data.address import Address
from target_td_table.loaders.treasure_data.api import Patience
from target_td_table.loaders.treasure_data.loader import TreasureDataLoader
from target_td_table.modes import Mode
from tests.fakes.treasure_data import MASTER
from tests.fakes.treasure_data_loads import (
    PIPELINE,
    SHOP,
    complete,
    held,
    load,
    load_with,
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


@pytest.mark.parametrize(
    ("mode", "doing"),
    [(Mode.MERGE, "merge rows into `charges`"), (Mode.APPEND, "write the state into `_td_state`")],
)
def test_a_query_that_still_runs_when_patience_ends_is_not_begun_again(
    server: TreasureDataServer, tmp_path: Path, mode: Mode, doing: str
) -> None:
    def before(_: int) -> None:
        server.account.looks = 1 << 30 if queries(server) else 1

    server.before = before
    patience = Patience(first_seconds=0.001, look_seconds=0.001, job_seconds=0.3)
    address = Address(server.url, SHOP)
    loader = TreasureDataLoader(address, MASTER, pipeline=PIPELINE, patience=patience)
    with pytest.raises(
        BusyError, match=rf"was to {doing} is still `running`.* \(job 1\d+\)\. It was not"
    ) as told:
        load_with(loader, tmp_path, mode)
    assert "Run again once it has ended" in str(told.value)
    assert len(queries(server)) == 1

    server.before, server.account.looks = lambda _: None, 1
    for job in server.account.jobs.values():
        job.looks = 0
        server.account.look(job.id)
    load(server.url, mode)
    assert held(server.account) == complete(mode)


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
