"""Jobs in the store: claimed by one, kept alive by heartbeats, ended once."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, insert, select, update
from sqlalchemy.exc import IntegrityError

from td_connector.errors import UserError
from td_connector.job import ACTIVE, Job, Progress, Status
from td_connector.load import format_load, parse_load
from td_connector.store.rows import JOB_COLUMNS, job_of, row_of_job
from td_connector.store.tables import jobs, schedules

if TYPE_CHECKING:
    from td_connector.moments import UnixSeconds
    from td_connector.outcome import Outcome
    from td_connector.schedule import Due, Schedule
    from td_connector.store.database import Store

KEPT_LOGS = 500
"""Of how many jobs of a schedule the log is kept; by the minute that is more than eight hours."""

LOST = (
    "Nothing was heard of it any more: its machine or its td-connector was ended. The next run "
    "goes on from what was published."
)


def claim(store: Store, schedule: Schedule, due: Due, job: Job) -> Job | None:
    """Return the job if it is ours now; None if another took the tick, or a run is going on.

    One UPDATE decides: it finds the schedule only as it was when the run was found to be due.
    Decision: docs/decisions/0601-a-tick-is-claimed-by-one-update.md.
    """
    unchanged = (
        (schedules.c.id == schedule.id)
        & (schedules.c.next_tick == int(schedule.next_tick or 0))
        & (schedules.c.cron == schedule.cron)
        & (schedules.c.timezone == schedule.timezone)
        & (schedules.c.delay_seconds == schedule.delay_seconds)
    )
    moved = update(schedules).where(unchanged).values(next_tick=int(due.next_tick))
    try:
        with store.transaction() as connection:
            if connection.execute(moved).rowcount != 1:
                return None
            # What is run may have been changed since; the row is ours now until the end.
            wanted = select(schedules.c.load).where(schedules.c.id == schedule.id)
            load = parse_load(connection.execute(wanted).scalar_one())
            return _insert(connection, replace(job, load=load))
    except IntegrityError:
        return None


def queue(store: Store, job: Job) -> Job | None:
    """Keep a job that a person asked for; None if its schedule has one that is not over."""
    # Who sets the state looks for jobs with the row in hand.
    held = select(schedules.c.id).where(schedules.c.id == job.schedule_id).with_for_update()
    try:
        with store.transaction() as connection:
            connection.execute(held)
            return _insert(connection, job)
    except IntegrityError:
        return None


def take(store: Store, id_: int, *, owner: str, now: UnixSeconds) -> Job | None:
    """Return a queued job, which is ours to run now; None if it is not queued."""
    queued = (jobs.c.id == id_) & (jobs.c.status == Status.QUEUED.value)
    taken = {"status": Status.RUNNING.value, "owner": owner, "started_at": now, "heartbeat_at": now}
    with store.transaction() as connection:
        if connection.execute(update(jobs).where(queued).values(taken)).rowcount != 1:
            return None
    return find(store, id_)


def beat(store: Store, job: Job, progress: Progress, now: UnixSeconds) -> bool:
    """Say that a job lives, and how far it is. False if it is no longer ours.

    The state moves with it, so that a job that is killed later has not read in vain.
    """
    return _move(store, job, progress, {"heartbeat_at": now})


def end(store: Store, job: Job, progress: Progress, outcome: Outcome, now: UnixSeconds) -> bool:
    """Say how a job ended. False if it was no longer ours."""
    ended = {
        "status": outcome.status.value,
        "ended_at": now,
        "heartbeat_at": now,
        "exit_code": outcome.exit_code,
        "reason": outcome.reason,
        "load": _without_config(job),
    }
    is_ours = _move(store, job, progress, ended, is_uncertain=outcome.is_uncertain)
    if is_ours and job.schedule_id is not None:
        _forget_old_logs(store, job)
    return is_ours


def _forget_old_logs(store: Store, job: Job) -> None:
    """Empty the logs of a schedule's jobs but for the newest; the rows stay."""
    of_schedule = jobs.c.schedule_id == job.schedule_id
    newest_kept = (
        select(jobs.c.id)
        .where(of_schedule)
        .order_by(jobs.c.id.desc())
        .offset(KEPT_LOGS - 1)
        .limit(1)
    )
    old = of_schedule & (jobs.c.id < newest_kept.scalar_subquery()) & (jobs.c.log != "")
    with store.transaction() as connection:
        connection.execute(update(jobs).where(old).values(log=""))


def _move(
    store: Store,
    job: Job,
    progress: Progress,
    values: dict[str, Any],
    *,
    is_uncertain: bool = False,
) -> bool:
    ours = (
        (jobs.c.id == job.id)
        & (jobs.c.status == Status.RUNNING.value)
        & (jobs.c.owner == job.owner)
    )
    values = {**values, "records": progress.records, "log": progress.log}
    with store.transaction() as connection:
        if connection.execute(update(jobs).where(ours).values(values)).rowcount != 1:
            return False
        moved = {} if progress.state is None else {"state": progress.state, "is_uncertain": False}
        if is_uncertain:
            moved["is_uncertain"] = True
        if moved and job.schedule_id is not None:
            connection.execute(
                update(schedules).where(schedules.c.id == job.schedule_id).values(moved)
            )
    return True


def silent(store: Store, now: UnixSeconds, *, of: Schedule | None = None) -> list[Job]:
    """Return the jobs, of a schedule or all, that were not heard of for too long by the clock."""
    active = jobs.c.status.in_([status.value for status in ACTIVE])
    wanted = select(*JOB_COLUMNS).where(
        active & (jobs.c.heartbeat_at + jobs.c.lost_after_seconds < now)
    )
    if of is not None:
        wanted = wanted.where(jobs.c.schedule_id == of.id)
    with store.transaction() as connection:
        return list(map(job_of, connection.execute(wanted).mappings()))


def lose(store: Store, job: Job, now: UnixSeconds) -> bool:
    """Mark a job as lost. False if it was heard of since, or has ended.

    Its schedule's state becomes uncertain: the target may have published without our hearing.
    """
    as_seen = (
        (jobs.c.id == job.id)
        & (jobs.c.status == job.status.value)
        & (jobs.c.heartbeat_at == job.heartbeat_at)
    )
    lost = {
        "status": Status.LOST.value,
        "ended_at": now,
        "exit_code": 1,
        "reason": LOST,
        "load": _without_config(job),
    }
    of_job = schedules.c.id == job.schedule_id
    with store.transaction() as connection:
        if connection.execute(update(jobs).where(as_seen).values(lost)).rowcount != 1:
            return False
        connection.execute(update(schedules).where(of_job).values(is_uncertain=True))
    return True


def find(store: Store, id_: int) -> Job:
    """Return the job of an id.

    Raises:
        UserError: If there is none.
    """
    with store.transaction() as connection:
        wanted = select(*JOB_COLUMNS).where(jobs.c.id == id_)
        found = connection.execute(wanted).mappings().first()
    if found is None:
        raise UserError(
            f"There is no job {id_} in the store `{store.shown_url}`. "
            "`td-connector history NAME` shows the jobs of a schedule."
        )
    return job_of(found)


def log(store: Store, id_: int) -> str:
    """Return the end of what a job's programs said."""
    with store.transaction() as connection:
        return str(connection.execute(select(jobs.c.log).where(jobs.c.id == id_)).scalar_one())


def newest(store: Store, *, of: Schedule | None = None, at_most: int | None = None) -> list[Job]:
    """Return the jobs of a schedule, or all, the newest first."""
    wanted = select(*JOB_COLUMNS).order_by(jobs.c.id.desc()).limit(at_most)
    if of is not None:
        wanted = wanted.where(jobs.c.schedule_id == of.id)
    with store.transaction() as connection:
        return list(map(job_of, connection.execute(wanted).mappings()))


def _insert(connection: Connection, job: Job) -> Job:
    made = connection.execute(insert(jobs).values(row_of_job(job)).returning(jobs.c.id))
    return replace(job, id=made.scalar_one())


def _without_config(job: Job) -> str:
    """A job's settings go with its end: the fewer copies of a key, the better."""
    return format_load(replace(job.load, config=""))
