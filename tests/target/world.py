"""What a tap may say, and what then stands in the tables."""

import contextlib
import io
import json
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from target_td_table.errors import TargetError
from target_td_table.target import TargetTdTable

TEXT: dict[str, Any] = {"type": ["null", "string"]}
INTEGER: dict[str, Any] = {"type": ["null", "integer"]}
NUMBER = {"type": ["null", "number"]}
BOOLEAN = {"type": ["null", "boolean"]}
MOMENT = {"type": ["null", "string"], "format": "date-time"}
OBJECT = {"type": ["null", "object"]}


def schema(stream: str, /, *, key: Sequence[str] = ("id",), **properties: Any) -> str:
    fields = properties or {"id": TEXT}
    return line("SCHEMA", stream=stream, schema={"properties": fields}, key_properties=list(key))


def record(stream: str, /, *, version: int | None = None, **values: Any) -> str:
    versioned = {} if version is None else {"version": version}
    return line("RECORD", stream=stream, record=values, **versioned)


def state(**value: Any) -> str:
    return line("STATE", value=value)


def activate(stream: str, version: int, **more: Any) -> str:
    return line("ACTIVATE_VERSION", stream=stream, version=version, **more)


def line(type_: str, **rest: Any) -> str:
    return json.dumps({"type": type_, **rest}) + "\n"


@dataclass(frozen=True)
class Outcome:
    """What a load let out, and how it ended."""

    states: list[Any]
    error: TargetError | None = None

    @property
    def sentence(self) -> str:
        assert self.error is not None
        return str(self.error)


class Tables(ABC):
    """A destination, loaded by the target and looked into by the test."""

    @property
    @abstractmethod
    def url(self) -> str:
        """The setting `destination`."""

    @abstractmethod
    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """What another user of the tables reads; the time zone is UTC."""

    @abstractmethod
    def columns(self, table: str) -> dict[str, str]:
        """The columns of a table with the destination's own types; none if there is no table."""

    def run(self, *statements: str) -> None:
        """What a person does to the tables."""
        for statement in statements:
            self.rows(statement)

    def load(self, *lines: str, **settings: Any) -> Outcome:
        """Load messages in this process."""
        target = TargetTdTable(config={"destination": self.url, **settings})
        out, error = io.StringIO(), None
        with contextlib.redirect_stdout(out):
            try:
                target.listen(io.StringIO("".join(lines)))
            except TargetError as refusal:
                error = refusal
        return Outcome([json.loads(each) for each in out.getvalue().splitlines()], error)


@dataclass(frozen=True)
class DuckDbTables(Tables):
    """A DuckDB file."""

    path: Path

    @property
    def url(self) -> str:
        return f"duckdb:///{self.path}"

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        with duckdb.connect(self.path) as connection:
            connection.execute("SET TimeZone = 'UTC'")
            return connection.execute(sql).fetchall()

    def columns(self, table: str) -> dict[str, str]:
        found = self.rows(
            "SELECT column_name, data_type FROM duckdb_columns() "
            f"WHERE table_name = '{table}' ORDER BY column_index"
        )
        return {str(name): str(type_) for name, type_ in found}
