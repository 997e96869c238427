"""A job: one run, with the row that stays of it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from td_connector.heartbeat import LOST_AFTER_SECONDS

if TYPE_CHECKING:
    from td_connector.load import Load
    from td_connector.moments import UnixSeconds


class Status(StrEnum):
    """How far a job is; Treasure Data's words, and `lost`."""

    QUEUED = "queued"
    RUNNING = "running"
    SUCCESS = "success"
    ERROR = "error"
    KILLED = "killed"
    LOST = "lost"


ACTIVE = (Status.QUEUED, Status.RUNNING)
"""A schedule has one job of these at most."""


@dataclass(frozen=True)
class Job:
    """One run.

    Attributes:
        id: Given by the store; 0 before.
        schedule_id: The schedule it is a run of; None for `issue`.
        schedule: That schedule's name.
        tick: The tick it stands for; None when a person started it.
        scheduled_at: The time it is for.
        status: How far it is.
        load: What it runs; without its config once it has ended.
        heartbeat_at: When its runner last said that it lives.
        owner: The runner.
        lost_after_seconds: How long it may be silent; whoever looks goes by that.
        run_id: A UUID; Meltano and the programs know the run by it too.
        started_at: When it started.
        ended_at: When it ended.
        records: How many rows were loaded, as far as known.
        exit_code: 0, 1, 2 or 75, once it has ended.
        reason: Why it failed, in a sentence.
        note: What else is to say, such as missed ticks.
    """

    id: int
    schedule_id: int | None
    schedule: str
    tick: UnixSeconds | None
    scheduled_at: UnixSeconds
    status: Status
    load: Load
    heartbeat_at: UnixSeconds
    owner: str
    run_id: str
    lost_after_seconds: float = LOST_AFTER_SECONDS
    started_at: UnixSeconds | None = None
    ended_at: UnixSeconds | None = None
    records: int = 0
    exit_code: int | None = None
    reason: str = ""
    note: str = ""

    @property
    def is_active(self) -> bool:
        """Whether it has not ended."""
        return self.status in ACTIVE

    def duration_seconds(self, now: UnixSeconds) -> float | None:
        """How long it took, or has taken by now; None before it started."""
        if self.started_at is None:
            return None
        return (now if self.ended_at is None else self.ended_at) - self.started_at

    def is_silent(self, now: UnixSeconds) -> bool:
        """Whether it was not heard of for so long that it counts as lost."""
        return self.is_active and self.heartbeat_at + self.lost_after_seconds < now


@dataclass(frozen=True)
class Progress:
    """What a runner knows of its job between its start and its end.

    Attributes:
        records: How many rows were loaded, as far as known.
        log: The end of what the programs said.
        state: The last state that the target let out; None before the first.
    """

    records: int = 0
    log: str = ""
    state: str | None = None
