"""Queries in Trino, each run to its end; one that is asked for twice is run once."""

import contextlib
import uuid
from typing import Any

from target_td_table.errors import DestinationError
from target_td_table.loaders.treasure_data.calls import Calls
from target_td_table.loaders.treasure_data.refusal import AwayError, RefusedError
from target_td_table.loaders.treasure_data.session import looks

_TRIES = 3
# https://docs.treasuredata.com: the upper limits, for Trino.
MOST_CHARACTERS = 1_000_000
_SUCCESS = "success"
_FAILURES = frozenset({"error", "killed"})

# What is so when a query has failed.
UNDECIDED = "Nothing of this publication is decided. Look at the job in the console, and run again."
PUBLISHED = "What was published stays so. Look at the job in the console."
_ASKED = "Nothing was changed. Look at the job in the console, and run again."


def rows(calls: Calls, query: str, doing: str) -> list[list[Any]]:
    """What a query brings; see `run`."""
    return calls.job_rows(run(calls, query, doing, _ASKED))


def run(calls: Calls, query: str, doing: str, undone: str = UNDECIDED) -> str:
    """Run a query to its success; the job that did it.

    A statement that failed has written nothing: an INSERT is seen when its job succeeds.
    `doing` says what it is for, e.g. "merge rows into `t`"; `undone` what is so when it failed.

    Raises:
        DestinationError: If it fails again and again.
        AwayError: If it does not end. It is not begun again: both might count.
        RefusedError: If the key may not query.
    """
    job_id, status = "", ""
    for _ in range(_TRIES):
        job_id = calls.issue(query, domain_key=uuid.uuid4().hex)
        status = _ended(calls, job_id, doing)
        if status == _SUCCESS:
            return job_id
    why = calls.job_error(job_id)
    raise DestinationError(
        f"A query in Treasure Data that was to {doing} ended with `{status}` (job {job_id}), tried "
        f"{_TRIES} times.{f' It says: {why}.' if why else ''} {undone}"
    )


def _ended(calls: Calls, job_id: str, doing: str) -> str:
    """How a job ended."""
    status = ""
    for _ in looks(calls.api.patience):
        status = calls.job_status(job_id)
        if status == _SUCCESS or status in _FAILURES:
            return status
    with contextlib.suppress(RefusedError, AwayError):
        calls.kill(job_id)
    hours = calls.api.patience.job_seconds / 3600
    raise AwayError(
        f"A query in Treasure Data that was to {doing} is still `{status}` after {hours:.1f} hours "
        f"(job {job_id}). It was not begun again, because both might count, but was asked to end. Look "
        "at the job in the console. Run again once it has ended, and not before."
    )
