from collections.abc import Iterator
from typing import Any

import pytest

from target_td_table.loaders.base import Loader
from target_td_table.loaders.treasure_data.address import Address
from target_td_table.loaders.treasure_data.api import Patience
from target_td_table.loaders.treasure_data.loader import TreasureDataLoader
from target_td_table.table import Table
from tests.fakes.treasure_data import MASTER, FakeTreasureData
from tests.fakes.treasure_data_server import served
from tests.target.loader_contract import LoaderContract
from tests.target.merge_contract import MergeContract
from tests.target.version_contract import VersionContract

QUICK = Patience(first_seconds=0.001, look_seconds=0.001)


class InTreasureData:
    """What the contracts ask about, in an account of its own."""

    @pytest.fixture
    def loader(self) -> Iterator[Loader]:
        self.account = FakeTreasureData()
        with served(self.account) as server:
            address = Address(server.url, "main")
            opened = self.opened(address)
            yield opened
            opened.close()

    def opened(self, address: Address, **more: Any) -> Loader:
        return TreasureDataLoader(
            address, MASTER, pipeline="default", patience=QUICK, tries_first=True, **more
        )

    def visible(self, loader: Loader, table: Table) -> list[Any] | None:
        assert isinstance(loader, TreasureDataLoader)
        tables = self.account.databases.get("main", {})
        if table.name.table not in tables:
            return None
        return sorted(row["id"] for row in tables[table.name.table].rows)

    def select(self, loader: Loader, sql: str) -> list[tuple[Any, ...]]:
        assert isinstance(loader, TreasureDataLoader)
        # Trino's `extract` wants a timestamp; here that is text which a reader casts.
        moments = sql.replace("FROM _updated_at)", "FROM CAST(_updated_at AS TIMESTAMP))")
        return self.account.select("main", moments)

    def forget(self, loader: Loader) -> None:
        for table in ("charges", "_td_deleted_charges"):
            self.account.databases.get("main", {}).pop(table, None)
        assert isinstance(loader, TreasureDataLoader)
        loader._catalog.forget()


class TestTreasureDataLoader(InTreasureData, LoaderContract, MergeContract, VersionContract):
    pass
