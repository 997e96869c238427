from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest

from target_td_table.loaders.base import Loader
from target_td_table.loaders.duckdb import DuckDbLoader
from target_td_table.table import Table
from tests.target.loader_contract import LoaderContract
from tests.target.merge_contract import MergeContract
from tests.target.version_contract import VersionContract


class TestDuckDbLoader(LoaderContract, MergeContract, VersionContract):
    @pytest.fixture
    def loader(self, tmp_path: Path) -> Iterator[Loader]:
        url = f"duckdb:///{tmp_path}/stripe.duckdb"
        opened = DuckDbLoader(url, database="main", memory_bytes=400 << 20, tries_first=True)
        yield opened
        opened.close()

    def visible(self, loader: Loader, table: Table) -> list[Any] | None:
        try:
            rows = self.select(loader, f"SELECT id FROM {table.name} ORDER BY id")
        except duckdb.CatalogException:
            return None
        return [name for (name,) in rows]

    def select(self, loader: Loader, sql: str) -> list[tuple[Any, ...]]:
        assert isinstance(loader, DuckDbLoader)
        # A cursor is a connection of its own: it sees what is committed.
        with loader._connection.cursor() as reader:
            return reader.execute(sql).fetchall()

    def forget(self, loader: Loader) -> None:
        assert isinstance(loader, DuckDbLoader)
        for table in ("charges", "_td_deleted_charges"):
            loader._connection.execute(f"DROP TABLE IF EXISTS main.{table}")
