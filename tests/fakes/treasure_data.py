"""A Treasure Data account in memory that keeps the vendor's rules.

What is not public is answered in the way that is hardest for a client: `source_table` copies
properties but no schema, a call that a session's state forbids is 409, a failed perform leads
back to uploading, a failed commit to ready.
"""

import re
import threading
from typing import Any

from tests.fakes import treasure_data_trino as trino
from tests.fakes.treasure_data_jobs import Params
from tests.fakes.treasure_data_session_calls import SessionCalls
from tests.fakes.treasure_data_tables import Refusal

MASTER = "1/" + "a" * 40
WRITE_ONLY = "1/" + "b" * 40
_MASTERS_ONLY = re.compile(
    r"/v3/(table/(update-schema|rename|delete|swap|update|tail)|job|database/delete)/"
)
_CREATING = re.compile(r"/v3/(table|database)/create/([^/]+)")


class FakeTreasureData(SessionCalls):
    """The account; `looks` is how often a job is seen running before it ends.

    Without `may_create` no key creates tables or databases.
    """

    def __init__(self, *, looks: int = 0) -> None:
        super().__init__(looks=looks)
        self._lock = threading.RLock()
        self.may_create = True

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
            if not self.may_create:
                self._refuse_creating(path)
            _, version, kind, verb, *rest = path.split("/")
            name = f"_{kind}_{verb}".replace("-", "_")
            if version != "v3" or not hasattr(self, name):
                raise Refusal(404, "Path and method do not match any API endpoint")
            found: bytes | dict[str, Any] = getattr(self, name)(*rest, params=params, body=body)
            return found

    def _refuse_creating(self, path: str) -> None:
        """A table in a database that is missing is not found, whoever asks for it."""
        asked = _CREATING.match(path)
        if asked and (asked[1] == "database" or asked[2] in self.databases):
            raise Refusal(403, "Access denied")

    def select(self, database: str, sql: str) -> list[tuple[Any, ...]]:
        """What a reader's query brings."""
        with self._lock:
            return trino.run(self.databases.get(database, {}), sql)
