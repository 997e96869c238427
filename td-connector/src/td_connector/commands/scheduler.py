"""The command that runs schedules."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import click

from td_connector.commands.options import with_store
from td_connector.commands.starting_jobs import stop_on_signals
from td_connector.heartbeat import LOST_AFTER_SECONDS
from td_connector.running import Runner
from td_connector.scheduler import Scheduler

if TYPE_CHECKING:
    from td_connector.store.database import Store

_logger = logging.getLogger("td_connector")


@click.command()
@click.option("--once", is_flag=True, help="Run what is due, and end; for cron and systemd.")
@click.option(
    "--parallel",
    type=click.IntRange(1),
    default=1,
    show_default=True,
    help="How many jobs run at a time. A DuckDB file takes one.",
)
@click.option(
    "--poll",
    "poll_seconds",
    type=click.FloatRange(min=0.01),
    default=1.0,
    show_default=True,
    metavar="SECONDS",
    help="How often to look at the clock.",
)
@click.option(
    "--lost-after",
    "lost_after_seconds",
    type=click.FloatRange(min=0.1),
    default=LOST_AFTER_SECONDS,
    show_default=True,
    metavar="SECONDS",
    help="When a job of this scheduler that is not heard of counts as lost.",
)
@with_store
def scheduler(
    store: Store,
    once: bool,  # noqa: FBT001 - click passes flags
    parallel: int,
    poll_seconds: float,
    lost_after_seconds: float,
) -> int:
    """Run the schedules when they are due, until stopped.

    Any number of schedulers may share one store. SIGINT and SIGTERM end the running jobs in
    order: what was read is loaded, and the next run goes on from there.
    """
    with stop_on_signals() as stop:
        runner = Runner(store, stop)
        loop = Scheduler(runner, parallel, lost_after_seconds)
        if once:
            return min((job.exit_code for job in loop.once() if job.exit_code), default=0)
        _logger.info("Runs the schedules of `%s` until it is stopped.", store.shown_url)
        loop.forever(poll_seconds)
    return 0
