"""Commands about jobs: run one, and see what became of it."""

from __future__ import annotations

import time
from datetime import UTC
from typing import TYPE_CHECKING

import click

from td_connector.commands.options import with_format, with_store, with_wait
from td_connector.commands.starting_jobs import run_here, start
from td_connector.errors import TryLaterError
from td_connector.losing import lose_after_a_look
from td_connector.moments import format_time, now, parse_time
from td_connector.new_jobs import job_by_hand
from td_connector.showing import print_history, print_job
from td_connector.store import jobs, schedules
from td_connector.zones import parse_zone

if TYPE_CHECKING:
    from collections.abc import Sequence

    from td_connector.formats import Format
    from td_connector.job import Job
    from td_connector.store.database import Store


@click.command()
@click.argument("name", required=False)
@click.option("-n", "--limit", type=click.IntRange(1), default=50, show_default=True)
@with_format
@with_store
def history(store: Store, name: str | None, limit: int, chosen: Format) -> None:
    """Show the jobs of the schedule NAME, or all jobs; the newest first."""
    if name is None:
        print_history(jobs.newest(store, at_most=limit), UTC, now(), chosen, of_all=True)
        return
    schedule = schedules.find(store, name)
    found = jobs.newest(store, of=schedule, at_most=limit)
    print_history(found, schedule.zone, now(), chosen, of_all=False)


@click.command()
@click.argument("id_", metavar="ID", type=int)
@with_format
@with_store
def job(store: Store, id_: int, chosen: Format) -> None:
    """Show the job ID: how far it is, its rows, and the end of its log."""
    found = jobs.find(store, id_)
    schedule = schedules.with_id(store, found.schedule_id) if found.schedule_id else None
    zone = schedule.zone if schedule else parse_zone("UTC")
    print_job(found, jobs.log(store, id_), zone, now(), chosen)


@click.command()
@click.argument("name")
@click.argument("time", required=False)
@with_wait
@with_format
@with_store
def run(store: Store, name: str, time: str | None, wait: bool, chosen: Format) -> int:  # noqa: FBT001 - click passes flags
    """Run the schedule NAME now, from where its last run ended.

    TIME is the time that the run is for, as its job shows it; now, if it is left out.
    """
    schedule = schedules.find(store, name)
    moment = now()
    scheduled_at = parse_time(time, schedule.zone) if time else moment
    wanted = job_by_hand(schedule.load, schedule, scheduled_at=scheduled_at, now=moment)
    queued = jobs.queue(store, wanted)
    if queued is None and lose_after_a_look(store, now, _look, of=schedule):
        queued = jobs.queue(store, wanted)
    if queued is None:
        raise _still_running(store, name)
    return start(store, queued, chosen, wait=wait)


@click.command(hidden=True)
@click.argument("id_", metavar="ID", type=int)
@with_store
def work(store: Store, id_: int) -> int:
    """Run the queued job ID here; `issue` and `run` start this in the background."""
    return run_here(store, id_).exit_code or 0


def _look(silent: Sequence[Job], seconds: float) -> bool:
    """Without a scheduler nobody else looks."""
    click.echo(
        f"Job {silent[0].id} was not heard of for long. Looking for {seconds:g} s whether it lives …",
        err=True,
    )
    time.sleep(seconds)
    return True


def _still_running(store: Store, name: str) -> TryLaterError:
    schedule = schedules.find(store, name)
    active = next((each for each in jobs.newest(store, of=schedule) if each.is_active), None)
    since = format_time(active.started_at, schedule.zone) if active else ""
    which = f" as job {active.id}" if active else ""
    return TryLaterError(
        f"`{name}` is running{which}{' since ' + since if since else ''}, and no schedule runs "
        f"twice at a time. Try again when `td-connector history {name}` says that it has ended."
    )
