"""Whatever goes wrong at a request, or whoever is killed at it: each row is there once."""

import os
import re
import signal
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from target_td_table.errors import BusyError
from target_td_table.loaders.treasure_data.beside import BESIDE_BYTES
from target_td_table.loaders.treasure_data.loader import TreasureDataLoader
from target_td_table.modes import Mode
from tests.fakes.treasure_data import MASTER, WRITE_ONLY
from tests.fakes.treasure_data_loads import (
    COLUMNS_AFTER,
    OLD,
    PIPELINE,
    QUICK,
    SHOP,
    STATE,
    complete,
    held,
    load,
    load_with,
    open_loader,
    shop,
)
from tests.fakes.treasure_data_nursery import Nursery, nursery
from tests.fakes.treasure_data_server import Fault, TreasureDataServer, served

OWN = {"charges", "_td_state"}
MODES = list(Mode)
# Rows are packed in the load's own process, or in one beside it.
HERE, BESIDE = BESIDE_BYTES, 0
# Else faults that are one to the client take turns, and so do the two forms of packing.
IS_EVERY = "TD_EVERY_FAULT" in os.environ
ALIKE = [
    (Fault.E500, Fault.E503, Fault.E429),
    (Fault.RESET,),
    (Fault.DONE_500, Fault.DONE_RESET),
    (Fault.CUT,),
]
# With this in it each record makes a part: some are uploaded while others are packed.
LONG = "x" * (300 << 10)
SHORT = replace(QUICK, tries=3)
STARTS_A_JOB = re.compile(r"/job/issue/|/bulk_import/(perform|commit)/")


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[TreasureDataServer]:
    # Else each request looks through the whole environment for a proxy.
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
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
    table = server.account.table(SHOP, "charges")
    assert table.columns == COLUMNS_AFTER
    assert (table.expire_days, table.properties) == (30, {"bucket_count": "512"})
    assert set(server.account.databases[SHOP]) == OWN
    assert server.account.sessions == {}


def requests_of(server: TreasureDataServer, mode: Mode, key: str = MASTER) -> list[str]:
    begin(server)
    load(server.url, mode, key)
    return list(server.requests)


def runs(requests: Sequence[str], fault: Fault) -> Iterator[tuple[int, int]]:
    """The numbers of the requests to try a fault at, and the forms to do it in."""
    packing = while_rows_are_packed(requests)
    for number, request in enumerate(requests, 1):
        if IS_EVERY:
            yield from ((number, HERE), (number, BESIDE))
        elif fault is not Fault.FAILED_JOB:
            yield from turns(number, fault, is_packing=number in packing)
        elif STARTS_A_JOB.search(request):
            # Whatever the request before it, it is the next job that fails.
            yield number, HERE


def turns(number: int, fault: Fault, *, is_packing: bool) -> Iterator[tuple[int, int]]:
    """Whether it is the turn of a fault at a request: each kind comes, while packing half beside."""
    for place, alike in enumerate(ALIKE):
        if alike[number % len(alike)] is fault:
            is_beside = is_packing and (number // 2 + place) % 2
            yield number, BESIDE if is_beside else HERE


def while_rows_are_packed(requests: Sequence[str]) -> Sequence[int]:
    """The requests from where the process beside would start to the last part."""
    first = next(n for n, each in enumerate(requests, 1) if "/bulk_import/create/" in each)
    return range(first, max(n for n, each in enumerate(requests, 1) if "/upload_part/" in each) + 1)


@pytest.mark.parametrize("mode", MODES)
def test_a_load_keeps_types_aliases_order_expiry_and_properties(
    server: TreasureDataServer, mode: Mode
) -> None:
    load(server.url, mode)
    expect_complete(server, mode)


@pytest.mark.parametrize("fault", Fault)
@pytest.mark.parametrize("mode", MODES)
def test_a_fault_at_any_request_ends_with_each_row_once(
    server: TreasureDataServer, mode: Mode, fault: Fault
) -> None:
    for number, form in runs(requests_of(server, mode), fault):
        begin(server, {number: fault})
        load(server.url, mode, beside_bytes=form)
        expect_complete(server, mode)


@pytest.mark.parametrize("form", (BESIDE, HERE) if IS_EVERY else (BESIDE,))
@pytest.mark.parametrize("mode", MODES)
def test_killed_after_any_request_and_run_again_it_ends_with_each_row_once(
    server: TreasureDataServer, children: Nursery, mode: Mode, form: int
) -> None:
    for number, _ in enumerate(requests_of(server, mode), 1):
        begin(server)
        ending = children.load(server, mode, kill_after=number, beside_bytes=form)
        assert held(server.account) in (OLD, complete(mode))
        if not ending.state_is_out:
            # Batches end where time and speed happen to end them.
            load(server.url, mode, batch_rows=2)
            expect_complete(server, mode)
        assert held(server.account) == complete(mode)
        assert set(server.account.databases[SHOP]) == OWN


@pytest.mark.parametrize("form", (BESIDE, HERE) if IS_EVERY else (HERE,))
def test_without_a_kept_state_a_killed_append_run_again_ends_with_each_row_once(
    server: TreasureDataServer, children: Nursery, form: int
) -> None:
    for number, _ in enumerate(requests_of(server, Mode.APPEND, WRITE_ONLY), 1):
        begin(server)
        ending = children.load(
            server, Mode.APPEND, WRITE_ONLY, kill_after=number, beside_bytes=form
        )
        if not ending.state_is_out:
            load(server.url, Mode.APPEND, WRITE_ONLY, batch_rows=2)
            assert server.account.sessions == {}
        assert held(server.account) == complete(Mode.APPEND)


@pytest.mark.parametrize("mode", MODES)
def test_killed_after_any_request_the_kept_state_tells_whether_to_run_again(
    server: TreasureDataServer, children: Nursery, mode: Mode
) -> None:
    for number, _ in enumerate(requests_of(server, mode), 1):
        begin(server)
        ending = children.load(server, mode, kill_after=number)
        loader = open_loader(server.url)
        states = loader.states()
        loader.close()
        assert states == {PIPELINE: STATE} or not ending.state_is_out
        assert held(server.account) == (complete(mode) if states else OLD)
        if not states:
            load(server.url, mode)
            expect_complete(server, mode)


@pytest.mark.parametrize("mode", MODES)
def test_a_service_that_stays_away_from_any_request_on_stops_the_load_and_run_again_it_is_whole(
    server: TreasureDataServer, mode: Mode
) -> None:
    for number, form in outages(requests_of(server, mode), mode):
        begin(server, dict.fromkeys(range(number, number + 99), Fault.RESET))
        said = end_of_load(open_loader(server.url, beside_bytes=form, patience=SHORT), mode)
        assert held(server.account) in (OLD, complete(mode))
        server.faults.clear()
        if said:
            assert "Run again later from the last state" in said
            assert end_of_load(open_loader(server.url), mode) == ""
            expect_complete(server, mode)
        assert held(server.account) == complete(mode)
        assert set(server.account.databases[SHOP]) == OWN


def outages(requests: Sequence[str], mode: Mode) -> Iterator[tuple[int, int]]:
    """The requests where they begin, of which each mode has its turn, and the forms of packing."""
    packing = while_rows_are_packed(requests)
    for number, _ in enumerate(requests, 1):
        if IS_EVERY:
            yield from ((number, HERE), (number, BESIDE))
        elif number % len(MODES) == MODES.index(mode):
            yield number, BESIDE if number in packing else HERE


@pytest.mark.parametrize("mode", MODES)
def test_a_process_beside_that_is_killed_at_any_request_stops_its_load_and_harms_nothing(
    server: TreasureDataServer, mode: Mode
) -> None:
    begin(server)
    assert beside_killed(server, mode) == ""
    stopped = 0
    at_all = range(1, len(server.requests) + 1)
    for number in at_all if IS_EVERY else while_rows_are_packed(server.requests):
        begin(server)
        if said := beside_killed(server, mode, at=number):
            stopped += 1
            assert "is gone, perhaps for want of memory" in said
            assert held(server.account) == OLD
            assert server.account.sessions == {}
            assert set(server.account.databases[SHOP]) <= OWN
            load(server.url, mode)
        expect_complete(server, mode)
    assert stopped


def beside_killed(server: TreasureDataServer, mode: Mode, *, at: int = 0) -> str:
    """Load with a process beside, which is killed at a request; what is said in the end."""
    loader = open_loader(server.url, beside_bytes=BESIDE)

    def after(number: int) -> None:
        if number == at and (beside := loader._packings._beside):
            os.kill(beside.pid, signal.SIGKILL)

    server.after = after
    said = end_of_load(loader, mode)
    server.after = lambda _: None
    return said


def end_of_load(loader: TreasureDataLoader, mode: Mode) -> str:
    """The sentence that a load of long records ends with."""
    try:
        with TemporaryDirectory() as folder:
            load_with(loader, Path(folder), mode, more=LONG)
    except BusyError as error:
        return str(error)
    return ""
