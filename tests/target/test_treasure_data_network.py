"""What stands between the loader and Treasure Data: signals, disks, other people."""

import json
import resource
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from target_td_table.errors import BusyError, TableError
from target_td_table.loaders.treasure_data.beside import BESIDE_BYTES
from target_td_table.loaders.treasure_data.schema import MOST_COLUMNS, fitted_table
from target_td_table.modes import Mode
from target_td_table.table import Column, LogicalType, Table, TableName
from tests.fakes.treasure_data import MASTER
from tests.fakes.treasure_data_loads import CHARGES, SHOP, held, open_loader, shop
from tests.fakes.treasure_data_server import TreasureDataServer, served
from tests.target.batches import batch_of
from tests.target.world import record, schema, state

PROGRAM = Path(sys.executable).with_name("target-td-table")


@pytest.fixture
def server() -> Iterator[TreasureDataServer]:
    with served(shop()) as found:
        yield found


@pytest.mark.parametrize(
    ("mode", "beside_bytes"), [*((mode, BESIDE_BYTES) for mode in Mode), (Mode.APPEND, 0)]
)
def test_a_disk_that_is_full_of_waiting_parts_is_worth_another_try_and_nothing_is_left(
    server: TreasureDataServer, tmp_path: Path, mode: Mode, beside_bytes: int
) -> None:
    loader = open_loader(server.url, beside_bytes=beside_bytes)
    loader.alter(CHARGES)
    records = [{"id": f"{number * 7919:x}", "amount": number} for number in range(50_000)]
    batch = batch_of(tmp_path, CHARGES, records)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, before[1]))
    try:
        with pytest.raises(BusyError, match=r"Parts cannot be written to .* TMPDIR"):
            loader.stage(batch, mode)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    loader.close()
    assert held(server.account) == {"0": 1.5}
    assert server.account.sessions == {}
    assert set(server.account.databases[SHOP]) == {"charges"}


def test_an_expiry_that_is_changed_while_a_replace_loads_is_kept(
    server: TreasureDataServer, tmp_path: Path
) -> None:
    loader = open_loader(server.url)
    loader.alter(CHARGES)
    staged = [loader.stage(batch_of(tmp_path, CHARGES, [{"id": "1"}]), Mode.REPLACE)]
    server.account.table(SHOP, "charges").expire_days = 7
    loader.publish(staged, None)
    loader.close()
    assert server.account.table(SHOP, "charges").expire_days == 7


def test_more_columns_than_a_table_can_have_are_refused() -> None:
    columns = [Column(f"c{n}", f"c{n}", LogicalType.STRING) for n in range(MOST_COLUMNS + 1)]
    with pytest.raises(TableError, match="has 4097 fields, but a table in Treasure Data can have"):
        fitted_table(Table("wide", TableName(SHOP, "wide"), tuple(columns)))


def test_stopped_in_the_middle_of_an_upload_it_ends_with_what_its_state_says(
    server: TreasureDataServer, tmp_path: Path
) -> None:
    is_uploading, may_go_on = threading.Event(), threading.Event()

    def before(number: int) -> None:
        if "upload_part" in server.requests[number - 1]:
            is_uploading.set()
            may_go_on.wait(60)

    server.before = before
    settings = {"destination": f"td://{server.host}/{SHOP}", "apikey": MASTER, "batch_size_rows": 1}
    (tmp_path / "config.json").write_text(json.dumps(settings))
    command = [str(PROGRAM), "--config", str(tmp_path / "config.json")]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, text=True) as program:
        assert program.stdin
        assert program.stdout
        assert program.stderr
        lines = [schema("refunds"), record("refunds", id="1"), state(a=1)]
        program.stdin.write("".join([*lines, record("refunds", id="2")]))
        program.stdin.flush()
        assert is_uploading.wait(60)
        program.send_signal(signal.SIGINT)
        may_go_on.set()
        assert program.stdout.read() == '{"a": 1}\n'
        assert "Stopped by Ctrl-C" in program.stderr.read()
    assert program.returncode == 130
    assert [row["id"] for row in server.account.rows(SHOP, "refunds")] == ["1"]
    assert server.account.sessions == {}
