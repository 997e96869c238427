"""Jobs of a Treasure Data account, and what they need of it; `looks` makes them take their time."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from itertools import count
from typing import Any

import msgpack  # type: ignore[import-untyped]

from tests.fakes import treasure_data_trino as trino
from tests.fakes.treasure_data_tables import FakeTable, Refusal

Params = Mapping[str, str]
# https://docs.treasuredata.com: the upper limits; how a longer one is refused is not public.
MOST_CHARACTERS = 1_000_000


@dataclass
class Job:
    id: str
    type: str
    status: str
    rows: list[tuple[Any, ...]] = field(default_factory=list)
    looks: int = 0
    reason: str = ""


class Jobs:
    """The jobs, and the databases they work on; `looks` is how often one is seen running."""

    def __init__(self, *, looks: int = 0) -> None:
        self.databases: dict[str, dict[str, FakeTable]] = {}
        self.jobs: dict[str, Job] = {}
        self.looks = looks
        self.failing_jobs = 0
        self.ids = count(1001)
        self._domain_keys: dict[str, str] = {}
        self._ends: dict[str, Callable[[], None]] = {}

    def _job_issue(self, engine: str, database: str, params: Params, **_: Any) -> dict[str, Any]:
        if len(params["query"]) > MOST_CHARACTERS:
            raise Refusal(422, f"Query text must not exceed {MOST_CHARACTERS} characters")
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

        job_id = self.start(engine, end, ends_at_once=False)
        self.look(job_id)
        return job_id

    def _job_status(self, job_id: str, **_: Any) -> dict[str, Any]:
        self.look(job_id)
        return {"job_id": job_id, "status": self.jobs[job_id].status}

    def _job_kill(self, job_id: str, **_: Any) -> dict[str, Any]:
        job = self.jobs[job_id]
        former = job.status
        if self._ends.pop(job_id, None):
            job.status = "killed"
        return {"job_id": job_id, "former_status": former}

    def _job_show(self, job_id: str, **_: Any) -> dict[str, Any]:
        self.look(job_id)
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

    def start(self, type_: str, end: Callable[..., None], *, ends_at_once: bool = True) -> str:
        job = Job(str(next(self.ids)), type_, "running", looks=self.looks)
        failed, self.failing_jobs = self.failing_jobs > 0, max(self.failing_jobs - 1, 0)

        def finish() -> None:
            job.status = "error" if failed else "success"
            end(failed=failed)

        self.jobs[job.id], self._ends[job.id] = job, finish
        if ends_at_once:
            self.look(job.id)
        return job.id

    def look(self, job_id: str) -> None:
        job = self.jobs[job_id]
        if job.looks > 0:
            job.looks -= 1
        elif finish := self._ends.pop(job_id, None):
            finish()
