"""Schedules and jobs as people see them; the columns are the old connector's, and a few more."""

from __future__ import annotations

import sys
from datetime import UTC
from typing import TYPE_CHECKING, Any

import yaml

from td_connector.errors import UserError
from td_connector.formats import Format, print_rows
from td_connector.load_file import parse_settings
from td_connector.masking import mask
from td_connector.moments import UnixSeconds, format_time

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import tzinfo

    from td_connector.job import Job
    from td_connector.schedule import Schedule

_LIST = ("Name", "Cron", "Timezone", "Delay", "Database", "Table", "Next")
_SHOW = (*_LIST, "Time column", "Folder", "Meltano job")
_HISTORY = (
    "JobID", "Status", "Records", "Database", "Table", "Priority", "Started", "Duration",
    "Rows/s", "Reason",
)  # fmt: skip
_ALL = ("JobID", "Schedule", *_HISTORY[1:])
_JOB = (
    "JobID", "Status", "Schedule", "Scheduled", "Started", "Duration", "Records", "Rows/s",
    "Database", "Table", "Exit code", "Reason", "Note", "Run id",
)  # fmt: skip


def print_list(found: Sequence[Schedule], chosen: Format) -> None:
    """Print the schedules."""
    print_rows(_LIST, [_schedule_row(each) for each in found], chosen)


def print_schedule(schedule: Schedule, chosen: Format) -> None:
    """Print one schedule with its settings, masked, and its state."""
    row = _schedule_row(schedule)
    config = _config(schedule)
    if chosen is not Format.TABLE:
        whole = {**row, "Config": config, "Config Diff": schedule.state}
        print_rows((*_SHOW, "Config", "Config Diff"), [whole], chosen)
        return
    optional = [name for name in _SHOW[7:] if row[name]]
    _print_pairs(row, [*_LIST, *optional])
    if config:
        sys.stdout.write(f"Config\n---\n{config}\n")
    if schedule.load.meltano_job is None:
        sys.stdout.write(f"Config Diff\n--- {schedule.state or '{}'}\n")


def print_history(
    found: Sequence[Job], zone: tzinfo, now: UnixSeconds, chosen: Format, *, of_all: bool
) -> None:
    """Print jobs, a row each."""
    columns = _ALL if of_all else _HISTORY
    print_rows(columns, [_job_row(job, zone, now, chosen) for job in found], chosen)


def print_job(job: Job, log: str, zone: tzinfo, now: UnixSeconds, chosen: Format) -> None:
    """Print one job with the end of its log."""
    row = _job_row(job, zone, now, chosen)
    if chosen is not Format.TABLE:
        print_rows((*_JOB, "Log"), [{**row, "Log": log}], chosen)
        return
    row["Reason"] = " ".join(filter(None, (job.reason, _silence(job, now))))
    _print_pairs(row, [name for name in _JOB if row[name] not in {"", None}])
    sys.stdout.write(f"Log\n---\n{log}")


def _print_pairs(row: Mapping[str, Any], names: Sequence[str]) -> None:
    width = max(map(len, names))
    for name in names:
        sys.stdout.write(f"{name:<{width}} : {row[name]}".rstrip() + "\n")


def _schedule_row(schedule: Schedule) -> dict[str, Any]:
    return {
        "Name": schedule.name,
        "Cron": schedule.cron,
        "Timezone": schedule.timezone,
        "Delay": schedule.delay_seconds,
        "Database": schedule.load.database or "",
        "Table": schedule.load.table or "",
        "Next": format_time(schedule.next_start, _zone(schedule)),
        "Time column": schedule.load.time_column or "",
        "Folder": schedule.load.folder,
        "Meltano job": schedule.load.meltano_job or "",
    }


def _zone(schedule: Schedule) -> tzinfo:
    """UTC if this machine does not know the schedule's zone, which another may."""
    try:
        return schedule.zone
    except UserError:
        return UTC


def _config(schedule: Schedule) -> str:
    if not schedule.load.config:
        return ""
    masked = mask(parse_settings(schedule.load.config))
    return str(yaml.safe_dump(masked, sort_keys=False, allow_unicode=True))


def _job_row(job: Job, zone: tzinfo, now: UnixSeconds, chosen: Format) -> dict[str, Any]:
    seconds = job.duration_seconds(now)
    rate = round(job.records / seconds) if seconds and job.records else None
    for_people = chosen is Format.TABLE
    return {
        "JobID": job.id,
        "Status": job.status.value,
        "Schedule": job.schedule,
        "Scheduled": format_time(job.scheduled_at, zone),
        "Records": job.records,
        "Database": job.load.database or "",
        "Table": job.load.table or "",
        # Scripts that cut the hosted connector's columns find it in its place; nothing queues here.
        "Priority": 0,
        "Started": format_time(job.started_at, zone),
        "Duration": _duration(seconds) if for_people else _rounded(seconds),
        "Rows/s": rate,
        "Exit code": job.exit_code,
        "Reason": " ".join(filter(None, (job.reason, job.note, _silence(job, now)))),
        "Note": job.note,
        "Run id": job.run_id,
    }


def _silence(job: Job, now: UnixSeconds) -> str:
    """What is to say of a job that nobody has declared lost yet."""
    if not job.is_silent(now):
        return ""
    since = _duration(now - job.heartbeat_at)
    return f"Silent for {since}; the scheduler, or the next `run`, counts it as lost."


def _rounded(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds, 3)


def _duration(seconds: float | None) -> str:
    """Return `2.1 s`, `3 min 20 s` or `2 h 5 min`."""
    if seconds is None:
        return ""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min {rest} s" if minutes else f"{seconds:.1f} s"
