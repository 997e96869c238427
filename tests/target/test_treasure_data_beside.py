"""A process that packs beside the load's own."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from multiprocessing.connection import Pipe
from pathlib import Path
from typing import Any

import pytest

from target_td_table.errors import BadRecordError, BusyError
from target_td_table.loaders.base import Loader
from target_td_table.loaders.treasure_data.address import Address
from target_td_table.loaders.treasure_data.beside import _PROGRAM, Beside, Packings
from target_td_table.loaders.treasure_data.loader import TreasureDataLoader
from target_td_table.loaders.treasure_data.packing import Form, Packing, PackingHere
from target_td_table.loaders.treasure_data.parts import Part
from target_td_table.modes import Mode
from tests.fakes.treasure_data_loads import CHARGES, complete, held, load, open_loader, shop
from tests.fakes.treasure_data_server import TreasureDataServer, served
from tests.target.batches import batch_of
from tests.target.loader_contract import LoaderContract
from tests.target.test_treasure_data_loader import InTreasureData

RECORDS: list[dict[str, Any]] = [
    {"id": str(number), "amount": number, "paid": None} for number in range(5)
]
SMALLEST_PARTS = Form(part_bytes=0)
PATIENCE_SECONDS = 30


class TestPackedBeside(InTreasureData, LoaderContract):
    def opened(self, address: Address, **more: Any) -> Loader:
        return super().opened(address, **more, beside_bytes=0)


@pytest.fixture
def server() -> Iterator[TreasureDataServer]:
    with served(shop()) as found:
        yield found


@pytest.fixture
def loader(server: TreasureDataServer) -> Iterator[TreasureDataLoader]:
    found = open_loader(server.url, beside_bytes=0)
    found.alter(CHARGES)
    yield found
    found.close()


@pytest.fixture
def beside() -> Iterator[Beside]:
    found = Beside.started()
    assert found is not None
    assert found.is_up()
    yield found
    found.close()


def the_process_of(loader: TreasureDataLoader) -> int:
    beside = loader._packings._beside
    assert beside is not None
    return beside.pid


@pytest.mark.parametrize("mode", Mode)
def test_rows_packed_beside_are_loaded_once(server: TreasureDataServer, mode: Mode) -> None:
    load(server.url, mode, beside_bytes=0)
    assert held(server.account) == complete(mode)
    assert server.account.sessions == {}


def test_what_is_made_beside_is_what_is_made_here(beside: Beside, tmp_path: Path) -> None:
    batches = [batch_of(tmp_path, CHARGES, RECORDS) for _ in range(3)]
    made: list[tuple[list[str], list[bytes]]] = []
    for opened in (beside.open, PackingHere):
        parts: list[Part] = []
        packing = opened(SMALLEST_PARTS, parts.append)
        for batch in batches:
            packing.add(batch.path, CHARGES, {})
        packing.close("mark")
        files = [part.path.read_bytes() for part in parts]
        made.append(([part.name for part in parts], files))
    assert made[0] == made[1]
    assert len(made[0][0]) == len(batches)


def test_a_record_that_does_not_fit_is_named(loader: TreasureDataLoader, tmp_path: Path) -> None:
    records: list[dict[str, Any]] = [*RECORDS, {"id": "x", "amount": 2**60 + 1}]
    with pytest.raises(BadRecordError, match="record `x`"):
        loader.stage(batch_of(tmp_path, CHARGES, records), Mode.APPEND)


def test_what_a_part_meets_is_raised_and_the_next_ones_are_packed(
    beside: Beside, tmp_path: Path
) -> None:
    def refuse(_: Part) -> None:
        raise ConnectionError("away")

    batch = batch_of(tmp_path, CHARGES, RECORDS)
    packing = beside.open(SMALLEST_PARTS, refuse)
    packing.add(batch.path, CHARGES, {})
    with pytest.raises(ConnectionError, match="away"):
        packing.add(batch.path, CHARGES, {})
    parts: list[Part] = []
    other = beside.open(SMALLEST_PARTS, parts.append)
    other.add(batch.path, CHARGES, {})
    other.close("mark")
    assert len(parts) == 1


def test_a_process_that_was_killed_is_worth_another_try_and_nothing_is_left(
    server: TreasureDataServer, loader: TreasureDataLoader, tmp_path: Path
) -> None:
    loader.stage(batch_of(tmp_path, CHARGES, RECORDS), Mode.APPEND)
    os.kill(the_process_of(loader), signal.SIGKILL)
    with pytest.raises(BusyError, match="is gone, perhaps for want of memory"):
        loader.stage(batch_of(tmp_path, CHARGES, RECORDS), Mode.APPEND)
    loader.close()
    assert held(server.account) == {"0": 1.5}
    assert server.account.sessions == {}


# Its load waits in the middle of an answer, which is the worst moment to be left alone.
_LEFT_ALONE = """
import sys, time
from pathlib import Path
from tests.target.test_treasure_data_beside import CHARGES, RECORDS, SMALLEST_PARTS
from target_td_table.loaders.treasure_data.beside import Beside
from tests.target.batches import batch_of
def wait(_):
    print(beside.pid, flush=True)
    time.sleep(600)
beside = Beside.started()
assert beside.is_up()
packing = beside.open(SMALLEST_PARTS, wait)
batch = batch_of(Path(sys.argv[1]), CHARGES, RECORDS)
packing.add(batch.path, CHARGES, {})
packing.add(batch.path, CHARGES, {})
"""


def test_the_process_ends_with_a_load_that_is_killed(tmp_path: Path) -> None:
    command = [sys.executable, "-c", _LEFT_ALONE, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as program:
        assert program.stdout
        pid = int(program.stdout.readline())
        assert is_running(pid)
        program.kill()
    deadline = time.monotonic() + PATIENCE_SECONDS
    while is_running(pid) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not is_running(pid)


def is_running(pid: int) -> bool:
    """Whether there is such a process, and it has not ended unnoticed by whoever adopted it."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_the_process_ends_quietly_if_its_load_ends_while_it_comes_up() -> None:
    ours, theirs = Pipe()
    with theirs:
        command = [sys.executable, "-m", _PROGRAM, str(theirs.fileno())]
        pipe, fds = subprocess.PIPE, [theirs.fileno()]
        program = subprocess.Popen(command, stderr=pipe, pass_fds=fds)
    ours.close()
    _, said = program.communicate(timeout=PATIENCE_SECONDS)
    assert (program.returncode, said) == (0, b"")


def test_ctrl_c_is_for_the_load_and_not_for_the_process(beside: Beside) -> None:
    assert os.getpgid(beside.pid) != os.getpgid(0)


@pytest.mark.parametrize("python", ["/nowhere/python", "/bin/false"])
def test_where_no_process_comes_up_rows_are_packed_here(
    server: TreasureDataServer, monkeypatch: pytest.MonkeyPatch, python: str
) -> None:
    monkeypatch.setattr(sys, "executable", python)
    load(server.url, Mode.APPEND, beside_bytes=0)
    assert held(server.account) == complete(Mode.APPEND)


def opened(packings: Packings, folder: Path) -> Packing:
    first = batch_of(folder, CHARGES, RECORDS)
    packings.expect(first)
    return packings.open(first, Form(), lambda _: None)


def test_a_small_load_starts_no_process(tmp_path: Path) -> None:
    packing = opened(Packings(), tmp_path)
    assert isinstance(packing, PackingHere)
    packing.abandon()


def test_on_a_single_core_no_process_is_started(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0})
    packing = opened(Packings(0), tmp_path)
    assert isinstance(packing, PackingHere)
    packing.abandon()
