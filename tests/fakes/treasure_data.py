"""A Treasure Data account in memory that keeps the vendor's rules.

What is not public is answered in the way that is hardest for a client: `source_table` copies
properties but no schema, a call that a session's state forbids is 409, a failed perform leads
back to uploading, a failed commit to ready.
"""

import gzip
import json
import re
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from itertools import count
from typing import Any

import msgpack  # type: ignore[import-untyped]

from tests.fakes import treasure_data_trino as trino
from tests.fakes.treasure_data_tables import FakeSession, FakeTable, Refusal, Row, unpacked

MASTER = "1/" + "a" * 40
WRITE_ONLY = "1/" + "b" * 40
_MASTERS_ONLY = re.compile(
    r"/v3/(table/(update-schema|rename|delete|swap|update|tail)|job|database/delete)/"
)
_PART = re.compile(r"[^.]*")
Params = Mapping[str, str]


@dataclass
class Job:
    id: str
    type: str
    status: str
    rows: list[tuple[Any, ...]] = field(default_factory=list)
    looks: int = 0
    reason: str = ""


class FakeTreasureData:
    """The account; `looks` is how often a job is seen running before it ends."""

    def __init__(self, *, looks: int = 0) -> None:
        self.databases: dict[str, dict[str, FakeTable]] = {}
        self.sessions: dict[str, FakeSession] = {}
        self.jobs: dict[str, Job] = {}
        self.looks = looks
        self.failing_jobs = 0
        # What the engine cannot load besides what is malformed.
        self.is_broken_record: Callable[[Row], bool] = lambda _: False
        self._domain_keys: dict[str, str] = {}
        self._imported: set[str] = set()
        self._ends: dict[str, Callable[[], None]] = {}
        self._ids = count(1001)
        self._lock = threading.RLock()

    def answer(self, path: str, params: Params, body: bytes, key: str) -> bytes | dict[str, Any]:
        """Do what a request asks for.

        Raises:
            Refusal: With the status and the message that the API gives.
        """
        with self._lock:
            if key not in (MASTER, WRITE_ONLY):
                raise Refusal(401, "Authentication failed")
            if key == WRITE_ONLY and _MASTERS_ONLY.match(path):
                raise Refusal(403, "Access denied")
            _, version, kind, verb, *rest = path.split("/")
            name = f"_{kind}_{verb}".replace("-", "_")
            if version != "v3" or not hasattr(self, name):
                raise Refusal(404, "Path and method do not match any API endpoint")
            found: bytes | dict[str, Any] = getattr(self, name)(*rest, params=params, body=body)
            return found

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

    def select(self, database: str, sql: str) -> list[tuple[Any, ...]]:
        """What a reader's query brings."""
        with self._lock:
            return trino.run(self.databases.get(database, {}), sql)

    def _session(self, name: str) -> FakeSession:
        if name not in self.sessions:
            raise Refusal(404, f"Couldn't find BulkImport with name = {name}")
        return self.sessions[name]

    def _idle(self, name: str) -> FakeSession:
        session = self._session(name)
        if session.is_busy:
            self._look(str(session.job_id))  # time passes by being asked
            raise Refusal(409, f"Bulk import {name} is {session.status}")
        return session

    # Databases and tables

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
        made = FakeTable(str(next(self._ids)))
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

    # Bulk import sessions

    def _bulk_import_create(self, name: str, database: str, table: str, **_: Any) -> dict[str, Any]:
        self.table(database, table)
        if len(name) < 3:
            raise Refusal(422, "Validation failed: Name is too short")
        if name in self.sessions:
            raise Refusal(409, f"Bulk import {name} already exists")
        self.sessions[name] = FakeSession(name, database, table)
        return {"name": name, "bulk_import": name}

    def _bulk_import_show(self, name: str, **_: Any) -> dict[str, Any]:
        session = self._session(name)
        if session.job_id is not None:
            self._look(session.job_id)
        return session.shown()

    def _bulk_import_list(self, **_: Any) -> dict[str, Any]:
        return {"bulk_imports": [each.shown() for each in self.sessions.values()]}

    def _bulk_import_list_parts(self, name: str, **_: Any) -> dict[str, Any]:
        return {"name": name, "bulk_import": name, "parts": sorted(self._session(name).parts)}

    def _bulk_import_upload_part(
        self, name: str, part: str, body: bytes, **_: Any
    ) -> dict[str, Any]:
        session = self._idle(name)
        if not _PART.fullmatch(part):
            raise Refusal(404, "Path and method do not match any API endpoint")
        if session.is_frozen:
            raise Refusal(409, f"Upload to {name} is frozen")
        session.parts[part] = body
        return {"name": name, "bulk_import": name}

    def _bulk_import_delete_part(self, name: str, part: str, **_: Any) -> dict[str, Any]:
        session = self._idle(name)
        if session.is_frozen:
            raise Refusal(409, f"Upload to {name} is frozen")
        if session.parts.pop(part, None) is None:
            raise Refusal(404, f"Couldn't find part {part}")
        return {"name": name, "bulk_import": name}

    def _bulk_import_freeze(self, name: str, **_: Any) -> dict[str, Any]:
        session = self._idle(name)
        if session.is_frozen:
            raise Refusal(409, f"Bulk import {name} is already frozen")
        session.is_frozen = True
        return {"name": name, "bulk_import": name}

    def _bulk_import_unfreeze(self, name: str, **_: Any) -> dict[str, Any]:
        self._idle(name).is_frozen = False
        return {"name": name, "bulk_import": name}

    def _bulk_import_perform(self, name: str, **_: Any) -> dict[str, Any]:
        session = self._idle(name)
        if not session.is_frozen or session.status != "uploading":
            raise Refusal(409, f"Bulk import {name} is {session.status}")
        session.status = "performing"

        def end(*, failed: bool) -> None:
            session.status = "uploading" if failed else "ready"
            if not failed:
                session.check(self.is_broken_record)

        session.job_id = self._start("bulk_import_perform", end)
        return {"name": name, "bulk_import": name, "job_id": int(session.job_id)}

    def _bulk_import_commit(self, name: str, **_: Any) -> dict[str, Any]:
        session = self._idle(name)
        if session.status != "ready":
            raise Refusal(409, f"Bulk import {name} is {session.status}")
        table = self.table(session.database, session.table)
        session.status = "committing"

        def end(*, failed: bool) -> None:
            session.status = "ready" if failed else "committed"
            if not failed:
                table.load(session.rows)

        session.job_id = self._start("bulk_import_commit", end)
        return {"name": name, "bulk_import": name}

    def _bulk_import_delete(self, name: str, **_: Any) -> dict[str, Any]:
        self._idle(name)
        del self.sessions[name]
        return {"name": name, "bulk_import": name}

    def _bulk_import_error_records(self, name: str, **_: Any) -> bytes:
        errors = self._session(name).errors
        return gzip.compress(b"".join(msgpack.packb(each) for each in errors))

    # Jobs

    def _job_issue(self, engine: str, database: str, params: Params, **_: Any) -> dict[str, Any]:
        domain_key = params.get("domain_key")
        if domain_key in self._domain_keys:
            raise Refusal(409, "Domain key has already been taken",
                          conflicts_with=self._domain_keys[domain_key])  # fmt: skip
        job = self._query(engine, self.databases[database], params["query"])
        if domain_key:
            self._domain_keys[domain_key] = job
        return {"job": job, "job_id": job, "database": database}

    def _query(self, engine: str, tables: dict[str, FakeTable], query: str) -> str:
        def end(*, failed: bool) -> None:
            job = self.jobs[job_id]
            if failed:
                job.reason = "the query failed"
                return
            try:
                job.rows = trino.run(tables, query)
            except Refusal as refusal:
                job.status, job.reason = "error", refusal.message

        job_id = self._start(engine, end, ends_at_once=False)
        self._look(job_id)
        return job_id

    def _job_status(self, job_id: str, **_: Any) -> dict[str, Any]:
        self._look(job_id)
        return {"job_id": job_id, "status": self.jobs[job_id].status}

    def _job_show(self, job_id: str, **_: Any) -> dict[str, Any]:
        self._look(job_id)
        job = self.jobs[job_id]
        return {
            "job_id": job_id, "type": job.type, "status": job.status, "query": "", "database": "",
            "debug": {"cmdout": "", "stderr": job.reason}, "start_at": None, "end_at": None,
            "created_at": None, "updated_at": None, "url": "", "result": "", "priority": 0,
            "retry_limit": 0, "hive_result_schema": None, "result_size": 0, "num_records": 0,
        }  # fmt: skip

    def _job_result(self, job_id: str, params: Params, **_: Any) -> bytes:
        rows = self.jobs[job_id].rows
        if params.get("format") == "json":
            return "".join(json.dumps(row) + "\n" for row in rows).encode()
        return b"".join(msgpack.packb(row) for row in rows)

    def _start(self, type_: str, end: Callable[..., None], *, ends_at_once: bool = True) -> str:
        job = Job(str(next(self._ids)), type_, "running", looks=self.looks)
        failed, self.failing_jobs = self.failing_jobs > 0, max(self.failing_jobs - 1, 0)

        def finish() -> None:
            job.status = "error" if failed else "success"
            end(failed=failed)

        self.jobs[job.id], self._ends[job.id] = job, finish
        if ends_at_once:
            self._look(job.id)
        return job.id

    def _look(self, job_id: str) -> None:
        job = self.jobs[job_id]
        if job.looks > 0:
            job.looks -= 1
        elif finish := self._ends.pop(job_id, None):
            finish()


def _imported(database: str, table: str) -> dict[str, Any]:
    return {
        "unique_id": "", "database": database, "table": table, "md5_hex": "", "elapsed_time": 0.1,
    }  # fmt: skip
