"""New jobs: of a tick, of a person who runs a schedule, and of `issue`."""

from __future__ import annotations

import os
import socket
import uuid
from typing import TYPE_CHECKING

from td_connector.job import Job, Status

if TYPE_CHECKING:
    from td_connector.load import Load
    from td_connector.moments import UnixSeconds
    from td_connector.schedule import Due, Schedule


def this_runner() -> str:
    """The name under which this process owns jobs: machine, process, and a part of chance.

    The last one, since process ids are given again, and containers all have id 1.
    """
    return f"{socket.gethostname()}:{os.getpid()}:{uuid.uuid4().hex[:8]}"


def job_of_tick(
    schedule: Schedule, due: Due, *, owner: str, lost_after_seconds: float, now: UnixSeconds
) -> Job:
    """The running job of a tick, to be claimed."""
    return Job(
        id=0,
        schedule_id=schedule.id,
        schedule=schedule.name,
        tick=due.tick,
        scheduled_at=due.tick,
        status=Status.RUNNING,
        load=schedule.load,
        heartbeat_at=now,
        owner=owner,
        run_id=str(uuid.uuid4()),
        lost_after_seconds=lost_after_seconds,
        started_at=now,
        note=due.note,
    )


def job_by_hand(
    load: Load, schedule: Schedule | None, *, scheduled_at: UnixSeconds, now: UnixSeconds
) -> Job:
    """The queued job of a person; of a schedule or, for `issue`, of none."""
    return Job(
        id=0,
        schedule_id=schedule.id if schedule else None,
        schedule=schedule.name if schedule else "",
        tick=None,
        scheduled_at=scheduled_at,
        status=Status.QUEUED,
        load=load,
        heartbeat_at=now,
        owner="",
        run_id=str(uuid.uuid4()),
    )
