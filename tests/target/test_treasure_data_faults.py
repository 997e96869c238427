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
# To start a process takes longer than a load: without the variable not every run has one.
IN_EVERY_FORM = "TD_EVERY_FAULT" in os.environ
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


def numbers_of(requests: Sequence[str], fault: Fault) -> list[int]:
    """The requests to try it at. Whatever the request, it is the next job started that fails."""
    is_like_any = IN_EVERY_FORM or fault is not Fault.FAILED_JOB
    return [
        number
        for number, request in enumerate(requests, 1)
        if is_like_any or STARTS_A_JOB.search(request)
    ]


def forms(number: int, fault: Fault) -> Sequence[int]:
    """Where rows are packed while a fault happens: at each request there is one of those beside."""
    if IN_EVERY_FORM:
        return HERE, BESIDE
    others = [each for each in Fault if each is not Fault.FAILED_JOB]
    is_beside = fault not in others or number % len(others) == others.index(fault)
    return (BESIDE,) if is_beside else (HERE,)


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
    for number in numbers_of(requests_of(server, mode), fault):
        for beside_bytes in forms(number, fault):
            begin(server, {number: fault})
            load(server.url, mode, beside_bytes=beside_bytes)
            expect_complete(server, mode)


@pytest.mark.parametrize("form", (BESIDE, HERE) if IN_EVERY_FORM else (BESIDE,))
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


@pytest.mark.parametrize("form", (BESIDE, HERE) if IN_EVERY_FORM else (HERE,))
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
    for number, _ in enumerate(requests_of(server, mode), 1):
        for beside_bytes in forms(number, Fault.RESET):
            begin(server, dict.fromkeys(range(number, number + 99), Fault.RESET))
            loader = open_loader(server.url, beside_bytes=beside_bytes, patience=SHORT)
            said = end_of_load(loader, mode)
            assert held(server.account) in (OLD, complete(mode))
            server.faults.clear()
            if said:
                assert "Run again later from the last state" in said
                assert end_of_load(open_loader(server.url), mode) == ""
                expect_complete(server, mode)
            assert held(server.account) == complete(mode)
            assert set(server.account.databases[SHOP]) == OWN


@pytest.mark.parametrize("mode", MODES)
def test_a_process_beside_that_is_killed_at_any_request_stops_its_load_and_harms_nothing(
    server: TreasureDataServer, mode: Mode
) -> None:
    begin(server)
    assert beside_killed(server, mode) == ""
    stopped = 0
    for number in while_rows_are_packed(server.requests):
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


def while_rows_are_packed(requests: Sequence[str]) -> Sequence[int]:
    """The requests from where the process starts to the last part."""
    last = max(number for number, request in enumerate(requests, 1) if "/upload_part/" in request)
    first = min(
        number for number, request in enumerate(requests, 1) if "/bulk_import/create/" in request
    )
    return range(1, len(requests) + 1) if IN_EVERY_FORM else range(first, last + 1)
