"""The calls about bulk import sessions of a Treasure Data account."""

import gzip
import re
from collections.abc import Callable
from typing import Any

import msgpack  # type: ignore[import-untyped]

from tests.fakes.treasure_data_table_calls import TableCalls
from tests.fakes.treasure_data_tables import FakeSession, Refusal, Row

_PART = re.compile(r"[^.]*")
Sorts = Callable[[Row], bool]


class SessionCalls(TableCalls):
    """Bulk import sessions: uploading, performing, ready, committing, committed."""

    def __init__(self, *, looks: int = 0) -> None:
        super().__init__(looks=looks)
        self.sessions: dict[str, FakeSession] = {}
        # What the engine cannot load besides what is malformed.
        self.is_broken_record: Sorts = lambda _: False

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
            self.look(session.job_id)
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

        session.job_id = self.start("bulk_import_perform", end)
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

        session.job_id = self.start("bulk_import_commit", end)
        return {"name": name, "bulk_import": name}

    def _bulk_import_delete(self, name: str, **_: Any) -> dict[str, Any]:
        self._idle(name)
        del self.sessions[name]
        return {"name": name, "bulk_import": name}

    def _bulk_import_error_records(self, name: str, **_: Any) -> bytes:
        errors = self._session(name).errors
        return gzip.compress(b"".join(msgpack.packb(each) for each in errors))

    def _session(self, name: str) -> FakeSession:
        if name not in self.sessions:
            raise Refusal(404, f"Couldn't find BulkImport with name = {name}")
        return self.sessions[name]

    def _idle(self, name: str) -> FakeSession:
        session = self._session(name)
        if session.is_busy:
            self.look(str(session.job_id))  # time passes by being asked
            raise Refusal(409, f"Bulk import {name} is {session.status}")
        return session
