"""The table of states: of each pipeline only the last row counts."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from target_td_table.errors import DestinationError
from target_td_table.loaders.treasure_data.address import Address
from target_td_table.loaders.treasure_data.api import Patience
from target_td_table.loaders.treasure_data.journal import MOST_ROWS
from target_td_table.loaders.treasure_data.loader import TreasureDataLoader
from target_td_table.modes import Mode
from target_td_table.state import State
from tests.fakes.treasure_data import MASTER, FakeTreasureData
from tests.fakes.treasure_data_loads import (
    CHARGES,
    NEW,
    PIPELINE,
    SHOP,
    STATE,
    complete,
    held,
    load,
    open_loader,
    shop,
)
from tests.fakes.treasure_data_nursery import Ending, nursery
from tests.fakes.treasure_data_server import Fault, TreasureDataServer, served
from tests.fakes.treasure_data_tables import FakeTable
from tests.target.batches import batch_of
from tests.target.loader_contract import LOAD

NOTHING = '{"commits":[],"renamings":[]}'
COLUMNS = [["pipeline", "string"], ["state", "string"], ["pending", "string"]]
OTHER = "another"
FIRST, TRIES = 1, 3


def used_shop(rows: int = MOST_ROWS + 1) -> FakeTreasureData:
    """A shop that was loaded so often by this pipeline, and by another one."""
    account = shop()
    table = FakeTable("9")
    table.update_schema([*COLUMNS, ["written_at", "long"]])
    table.rows = [
        {"time": 5, "pipeline": each, "state": f'{{"n":{n}}}', "pending": NOTHING, "written_at": n}
        for each in (PIPELINE, OTHER)
        for n in range(rows)
    ]
    account.databases[SHOP]["_td_state"] = table
    return account


@pytest.fixture
def server() -> Iterator[TreasureDataServer]:
    with served(used_shop()) as found:
        yield found


def rows_of(server: TreasureDataServer, pipeline: str) -> int:
    return sum(row["pipeline"] == pipeline for row in server.account.rows(SHOP, "_td_state"))


def states(server: TreasureDataServer) -> dict[str, str]:
    loader = open_loader(server.url)
    found = loader.states()
    loader.close()
    return dict(found)


def begin(server: TreasureDataServer, faults: dict[int, Fault] | None = None) -> None:
    server.account = used_shop()
    server.requests.clear()
    server.faults = faults or {}


def requests_to_begin(server: TreasureDataServer) -> int:
    """How many there are until the rows are deleted and parts can be uploaded."""
    begin(server)
    load(server.url, Mode.APPEND)
    return next(n for n, each in enumerate(server.requests, 1) if "bulk_import" in each)


def expect_complete(server: TreasureDataServer) -> None:
    assert held(server.account) == complete(Mode.APPEND)
    assert states(server) == {PIPELINE: STATE, OTHER: f'{{"n":{MOST_ROWS}}}'}
    assert rows_of(server, OTHER) == MOST_ROWS + 1


def test_rows_that_a_later_one_stands_for_are_deleted_when_they_are_many(
    server: TreasureDataServer,
) -> None:
    load(server.url, Mode.APPEND)
    expect_complete(server)
    # The last one of before, the decision, and that it was carried out.
    assert rows_of(server, PIPELINE) == 3


def test_a_few_rows_stay_as_they_are(server: TreasureDataServer) -> None:
    server.account = used_shop(MOST_ROWS)
    load(server.url, Mode.APPEND)
    assert rows_of(server, PIPELINE) == MOST_ROWS + 2


@pytest.mark.parametrize("fault", [Fault.E503, Fault.DONE_RESET, Fault.FAILED_JOB])
def test_a_fault_at_any_request_before_the_rows_loses_no_state(
    server: TreasureDataServer, fault: Fault
) -> None:
    for number in range(1, requests_to_begin(server) + 1):
        begin(server, {number: fault})
        load(server.url, Mode.APPEND)
        expect_complete(server)


def test_killed_after_any_request_before_the_rows_and_run_again_no_state_is_lost(
    server: TreasureDataServer,
) -> None:
    with nursery() as children:
        for number in range(1, requests_to_begin(server) + 1):
            begin(server)
            ending = children.load(server, Mode.APPEND, kill_after=number)
            if not ending.state_is_out:
                load(server.url, Mode.APPEND)
            expect_complete(server)


def test_rows_that_cannot_be_deleted_stop_no_load(
    server: TreasureDataServer, caplog: pytest.LogCaptureFixture
) -> None:
    def before(number: int) -> None:
        # The first query asks for the last rows, the second one deletes the others.
        queries = [n for n, each in enumerate(server.requests, 1) if "/job/issue/" in each]
        if number in queries[FIRST : FIRST + TRIES]:
            server.account.failing_jobs = 1

    server.before = before
    load(server.url, Mode.APPEND)
    assert rows_of(server, PIPELINE) > MOST_ROWS
    assert held(server.account) == complete(Mode.APPEND)
    assert "of which only the last counts" in caplog.text


def fails(server: TreasureDataServer, _: int) -> None:
    server.account.failing_jobs = 1


def is_away(server: TreasureDataServer, number: int) -> None:
    server.faults = {number + n: Fault.RESET for n in range(1, 100)}


def refuses(server: TreasureDataServer, _: int) -> None:
    server.account.may_create = False


@pytest.mark.parametrize("goes_wrong", [fails, is_away, refuses])
def test_what_fails_after_a_publication_keeps_no_state_back(
    server: TreasureDataServer,
    caplog: pytest.LogCaptureFixture,
    tmp_path: Path,
    goes_wrong: Callable[[TreasureDataServer, int], None],
) -> None:
    def before(number: int) -> None:
        queries = [each for each in server.requests if "/job/issue/" in each]
        # The first query decides.
        if len(queries) > 1 or "_td_loads" in server.requests[-1]:
            goes_wrong(server, number)

    server.account = shop()
    server.before = before
    patience = Patience(first_seconds=0.001, tries=2, look_seconds=0.001)
    loader = TreasureDataLoader(
        Address(server.url, SHOP), MASTER, pipeline=PIPELINE, patience=patience
    )
    loader.alter(CHARGES)
    records = [{"id": name, "amount": int(amount), "paid": True} for name, amount in NEW.items()]
    staged = loader.stage(batch_of(tmp_path, CHARGES, records), Mode.APPEND)

    loader.publish([staged], State(PIPELINE, STATE), [LOAD])
    loader.close()

    server.before, server.faults = lambda _: None, {}
    assert held(server.account) == complete(Mode.APPEND)
    assert states(server) == {PIPELINE: STATE}
    assert "All of this publication is visible, and its state stands" in caplog.text
    assert "is decided" not in caplog.text


# Two pieces of it are longer than one query may be, all the more with its quotes doubled.
LONG = '{"seen":"\'' + "x" * 1_000_000 + 'y"}'


def test_a_state_that_no_query_can_hold_is_kept_whole(server: TreasureDataServer) -> None:
    load(server.url, Mode.APPEND, state=LONG)
    assert held(server.account) == complete(Mode.APPEND)
    assert states(server)[PIPELINE] == LONG
    assert set(server.account.databases[SHOP]) == {"charges", "_td_state"}


def test_killed_after_any_step_of_a_long_state_and_run_again_all_is_there_once(
    server: TreasureDataServer,
) -> None:
    server.account = shop()
    load(server.url, Mode.APPEND, state=LONG)
    first, *_, last = [n for n, each in enumerate(server.requests) if "_td_state_" in each]
    steps = [n + 1 for n in range(first, last + 1) if server.requests[n].startswith("POST")]
    with nursery() as children:
        for number in steps:
            server.account = shop()
            ending = children.load(server, Mode.APPEND, state=LONG, kill_after=number)
            assert ending == Ending(was_killed=True, state_is_out=False)
            load(server.url, Mode.APPEND, state=LONG)
            assert held(server.account) == complete(Mode.APPEND)
            assert states(server) == {PIPELINE: LONG}


def test_a_query_of_a_killed_load_that_runs_during_the_next_one_mixes_no_states(
    server: TreasureDataServer,
) -> None:
    server.account = shop()
    load(server.url, Mode.APPEND, state=LONG)
    issues = [n for n, each in enumerate(server.requests, 1) if "/job/issue/" in each]
    server.account = shop()

    def is_queued(number: int) -> None:
        server.account.looks = 1 << 30 if number == issues[0] else 1

    server.before = is_queued
    with nursery() as children:
        children.load(server, Mode.APPEND, state=LONG.replace("x", "z"), kill_after=issues[0])
    server.account.looks = 1
    [stale] = [job for job in server.account.jobs.values() if job.looks > 1]

    def runs_at_last(_: int) -> None:
        if [each for each in server.requests if "/job/issue/" in each][1:]:
            stale.looks = 0
            server.account.look(stale.id)

    server.requests.clear()
    server.before = runs_at_last
    load(server.url, Mode.APPEND, state=LONG)
    assert stale.status == "error"
    assert states(server) == {PIPELINE: LONG}
    assert set(server.account.databases[SHOP]) == {"charges", "_td_state"}


def test_a_row_without_a_state_is_never_taken_for_one(server: TreasureDataServer) -> None:
    last = {"time": 5, "state": None, "pending": NOTHING, "written_at": MOST_ROWS + 1}
    rows = server.account.rows(SHOP, "_td_state")
    rows.append({**last, "pipeline": OTHER})
    assert set(states(server)) == {PIPELINE}
    rows.append({**last, "pipeline": PIPELINE})
    with pytest.raises(DestinationError, match=r"has no state, .* Delete it with: DELETE FROM"):
        states(server)
