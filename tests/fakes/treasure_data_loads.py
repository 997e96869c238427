"""One small load into a FakeTreasureData, in this process or in one that can be killed.

As a program it reads one line of JSON for each load, does it in a child, and writes how the child
ended: what takes long, importing, is done once.
"""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from signal import SIGKILL
from tempfile import TemporaryDirectory
from typing import Any

from target_td_table.loaders.treasure_data.address import Address
from target_td_table.loaders.treasure_data.api import Patience
from target_td_table.loaders.treasure_data.beside import BESIDE_BYTES
from target_td_table.loaders.treasure_data.loader import TreasureDataLoader
from target_td_table.modes import Mode
from target_td_table.state import State
from target_td_table.table import Column, LogicalType, Table, TableName
from tests.fakes.treasure_data import MASTER, FakeTreasureData
from tests.fakes.treasure_data_server import TreasureDataServer
from tests.fakes.treasure_data_tables import Column as FakeColumn
from tests.fakes.treasure_data_tables import FakeTable
from tests.target.batches import batch_of

QUICK = Patience(first_seconds=0.001, look_seconds=0.001)
SHOP, PIPELINE, STATE = "shop", "nightly", '{"a":1}'
CHARGES = Table(
    "charges",
    TableName(SHOP, "charges"),
    (
        Column("id", "id", LogicalType.STRING),
        Column("amount", "amount", LogicalType.INTEGER),
        Column("paid", "paid", LogicalType.BOOLEAN),
    ),
    ("id",),
)
OLD: dict[str, float | None] = {"0": 1.5}
NEW: dict[str, float] = {str(number): float(number * 100) for number in range(1, 6)}


def shop() -> FakeTreasureData:
    """A shop with a table that a person has worked on: a type, an alias, the order, an expiry."""
    account = FakeTreasureData(looks=1)
    table = FakeTable("7", expire_days=30, properties={"bucket_count": "512"})
    table.update_schema([["Note", "string", "remark"], ["amount", "double"], ["id", "string"]])
    table.rows = [{"id": "0", "amount": 1.5, "Note": "by hand", "time": 5}]
    account.databases[SHOP] = {"charges": table}
    return account


COLUMNS_AFTER = [
    FakeColumn("Note", "string", "remark"),
    FakeColumn("amount", "double", "amount"),
    FakeColumn("id", "string", "id"),
    FakeColumn("paid", "long", "paid"),
]


def complete(mode: Mode) -> dict[str, float | None]:
    """What the table holds when the load is done."""
    return {**NEW} if mode is Mode.REPLACE else {**OLD, **NEW}


def held(account: FakeTreasureData) -> dict[str, float | None]:
    """What a reader finds, by id; fails if an id comes twice."""
    rows = account.rows(SHOP, "charges")
    found = {row["id"]: row.get("amount") for row in rows}
    assert len(found) == len(rows)
    return found


def batched(records: list[Any], size: int) -> list[list[Any]]:
    return [records[start : start + size] for start in range(0, len(records), size)]


def open_loader(
    url: str, key: str = MASTER, *, beside_bytes: int = BESIDE_BYTES
) -> TreasureDataLoader:
    """A loader that makes a part of every batch."""
    return TreasureDataLoader(
        Address(url, SHOP),
        key,
        pipeline=PIPELINE,
        patience=QUICK,
        part_bytes=0,
        beside_bytes=beside_bytes,
    )


def load(
    url: str,
    mode: Mode,
    key: str = MASTER,
    *,
    batch_rows: int = 3,
    beside_bytes: int = BESIDE_BYTES,
    said: Callable[[], Any] = lambda: None,
) -> None:
    """Load the new rows in batches of some rows; call `said` when the state is out."""
    loader = open_loader(url, key, beside_bytes=beside_bytes)
    records = [{"id": name, "amount": int(amount), "paid": True} for name, amount in NEW.items()]
    with TemporaryDirectory() as folder:
        try:
            loader.alter(CHARGES)
            staged = [
                loader.stage(batch_of(Path(folder), CHARGES, part), mode)
                for part in batched(records, batch_rows)
            ]
            loader.publish(staged, State(PIPELINE, STATE))
            said()
        finally:
            loader.close()


@dataclass
class Ending:
    """How a load in a process of its own ended."""

    was_killed: bool
    state_is_out: bool


class Nursery:
    """Runs loads in children that may be killed at a request."""

    def __init__(self, program: "subprocess.Popen[str]") -> None:
        self._program = program

    def load(
        self, server: TreasureDataServer, mode: Mode, key: str = MASTER, *, kill_after: int = 0
    ) -> Ending:
        """Load; the process is killed when that many requests are done, before their answer."""
        pid, is_known = [0], threading.Event()

        def after(number: int) -> None:
            if number == kill_after:
                is_known.wait()
                with suppress(ProcessLookupError):
                    os.kill(pid[0], SIGKILL)

        server.requests.clear()
        server.after = after
        self._write({"url": server.url, "mode": str(mode), "key": key})
        pid[0] = int(self._read()["pid"])
        is_known.set()
        said = self._read()
        state_is_out = "state" in said
        ended = self._read() if state_is_out else said
        server.after = lambda _: None
        assert ended["status"] in (0, SIGKILL), "the load failed"
        return Ending(ended["status"] == SIGKILL, state_is_out)

    def _write(self, message: dict[str, Any]) -> None:
        assert self._program.stdin is not None
        self._program.stdin.write(json.dumps(message) + "\n")
        self._program.stdin.flush()

    def _read(self) -> dict[str, Any]:
        assert self._program.stdout is not None
        found: dict[str, Any] = json.loads(self._program.stdout.readline())
        return found


@contextmanager
def nursery() -> Iterator[Nursery]:
    """Start the program."""
    command = [sys.executable, "-m", "tests.fakes.treasure_data_loads"]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True) as program:
        yield Nursery(program)
        assert program.stdin is not None
        program.stdin.close()


def _say(**message: Any) -> None:
    os.write(1, (json.dumps(message) + "\n").encode())


def _main() -> None:
    for line in sys.stdin:
        wanted = json.loads(line)
        pid = os.fork()
        if pid == 0:
            try:
                # Its pid is told first; the parent writes it before it waits.
                load(
                    wanted["url"],
                    Mode(wanted["mode"]),
                    wanted["key"],
                    said=lambda: _say(state=STATE),
                )
            except BaseException:  # noqa: BLE001 -- whatever it was, the parent is told
                sys.excepthook(*sys.exc_info())
                os._exit(1)
            os._exit(0)
        _say(pid=pid)
        _, status = os.waitpid(pid, 0)
        _say(status=status)


if __name__ == "__main__":
    _main()
