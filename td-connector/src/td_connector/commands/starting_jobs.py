"""Start a queued job: here, or in a process of its own that outlives the command."""

from __future__ import annotations

import os
import signal
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click
from rich.console import Console

from td_connector.errors import ConnectorError
from td_connector.formats import Format
from td_connector.moments import now
from td_connector.new_jobs import this_runner
from td_connector.running import Runner
from td_connector.showing import print_history
from td_connector.stopping import Stop
from td_connector.store import jobs
from td_connector.zones import parse_zone

if TYPE_CHECKING:
    from collections.abc import Iterator

    from td_connector.job import Job
    from td_connector.store.database import Store

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@contextmanager
def stop_on_signals() -> Iterator[Stop]:
    """Yield what the first signal asks to end in order, and the second at once."""
    stop = Stop()
    before = {
        number: signal.signal(number, lambda got, _frame: stop.ask(_name(got)))
        for number in _SIGNALS
    }
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _name(number: int) -> str:
    return "Ctrl-C" if number == signal.SIGINT else signal.Signals(number).name


def start(store: Store, queued: Job, chosen: Format, *, wait: bool) -> int:
    """Start a queued job, say which it is, and return the exit code of the command."""
    if chosen is Format.TABLE:
        click.echo(f"Job {queued.id} is queued.")
        click.echo(f"Use 'td-connector job {queued.id}' to show the status.")
    if not wait:
        _start_in_background(store, queued)
        ended = queued
    else:
        ended = run_here(store, queued.id)
    if chosen is not Format.TABLE:
        print_history([ended], parse_zone("UTC"), now(), chosen, of_all=True)
    elif wait:
        click.echo(f"Status     : {ended.status}")
    if ended.reason:
        click.echo(f"td-connector: {ended.reason}", err=True)
    return ended.exit_code or 0


def run_here(store: Store, id_: int) -> Job:
    """Run a queued job in this process, and return it as it ended.

    Raises:
        ConnectorError: If it is no longer queued.
    """
    with stop_on_signals() as stop, Console(stderr=True).status("Starting …") as status:
        runner = Runner(
            store,
            stop,
            tell=lambda progress: status.update(
                "Stopping, what was read is loaded. Ctrl-C again stops at once …"
                if stop.is_asked
                else f"{progress.records:,} rows …"
            ),
        )
        taken = jobs.take(store, id_, owner=this_runner(), now=now())
        if taken is None:
            raise ConnectorError(f"Job {id_} is not queued any more: it was run, or is lost.")
        return runner.run(taken)


def _start_in_background(store: Store, queued: Job) -> None:
    url = store.engine.url.render_as_string(hide_password=False)
    nowhere = [
        (os.POSIX_SPAWN_OPEN, descriptor, os.devnull, os.O_RDWR, 0) for descriptor in range(3)
    ]
    # Not by `subprocess`: nobody will wait for it.
    os.posix_spawn(
        sys.executable,
        [sys.executable, "-m", "td_connector", "work", str(queued.id)],
        # A password in the URL must not stand in the list of processes.
        {**os.environ, "TD_CONNECTOR_STORE": url},
        file_actions=nowhere,
        setsid=True,
    )
