from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from target_td_table.loaders.base import Loader
from target_td_table.loaders.postgres import PostgresLoader
from target_td_table.table import Table
from tests.target.loader_contract import LoaderContract
from tests.target.merge_contract import MergeContract
from tests.target.postgres_server import PostgresTables
from tests.target.version_contract import VersionContract


class TestPostgresLoader(LoaderContract, MergeContract, VersionContract):
    @pytest.fixture
    def loader(self, postgres: PostgresTables) -> Iterator[Loader]:
        opened = PostgresLoader(postgres.url, database="main", tries_first=True)
        self.tables = postgres
        yield opened
        opened.close()

    def visible(self, loader: Loader, table: Table) -> list[Any] | None:
        try:
            rows = self.select(loader, f"SELECT id FROM {table.name} ORDER BY id")
        except psycopg.errors.UndefinedTable:
            return None
        return [name for (name,) in rows]

    def select(self, loader: Loader, sql: str) -> list[tuple[Any, ...]]:
        assert isinstance(loader, PostgresLoader)
        return self.tables.rows(sql)

    def forget(self, loader: Loader) -> None:
        assert isinstance(loader, PostgresLoader)
        self.tables.run(
            "DROP TABLE IF EXISTS main.charges", "DROP TABLE IF EXISTS main._td_deleted_charges"
        )
