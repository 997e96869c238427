import os
from collections.abc import Iterator

import pytest

from target_td_table.modes import Mode
from tests.fakes.treasure_data import WRITE_ONLY
from tests.fakes.treasure_data_loads import (
    COLUMNS_AFTER,
    PIPELINE,
    SHOP,
    STATE,
    Nursery,
    complete,
    held,
    load,
    nursery,
    open_loader,
    shop,
)
from tests.fakes.treasure_data_server import Fault, TreasureDataServer, served

OWN = {"charges", "_td_state"}
MODES = list(Mode)


@pytest.fixture
def server() -> Iterator[TreasureDataServer]:
    with served(shop()) as state:
        yield state


@pytest.fixture(scope="module")
def children() -> Iterator[Nursery]:
    with nursery() as found:
        yield found


def begin(server: TreasureDataServer, faults: dict[int, Fault] | None = None) -> None:
    server.account = shop()
    server.requests.clear()
    server.faults = faults or {}


def expect_complete(server: TreasureDataServer, mode: Mode) -> None:
    assert held(server.account) == complete(mode)
    assert set(server.account.databases[SHOP]) == OWN
    assert server.account.sessions == {}


def requests_of(server: TreasureDataServer, mode: Mode) -> int:
    begin(server)
    load(server.url, mode)
    return len(server.requests)


@pytest.mark.parametrize("mode", MODES)
def test_a_load_keeps_types_aliases_order_expiry_and_properties(
    server: TreasureDataServer, mode: Mode
) -> None:
    load(server.url, mode)
    expect_complete(server, mode)
    table = server.account.table(SHOP, "charges")
    assert table.columns == COLUMNS_AFTER
    assert (table.expire_days, table.properties) == (30, {"bucket_count": "512"})


# A merge makes the calls of a replace and runs queries besides, whose faults are the last two. To
# the client 500 and 429 are what 503 is: with the variable they are tried for a replace too.
_SAME = () if "TD_EVERY_FAULT" in os.environ else (Fault.E500, Fault.E429)
FAULTS = [(Mode.APPEND, fault) for fault in Fault]
FAULTS += [(Mode.REPLACE, fault) for fault in Fault if fault not in _SAME]
FAULTS += [(Mode.MERGE, Fault.DONE_RESET), (Mode.MERGE, Fault.FAILED_JOB)]


@pytest.mark.parametrize(("mode", "fault"), FAULTS)
def test_a_fault_at_any_request_ends_with_each_row_once(
    server: TreasureDataServer, mode: Mode, fault: Fault
) -> None:
    for number in range(1, requests_of(server, mode) + 1):
        begin(server, {number: fault})
        load(server.url, mode)
        expect_complete(server, mode)


@pytest.mark.parametrize("mode", MODES)
def test_killed_after_any_request_and_run_again_it_ends_with_each_row_once(
    server: TreasureDataServer, children: Nursery, mode: Mode
) -> None:
    for number in range(1, requests_of(server, mode) + 1):
        begin(server)
        ending = children.load(server, mode, kill_after=number)
        assert held(server.account) in ({"0": 1.5}, complete(mode))
        if not ending.state_is_out:
            # Batches end where time and speed happen to end them.
            load(server.url, mode, batch_rows=2)
            expect_complete(server, mode)
        assert held(server.account) == complete(mode)


def test_without_a_kept_state_a_killed_append_run_again_ends_with_each_row_once(
    server: TreasureDataServer, children: Nursery
) -> None:
    begin(server)
    load(server.url, Mode.APPEND, WRITE_ONLY)
    for number in range(1, len(server.requests) + 1):
        begin(server)
        ending = children.load(server, Mode.APPEND, WRITE_ONLY, kill_after=number)
        if not ending.state_is_out:
            load(server.url, Mode.APPEND, WRITE_ONLY, batch_rows=2)
            assert server.account.sessions == {}
        assert held(server.account) == complete(Mode.APPEND)


@pytest.mark.parametrize("mode", MODES)
def test_killed_after_any_request_the_kept_state_tells_whether_the_rows_are_there(
    server: TreasureDataServer, children: Nursery, mode: Mode
) -> None:
    for number in range(1, requests_of(server, mode) + 1):
        begin(server)
        ending = children.load(server, mode, kill_after=number)
        loader = open_loader(server.url)
        states = loader.states()
        loader.close()
        assert states == {PIPELINE: STATE} or not ending.state_is_out
        assert held(server.account) == (complete(mode) if states else {"0": 1.5})
