"""Rows of the store as values."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from td_connector.job import Job, Status
from td_connector.load import format_load, parse_load
from td_connector.moments import UnixSeconds
from td_connector.schedule import Schedule
from td_connector.store.tables import jobs

if TYPE_CHECKING:
    from sqlalchemy import RowMapping

JOB_COLUMNS = tuple(column for column in jobs.c if column.name != "log")
"""All that a `Job` is made of; its log may be long and is fetched alone."""


def schedule_of(row: RowMapping) -> Schedule:
    """Return the schedule of a row."""
    return Schedule(
        **{**row, "load": parse_load(row["load"]), "next_tick": _moment(row["next_tick"])}
    )


def row_of_schedule(schedule: Schedule) -> dict[str, Any]:
    """Return a schedule as the values of its row, but for its id."""
    return {
        "name": schedule.name,
        "cron": schedule.cron,
        "timezone": schedule.timezone,
        "delay_seconds": schedule.delay_seconds,
        "load": format_load(schedule.load),
        "pipeline": schedule.pipeline,
        "state": schedule.state,
        "is_uncertain": schedule.is_uncertain,
        "next_tick": None if schedule.next_tick is None else int(schedule.next_tick),
    }


def job_of(row: RowMapping) -> Job:
    """Return the job of a row."""
    values = {
        **row,
        "load": parse_load(row["load"]),
        "status": Status(row["status"]),
        "tick": _moment(row["tick"]),
    }
    return Job(**values)


def row_of_job(job: Job) -> dict[str, Any]:
    """Return a new job as the values of its row, but for its id."""
    return {
        "schedule_id": job.schedule_id,
        "schedule": job.schedule,
        "tick": None if job.tick is None else int(job.tick),
        "scheduled_at": job.scheduled_at,
        "status": job.status.value,
        "load": format_load(job.load),
        "heartbeat_at": job.heartbeat_at,
        "lost_after_seconds": job.lost_after_seconds,
        "owner": job.owner,
        "run_id": job.run_id,
        "started_at": job.started_at,
        "records": job.records,
        "reason": job.reason,
        "note": job.note,
        "log": "",
    }


def _moment(value: int | None) -> UnixSeconds | None:
    return None if value is None else UnixSeconds(float(value))
