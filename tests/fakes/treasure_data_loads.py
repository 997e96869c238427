"""One small load into a FakeTreasureData."""

from collections.abc import Callable
from pathlib import Path
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
    url: str,
    key: str = MASTER,
    *,
    beside_bytes: int = BESIDE_BYTES,
    patience: Patience = QUICK,
) -> TreasureDataLoader:
    """A loader that makes a part of every batch."""
    return TreasureDataLoader(
        Address(url, SHOP),
        key,
        pipeline=PIPELINE,
        patience=patience,
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
    state: str = STATE,
) -> None:
    """Load the new rows in batches of some rows."""
    with TemporaryDirectory() as folder:
        loader = open_loader(url, key, beside_bytes=beside_bytes)
        load_with(loader, Path(folder), mode, batch_rows=batch_rows, state=state)


def load_with(
    loader: TreasureDataLoader,
    folder: Path,
    mode: Mode,
    *,
    batch_rows: int = 3,
    more: str = "",
    state: str = STATE,
    said: Callable[[], Any] = lambda: None,
) -> None:
    """Load the new rows with a loader of its own; call `said` when the state is out.

    Each record has some `more` in a field that fills no column.
    """
    records = [
        {"id": name, "amount": int(amount), "paid": True, "more": more}
        for name, amount in NEW.items()
    ]
    try:
        loader.alter(CHARGES)
        staged = [
            loader.stage(batch_of(folder, CHARGES, part), mode)
            for part in batched(records, batch_rows)
        ]
        loader.publish(staged, State(PIPELINE, state))
        said()
    finally:
        loader.close()
    assert not list(folder.glob("part-*"))
