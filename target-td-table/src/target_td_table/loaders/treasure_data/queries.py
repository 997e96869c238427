"""Queries in Trino, each run to its end; one that is asked for twice is run once."""

import uuid
from typing import Any

from target_td_table.errors import DestinationError
from target_td_table.loaders.treasure_data.calls import Calls
from target_td_table.loaders.treasure_data.session import looks

_TRIES = 3
# https://docs.treasuredata.com: the upper limits, for Trino.
MOST_CHARACTERS = 1_000_000
_ENDS = frozenset({"success", "error", "killed"})


def rows(calls: Calls, query: str) -> list[list[Any]]:
    """What a query brings.

    Raises:
        DestinationError: If it fails again and again.
        RefusedError: If the key may not query.
    """
    return calls.job_rows(run(calls, query))


def run(calls: Calls, query: str, *, tries: int = _TRIES) -> str:
    """Run a query to its success; the job that did it.

    A statement that failed has written nothing: an INSERT is seen when its job succeeds.
    """
    job_id, status = "", "error"
    for _ in range(tries):
        job_id = calls.issue(query, domain_key=uuid.uuid4().hex)
        status = _ended(calls, job_id)
        if status == "success":
            return job_id
    why = calls.job_error(job_id)
    raise DestinationError(
        f"A query in Treasure Data ended with `{status}` (job {job_id}): {why} Nothing of this "
        "publication is decided. Look at the job in the console, and run again."
    )


def _ended(calls: Calls, job_id: str) -> str:
    status = "killed"
    for _ in looks(calls.api.patience):
        status = calls.job_status(job_id)
        if status in _ENDS:
            break
    return status
