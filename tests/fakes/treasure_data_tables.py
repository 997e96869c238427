"""What a Treasure Data account holds, with the vendor's rules for names, schemas and sessions."""

import gzip
import json
import re
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import msgpack  # type: ignore[import-untyped]

Row = dict[str, Any]


class Refusal(Exception):  # noqa: N818 -- it is an answer
    """A status other than 2xx, with what the API says."""

    def __init__(self, status: int, message: str, **details: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.details = details


@dataclass
class Column:
    key: str
    type: str
    alias: str

    @property
    def entry(self) -> list[str]:
        plain = [self.key, self.type]
        return plain if self.alias == self.key else [*plain, self.alias]


@dataclass
class FakeTable:
    id: str
    columns: list[Column] = field(default_factory=list)
    rows: list[Row] = field(default_factory=list)
    expire_days: int | None = None
    properties: dict[str, str] = field(default_factory=dict)

    def shown(self, name: str) -> dict[str, Any]:
        return {
            "id": self.id, "name": name, "type": "log", "count": len(self.rows),
            "schema": json.dumps([column.entry for column in self.columns]),
            "expire_days": self.expire_days, "estimated_storage_size": 0, "counter_updated_at": "",
            "created_at": "", "updated_at": "", "last_import": "", "last_log_timestamp": "",
            "include_v": False, "delete_protected": False,
        }  # fmt: skip

    def append_schema(self, entries: list[list[str]]) -> None:
        """Add only; aliases are made by the server."""
        there = {column.key for column in self.columns}
        for key, type_, *_ in _checked(entries):
            if key not in there:
                taken = {column.alias for column in self.columns}
                self.columns.append(Column(key, type_, _alias(key, taken)))
                there.add(key)

    def update_schema(self, entries: list[list[str]]) -> None:
        """Replace everything; an entry without an alias gets a new one."""
        columns: list[Column] = []
        for key, type_, *rest in _checked(entries):
            taken = {column.alias for column in columns}
            alias = rest[0] if rest else _alias(key, taken)
            if alias in taken:
                raise Refusal(422, f"Validation failed: alias {alias} is duplicated")
            columns.append(Column(key, type_, alias))
        self.columns = columns

    def load(self, rows: list[Row]) -> None:
        """Take rows; a key that no schema names becomes a column, of a type the data suggests."""
        for row in rows:
            unknown = [[key, "string"] for key in row if key != "time"]
            known = {column.key for column in self.columns}
            self.append_schema([entry for entry in unknown if entry[0] not in known])
        self.rows = [*self.rows, *rows]


@dataclass
class FakeSession:
    name: str
    database: str
    table: str
    status: str = "uploading"
    is_frozen: bool = False
    parts: dict[str, bytes] = field(default_factory=dict)
    rows: list[Row] = field(default_factory=list)
    errors: list[Any] = field(default_factory=list)
    error_parts: int = 0
    job_id: str | None = None
    is_performed: bool = False

    @property
    def is_busy(self) -> bool:
        return self.status in ("performing", "committing")

    def shown(self) -> dict[str, Any]:
        counts = {
            "valid_records": len(self.rows), "error_records": len(self.errors),
            "valid_parts": len(self.parts) - self.error_parts, "error_parts": self.error_parts,
        }  # fmt: skip
        return {
            "name": self.name, "bulk_import": self.name, "database": self.database,
            "table": self.table, "status": self.status, "upload_frozen": self.is_frozen,
            "job_id": None if self.job_id is None else int(self.job_id),
            **(counts if self.is_performed else dict.fromkeys(counts)),
        }  # fmt: skip

    def check(self, is_broken: Callable[[Row], bool]) -> None:
        """What perform does: sort records into good ones and error records."""
        self.rows, self.errors, self.error_parts = [], [], 0
        for part in self.parts.values():
            try:
                records = unpacked(part)
            except (OSError, EOFError, ValueError, zlib.error, msgpack.UnpackException):
                self.error_parts += 1
                continue
            for record in records:
                is_good = _is_row(record) and not is_broken(record)
                (self.rows if is_good else self.errors).append(record)
        self.is_performed = True


def unpacked(part: bytes) -> list[Any]:
    unpacker = msgpack.Unpacker(strict_map_key=False)
    unpacker.feed(gzip.decompress(part))
    return list(unpacker)


def _is_row(record: Any) -> bool:
    return (
        isinstance(record, dict)
        and all(isinstance(key, str) for key in record)
        and type(record.get("time")) is int
    )


def _checked(entries: list[list[str]]) -> list[list[str]]:
    for key, *_ in entries:
        if key in ("v", "time"):
            raise Refusal(422, f"Validation failed: column name '{key}' is reserved")
    return entries


def _alias(key: str, taken: set[str]) -> str:
    plain = re.fullmatch(r"[a-z_][a-z0-9_]*", key)
    first = key if plain else re.sub(r"[^a-zA-Z0-9_]+|^[^a-zA-Z]", "_", key).lower()
    alias, number = first, 0
    while alias in taken:
        number += 1
        alias = f"{first}_{number}"
    return alias
