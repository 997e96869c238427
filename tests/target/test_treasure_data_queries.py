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
from tests.fakes.treasure_data_nursery import nursery
from tests.fakes.treasure_data_server import TreasureDataServer, served

ENDLESS = 1 << 30
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
def test_a_query_that_still_runs_when_patience_ends_is_killed_and_not_begun_again(
    server: TreasureDataServer, tmp_path: Path, mode: Mode, doing: str
) -> None:
    def before(_: int) -> None:
        server.account.looks = ENDLESS if queries(server) else 1

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
    assert [job.status for job in server.account.jobs.values()][-1] == "killed"

    server.before, server.account.looks = lambda _: None, 1
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


@pytest.mark.parametrize("moment", ["/table/update-schema/", "/job/issue/", "/job/status/"])
def test_a_query_of_a_killed_load_that_runs_during_the_next_one_doubles_no_row(
    server: TreasureDataServer, moment: str
) -> None:
    stale = killed_in_its_query(server)

    def before(_: int) -> None:
        if moment in server.requests[-1]:
            server.account.jobs[stale].looks = 0
            server.account.look(stale)

    server.before = before
    load(server.url, Mode.MERGE)
    assert server.account.jobs[stale].status == "error"
    assert held(server.account) == complete(Mode.MERGE)
    assert set(server.account.databases[SHOP]) == {"charges", "_td_state"}


def killed_in_its_query(server: TreasureDataServer) -> str:
    """Kill a load when it has asked for its merge; the job, which goes on running."""
    load(server.url, Mode.MERGE)
    issues = next(n for n, each in enumerate(server.requests, 1) if "/job/issue/" in each)
    server.account = shop()

    def before(number: int) -> None:
        server.account.looks = ENDLESS if number == issues else 1

    server.before = before
    with nursery() as children:
        children.load(server, Mode.MERGE, kill_after=issues)
    server.account.looks = 1
    [job] = [job.id for job in server.account.jobs.values() if job.type == "trino"]
    return job
