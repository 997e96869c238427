"""A database of Treasure Data, as far as the fake keeps the vendor's rules."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from tests.fakes.treasure_data import MASTER, FakeTreasureData
from tests.fakes.treasure_data_server import TreasureDataServer, served
from tests.target.world import Outcome, Tables

_DATABASE = "main"


@dataclass(frozen=True)
class TreasureDataTables(Tables):
    """Loaded by the whole target, over HTTP."""

    server: TreasureDataServer

    @property
    def url(self) -> str:
        return f"td://{self.server.host}/{_DATABASE}"

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        return self.server.account.select(_DATABASE, sql)

    def columns(self, table: str) -> dict[str, str]:
        database = self.server.account.databases.get(_DATABASE, {})
        columns = database[table].columns if table in database else ()
        return {each.alias: each.type for each in columns}

    def load(self, *lines: str, **settings: Any) -> Outcome:
        return super().load(*lines, **{"apikey": MASTER, **settings})


@contextmanager
def empty() -> Iterator[TreasureDataTables]:
    """An account without tables."""
    with served(FakeTreasureData()) as server:
        yield TreasureDataTables(server)
