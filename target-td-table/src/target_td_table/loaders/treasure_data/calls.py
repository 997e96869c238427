"""The calls of the API that a load needs, each so that calling it twice is as good as once."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from target_td_table.loaders.treasure_data.api import Api, Request, path
from target_td_table.loaders.treasure_data.refusal import RefusedError
from target_td_table.loaders.treasure_data.schema import SchemaColumn, parse_schema

_MESSAGEPACK = "application/octet-stream"


@dataclass(frozen=True, slots=True)
class ShownTable:
    """What `table/show` tells."""

    id: str
    columns: tuple[SchemaColumn, ...]
    expire_days: int | None


@dataclass(frozen=True, slots=True)
class ShownSession:
    """What `bulk_import/show` tells."""

    status: str
    is_frozen: bool
    error_records: int
    error_parts: int
    job_id: str | None


class Calls:
    """The calls about one database."""

    def __init__(self, api: Api, database: str) -> None:
        self.api = api
        self.database = database

    def create_database(self) -> None:
        """Make the database, if it is missing."""
        self._post("database", "create", self.database, passing=(409,))

    def create_table(self, table: str) -> None:
        """Make the table, and the database with it, if they are missing."""
        try:
            self._post("table", "create", self.database, table, "log", passing=(409,))
        except RefusedError as refusal:
            if refusal.status != 404:
                raise
            self.create_database()
            self._post("table", "create", self.database, table, "log", passing=(409,))

    def create_like(self, table: str, source: str, expire_days: int | None) -> None:
        """Make a table with the properties of another one. It may be there already."""
        fields = {"source_table": source, "including_properties": "true"}
        if expire_days:
            fields["expire_days"] = str(expire_days)
        self._post("table", "create", self.database, table, "log", fields=fields, passing=(409,))

    def show_table(self, table: str) -> ShownTable | None:
        """What there is of a table; None if there is none."""
        try:
            found = self.api.json(Request("GET", path("table", "show", self.database, table)))
        except RefusedError as refusal:
            if refusal.status == 404:
                return None
            raise
        schema = tuple(parse_schema(str(found.get("schema") or "")))
        expire_days = found.get("expire_days")
        return ShownTable(str(found["id"]), schema, int(expire_days) if expire_days else None)

    def tables(self) -> list[str]:
        """The names of all tables."""
        found = self.api.json(Request("GET", path("table", "list", self.database)))
        return [str(table["name"]) for table in found.get("tables") or ()]

    def append_schema(self, table: str, columns: Sequence[tuple[str, str]]) -> None:
        """Add columns; those that are there stay as they are."""
        fields = {"schema": msgspec.json.encode(columns).decode()}
        self._post("table", "append-schema", self.database, table, fields=fields)

    def update_schema(self, table: str, columns: Sequence[SchemaColumn]) -> None:
        """Put these columns in the place of all."""
        fields = {"schema": msgspec.json.encode([column.entry for column in columns]).decode()}
        self._post("table", "update-schema", self.database, table, fields=fields)

    def update_expiry(self, table: str, expire_days: int) -> None:
        """Let rows expire after so many days, or never with 0."""
        self._post(
            "table", "update", self.database, table, fields={"expire_days": str(expire_days)}
        )

    def rename_over(self, table: str, target: str, table_id: str) -> None:
        """Put a table in the place of another one; `table_id` tells whether that is done already.

        Never `swap`: repeated, it undoes itself.
        """
        try:
            fields = {"overwrite": "true"}
            self._post("table", "rename", self.database, table, target, fields=fields)
        except RefusedError as refusal:
            shown = self.show_table(target) if refusal.status in (404, 409) else None
            if shown is None or shown.id != table_id:
                raise

    def delete_table(self, table: str) -> None:
        """Take a table away, if there is one."""
        self._post("table", "delete", self.database, table, passing=(404,))

    def create_session(self, session: str, table: str) -> bool:
        """Open a bulk import session; False if it is there already."""
        try:
            self._post("bulk_import", "create", session, self.database, table)
        except RefusedError as refusal:
            if refusal.status != 409:
                raise
            return False
        return True

    def show_session(self, session: str) -> ShownSession | None:
        """How far a session is; None if there is none."""
        try:
            found = self.api.json(Request("GET", path("bulk_import", "show", session)))
        except RefusedError as refusal:
            if refusal.status == 404:
                return None
            raise
        job_id = found.get("job_id")
        return ShownSession(
            str(found["status"]),
            bool(found.get("upload_frozen")),
            int(found.get("error_records") or 0),
            int(found.get("error_parts") or 0),
            None if job_id is None else str(job_id),
        )

    def parts(self, session: str) -> list[str]:
        """The parts that were uploaded."""
        found = self.api.json(Request("GET", path("bulk_import", "list_parts", session)))
        return [str(part) for part in found.get("parts") or ()]

    def upload(self, session: str, part: str, body: bytes) -> None:
        """Upload a part; one of the same name is replaced."""
        where = path("bulk_import", "upload_part", session, part)
        # The answer is empty, or of no interest.
        self.api.text(Request("PUT", where, body=body, content_type=_MESSAGEPACK))

    def delete_part(self, session: str, part: str) -> None:
        """Take a part away, if it is there."""
        self._post("bulk_import", "delete_part", session, part, passing=(404,))

    def step(self, verb: str, session: str) -> None:
        """Freeze, perform or commit. A conflict means that it is done or under way: look."""
        self._post("bulk_import", verb, session, passing=(409,))

    def delete_session(self, session: str) -> bool:
        """Forget a session, if there is one; False while the server works on it."""
        try:
            self._post("bulk_import", "delete", session, passing=(404,))
        except RefusedError as refusal:
            if refusal.status != 409:
                raise
            return False
        return True

    def error_records(self, session: str) -> bytes:
        """The records that cannot be loaded: MessagePack in gzip."""
        return self.api.text(Request("GET", path("bulk_import", "error_records", session)))

    def issue(self, query: str, domain_key: str) -> str:
        """Start a query; the domain key makes a repetition find the same job."""
        fields = {"query": query, "domain_key": domain_key}
        where = path("job", "issue", "trino", self.database)
        try:
            return str(self.api.json(Request("POST", where, fields=fields))["job_id"])
        except RefusedError as refusal:
            if refusal.status == 409 and refusal.conflicts_with:
                return refusal.conflicts_with
            raise

    def job_status(self, job_id: str) -> str:
        """`queued`, `running`, `success`, `error` or `killed`."""
        return str(self.api.json(Request("GET", path("job", "status", job_id)))["status"])

    def kill(self, job_id: str) -> None:
        """Ask a job to end; it may be too late for that."""
        self._post("job", "kill", job_id, passing=(404, 409, 422))

    def job_error(self, job_id: str) -> str:
        """What the query's engine wrote about its failure, shortened."""
        found = self.api.json(Request("GET", path("job", "show", job_id)))
        debug = found.get("debug") or {}
        return " ".join(str(debug.get("stderr") or "").split())[-300:]

    def job_rows(self, job_id: str) -> list[list[Any]]:
        """The rows that a query brought."""
        where = path("job", "result", job_id) + "?format=json"
        body = self.api.text(Request("GET", where))
        return msgspec.json.Decoder(list[Any]).decode_lines(body)

    def _post(
        self,
        *parts: str,
        fields: dict[str, str] | None = None,
        passing: Collection[int] = (),
    ) -> None:
        """Do something whose answer says no more than that it was done.

        It is not read: an answer that is cut came after the work.
        """
        try:
            self.api.text(Request("POST", path(*parts), fields=fields))
        except RefusedError as refusal:
            if refusal.status not in passing:
                raise
