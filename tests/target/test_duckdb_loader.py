from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest

from target_td_table.loaders.base import Loader
from target_td_table.loaders.duckdb import DuckDbLoader
from target_td_table.table import Table
from tests.target.loader_contract import LoaderContract


class TestDuckDbLoader(LoaderContract):
    @pytest.fixture
    def loader(self, tmp_path: Path) -> Iterator[Loader]:
        url = f"duckdb:///{tmp_path}/stripe.duckdb"
        opened = DuckDbLoader(url, database="main", memory_bytes=400 << 20)
        yield opened
        opened.close()

    def visible(self, loader: Loader, table: Table) -> list[Any] | None:
        assert isinstance(loader, DuckDbLoader)
        # A cursor is a connection of its own: it sees what is committed.
        with loader._connection.cursor() as reader:
            try:
                rows = reader.execute(f"SELECT id FROM {table.name} ORDER BY id").fetchall()
            except duckdb.CatalogException:
                return None
        return [name for (name,) in rows]
