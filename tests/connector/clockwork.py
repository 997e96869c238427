"""Make schedules due, and look at what their ticks became: the clock does not wait for tests."""

from __future__ import annotations

import signal
import time
from collections import Counter
from typing import TYPE_CHECKING

from sqlalchemy import select, update

from td_connector.store.database import open_store
from td_connector.store.tables import jobs as job_table
from td_connector.store.tables import schedules as schedule_table

if TYPE_CHECKING:
    import subprocess

    from tests.connector.workshop import Workshop

QUICK = ("scheduler", "--poll", "0.2", "--lost-after", "3")
MINUTE = 60


def make_due(workshop: Workshop, *, minutes: int = 0) -> int:
    """Let every schedule have been due for some minutes; returns the first tick due."""
    tick = int(time.time()) // MINUTE * MINUTE - minutes * MINUTE
    store = open_store(workshop.store)
    with store.transaction() as connection:
        connection.execute(update(schedule_table).values(next_tick=tick))
    store.close()
    return tick


def ticks(workshop: Workshop) -> Counter[tuple[str, int]]:
    store = open_store(workshop.store)
    with store.transaction() as connection:
        found = connection.execute(select(job_table.c.schedule, job_table.c.tick)).all()
    store.close()
    return Counter((name, tick) for name, tick in found)


def stop(process: subprocess.Popen[str], number: signal.Signals = signal.SIGTERM) -> str:
    process.send_signal(number)
    _, said = process.communicate(timeout=60)
    return said
