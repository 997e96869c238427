"""Which bulk import session rows go into, and what is found of it when they come again."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from target_td_table.errors import BusyError
from target_td_table.loaders.base import Staged
from target_td_table.loaders.treasure_data.loader import TreasureDataLoader
from target_td_table.loaders.treasure_data.refusal import LostSessionError
from target_td_table.modes import Mode
from target_td_table.state import State
from tests.fakes.treasure_data_loads import (
    CHARGES,
    PIPELINE,
    SHOP,
    STATE,
    complete,
    held,
    load,
    open_loader,
    shop,
)
from tests.fakes.treasure_data_server import Fault, TreasureDataServer, served
from tests.target.batches import batch_of


@pytest.fixture
def server() -> Iterator[TreasureDataServer]:
    with served(shop()) as state:
        yield state


@pytest.fixture
def loader(server: TreasureDataServer) -> Iterator[TreasureDataLoader]:
    opened = open_loader(server.url)
    opened.alter(CHARGES)
    yield opened
    opened.close()


def stage(
    loader: TreasureDataLoader, folder: Path, *ids: str, mode: Mode = Mode.APPEND
) -> list[Staged]:
    """Stage a batch for each id; here that is a part."""
    records: list[list[Any]] = [[{"id": each, "amount": 1, "paid": True}] for each in ids]
    return [loader.stage(batch_of(folder, CHARGES, each), mode) for each in records]


def ids(server: TreasureDataServer) -> list[str]:
    return sorted(row["id"] for row in server.account.rows(SHOP, "charges"))


@pytest.mark.parametrize("mode", Mode)
def test_parts_are_uploaded_while_rows_still_come(
    server: TreasureDataServer, loader: TreasureDataLoader, tmp_path: Path, mode: Mode
) -> None:
    stage(loader, tmp_path, *map(str, range(1, 20)), mode=mode)
    # Of 18 full parts at most four are being uploaded, and five wait.
    uploaded = [each for each in server.requests if "upload_part" in each]
    assert len(uploaded) >= 18 - 4 - 5
    assert ids(server) == ["0"]


def test_parts_leave_the_disk_when_they_are_uploaded(
    loader: TreasureDataLoader, tmp_path: Path
) -> None:
    staged = stage(loader, tmp_path, *map(str, range(1, 20)))
    loader.publish(staged, None)
    assert list(tmp_path.glob("part-*")) == []


def test_parts_of_the_same_content_count_each(
    server: TreasureDataServer, loader: TreasureDataLoader, tmp_path: Path
) -> None:
    loader.publish(stage(loader, tmp_path, "1", "1", "1"), None)
    assert ids(server) == ["0", "1", "1", "1"]


def test_rows_that_begin_like_others_that_are_committed_are_not_taken_for_them(
    server: TreasureDataServer, loader: TreasureDataLoader, tmp_path: Path
) -> None:
    loader.publish(stage(loader, tmp_path, "1", "2"), State(PIPELINE, STATE))
    # Killed here, it would leave its session; even before the same state others are others.
    second = open_loader(server.url)
    second.publish(stage(second, tmp_path, "1", "3"), State(PIPELINE, STATE))
    second.close()
    assert ids(server) == ["0", "1", "1", "2", "3"]


def test_the_same_rows_twice_before_the_same_state_in_one_load_count_twice(
    server: TreasureDataServer, loader: TreasureDataLoader, tmp_path: Path
) -> None:
    for _ in range(2):
        loader.publish(stage(loader, tmp_path, "1"), State(PIPELINE, STATE))
    assert ids(server) == ["0", "1", "1"]


def test_a_second_load_of_the_same_rows_at_the_same_time_loads_them_once(
    server: TreasureDataServer, loader: TreasureDataLoader, tmp_path: Path
) -> None:
    staged = stage(loader, tmp_path, "1", "2")
    second = open_loader(server.url)
    second.publish(stage(second, tmp_path, "1", "2"), State(PIPELINE, STATE))
    second.close()
    with pytest.raises(BusyError, match="Another load of this pipeline fills"):
        loader.publish(staged, State(PIPELINE, STATE))
    assert ids(server) == ["0", "1", "2"]


@pytest.mark.parametrize("mode", Mode)
def test_what_is_not_published_leaves_no_session(
    server: TreasureDataServer, tmp_path: Path, mode: Mode
) -> None:
    loader = open_loader(server.url)
    loader.alter(CHARGES)
    stage(loader, tmp_path, "1", "2", mode=mode)
    assert len(server.account.sessions) == 1
    loader.close()
    assert server.account.sessions == {}
    assert list(tmp_path.glob("part-*")) == []
    assert set(server.account.databases[SHOP]) == {"charges"}


def lose_a_decided_session(server: TreasureDataServer) -> None:
    """The service stays away from the commit on, and forgets what was not committed."""
    load(server.url, Mode.APPEND)
    commit = next(at for at, each in enumerate(server.requests, 1) if "/commit/" in each)
    server.account = shop()
    server.requests.clear()
    server.faults = dict.fromkeys(range(commit, commit + 99), Fault.E503)
    with pytest.raises(BusyError):
        load(server.url, Mode.APPEND)
    server.faults = {}
    assert [each.status for each in server.account.sessions.values()] == ["ready"]
    server.account.sessions.clear()


def test_a_session_that_is_forgotten_is_never_taken_for_committed(
    server: TreasureDataServer,
) -> None:
    lose_a_decided_session(server)
    with pytest.raises(LostSessionError, match="for `charges` cannot be known here"):
        load(server.url, Mode.APPEND)
    loader = open_loader(server.url)
    with pytest.raises(LostSessionError, match="run the tap from the state before"):
        loader.states()
    loader.close()
    assert held(server.account) == {"0": 1.5}


def test_a_committed_session_that_does_not_tell_its_parts_is_not_guessed_about(
    server: TreasureDataServer, loader: TreasureDataLoader, tmp_path: Path
) -> None:
    loader.publish(stage(loader, tmp_path, "1"), None)
    for session in server.account.sessions.values():
        session.parts.clear()
    second = open_loader(server.url)
    with pytest.raises(LostSessionError, match="delete the session and run again"):
        stage(second, tmp_path, "1")
    second.close()
    assert ids(server) == ["0", "1"]


@pytest.mark.parametrize(("which", "states"), [(0, {PIPELINE: STATE}), (1, {})])
def test_a_person_can_say_what_became_of_a_forgotten_session(
    server: TreasureDataServer, which: int, states: dict[str, str]
) -> None:
    lose_a_decided_session(server)
    loader = open_loader(server.url)
    with pytest.raises(LostSessionError) as lost:
        loader.states()
    said = str(lost.value)
    statements = [
        said[said.index("INSERT") : said.index(". If they are not")],
        said[said.index("DELETE") : said.index(", and run the tap")],
    ]
    server.account.select(SHOP, statements[which])
    assert loader.states() == states
    loader.close()


def test_once_the_sessions_are_forgotten_a_load_that_ended_well_goes_on(
    server: TreasureDataServer,
) -> None:
    load(server.url, Mode.APPEND)
    assert server.account.sessions == {}
    loader = open_loader(server.url)
    assert loader.states() == {PIPELINE: STATE}
    loader.close()
    assert held(server.account) == complete(Mode.APPEND)
