"""The calls about databases and tables of a Treasure Data account."""

import json
import re
from typing import Any

from tests.fakes.treasure_data_jobs import Jobs, Params
from tests.fakes.treasure_data_tables import FakeTable, Refusal, Row, unpacked


class TableCalls(Jobs):
    """Databases and tables."""

    def __init__(self, *, looks: int = 0) -> None:
        super().__init__(looks=looks)
        self._imported: set[str] = set()

    def table(self, database: str, name: str) -> FakeTable:
        """A table that is there."""
        if database not in self.databases:
            raise Refusal(404, f"Couldn't find UserDatabase with name = {database}")
        if name not in self.databases[database]:
            raise Refusal(404, f"Couldn't find UserTableReference with name = {name}")
        return self.databases[database][name]

    def rows(self, database: str, name: str) -> list[Row]:
        """What a reader sees."""
        return self.table(database, name).rows

    def _database_create(self, database: str, **_: Any) -> dict[str, Any]:
        if len(database) < 3:
            said = f"Name must be 3 to 256 characters, got {len(database)} characters. name = '{database}'"
            raise Refusal(400, said)
        if database in self.databases:
            raise Refusal(409, f"Database {database} already exists")
        self.databases[database] = {}
        return {"database": database}

    def _database_list(self, **_: Any) -> dict[str, Any]:
        return {"databases": [{"name": name, "count": 0} for name in self.databases]}

    def _table_create(
        self, database: str, name: str, type_: str, params: Params, **_: Any
    ) -> dict[str, Any]:
        if database not in self.databases:
            raise Refusal(404, f"Couldn't find UserDatabase with name = {database}")
        if not re.fullmatch(r"[a-z0-9_]{3,128}", name):
            raise Refusal(422, f"Validation failed: Name {name} is invalid")
        if name in self.databases[database]:
            raise Refusal(409, f"Table {name} already exists")
        made = FakeTable(str(next(self.ids)))
        if "source_table" in params:
            source = self.table(database, params["source_table"])
            if params.get("including_properties") == "true":
                made.properties = dict(source.properties)
        if params.get("expire_days"):
            made.expire_days = int(params["expire_days"])
        self.databases[database][name] = made
        return {"database": database, "table": name, "type": type_}

    def _table_show(self, database: str, name: str, **_: Any) -> dict[str, Any]:
        return self.table(database, name).shown(name)

    def _table_list(self, database: str, **_: Any) -> dict[str, Any]:
        if database not in self.databases:
            raise Refusal(404, f"Couldn't find UserDatabase with name = {database}")
        tables = self.databases[database]
        return {"database": database, "tables": [each.shown(name) for name, each in tables.items()]}

    def _table_append_schema(
        self, database: str, name: str, params: Params, **_: Any
    ) -> dict[str, Any]:
        self.table(database, name).append_schema(json.loads(params["schema"]))
        return {"database": database, "table": name}

    def _table_update_schema(
        self, database: str, name: str, params: Params, **_: Any
    ) -> dict[str, Any]:
        self.table(database, name).update_schema(json.loads(params["schema"]))
        return {"database": database, "table": name}

    def _table_update(self, database: str, name: str, params: Params, **_: Any) -> dict[str, Any]:
        self.table(database, name).expire_days = int(params["expire_days"])
        return {"database": database, "table": name, "type": "log"}

    def _table_rename(
        self, database: str, name: str, target: str, params: Params, **_: Any
    ) -> dict[str, Any]:
        moved = self.table(database, name)
        if target in self.databases[database] and params.get("overwrite") != "true":
            raise Refusal(409, f"Table {target} already exists")
        del self.databases[database][name]
        self.databases[database][target] = moved
        return {"database": database, "table": target}

    def _table_swap(self, database: str, one: str, other: str, **_: Any) -> dict[str, Any]:
        tables = self.databases[database]
        tables[one], tables[other] = self.table(database, other), self.table(database, one)
        return {"database": database, "table1": one, "table2": other}

    def _table_delete(self, database: str, name: str, **_: Any) -> dict[str, Any]:
        self.table(database, name)
        del self.databases[database][name]
        return {"database": database, "table": name, "type": "log"}

    def _table_import(
        self, database: str, name: str, _format: str, body: bytes, **_: Any
    ) -> dict[str, Any]:
        self.table(database, name).load(unpacked(body))
        return _imported(database, name)

    def _table_import_with_id(
        self, database: str, name: str, unique_id: str, _format: str, body: bytes, **_: Any
    ) -> dict[str, Any]:
        table = self.table(database, name)
        if unique_id not in self._imported:
            self._imported.add(unique_id)
            table.load(unpacked(body))
        return _imported(database, name)


def _imported(database: str, table: str) -> dict[str, Any]:
    return {
        "unique_id": "", "database": database, "table": table, "md5_hex": "", "elapsed_time": 0.1,
    }  # fmt: skip
