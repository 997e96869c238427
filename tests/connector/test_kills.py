"""Every tick runs once, whoever looks, and whatever is killed."""

from __future__ import annotations

import os
import random
import signal
import time
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import update

from td_connector.store import jobs
from td_connector.store.database import open_store
from td_connector.store.tables import schedules as schedule_table
from tests.connector.clockwork import MINUTE, stop, ticks

if TYPE_CHECKING:
    from tests.connector.workshop import Workshop

# How often a scheduler is killed; more with TD_TEST_KILLS=100.
ROUNDS = int(os.environ.get("TD_TEST_KILLS", "2"))


@pytest.mark.timeout(240 + 10 * ROUNDS)
def test_of_four_schedulers_that_are_killed_at_random_each_tick_is_run_by_one_and_no_row_is_doubled(
    shared_workshop: Workshop,
) -> None:
    workshop, chance = shared_workshop, random.Random(ROUNDS)
    names = ["a", "b", "c"]
    for name in names:
        workshop.create(name, "* * * * *", rows=3, seconds=0.1)
    crew = ("scheduler", "--poll", "0.1", "--lost-after", "1.5", "--parallel", "2")
    running = [workshop.start(*crew) for _ in range(4)]
    expected: set[tuple[str, int]] = set()
    for minutes in range(ROUNDS, 0, -1):
        tick = make_due_one(workshop, names, minutes)
        expected |= {(name, tick) for name in names}
        time.sleep(chance.uniform(0, 0.5))
        stop(running.pop(chance.randrange(len(running))), signal.SIGKILL)
        running.append(workshop.start(*crew))
        workshop.until(lambda due=tick: claimed(workshop, due) == len(names), 60)
    workshop.until(lambda: not any(job["Status"] == "running" for job in workshop.jobs()), 60)
    for process in running:
        stop(process)

    found = ticks(workshop)
    assert set(found) >= expected
    assert max(found.values()) == 1
    assert {job["Status"]: job["Reason"] for job in workshop.jobs()}.keys() <= {"success", "lost"}
    assert overlaps(workshop, names) == []
    for ids in workshop.ids_by_pipeline().values():
        assert ids == list(range(len(ids)))


def make_due_one(workshop: Workshop, names: list[str], minutes: int) -> int:
    """Make one tick of the past due once no run is going on; the clock does not wait for tests."""
    workshop.until(lambda: not any(job["Status"] == "running" for job in workshop.jobs()), 60)
    tick = int(time.time()) // MINUTE * MINUTE - minutes * MINUTE
    store = open_store(workshop.store)
    for name in names:
        with store.transaction() as connection:
            connection.execute(
                update(schedule_table)
                .where(schedule_table.c.name == name)
                .values(next_tick=tick, cron=only(tick))
            )
    store.close()
    return tick


def only(tick: int) -> str:
    """The cron line of one minute of a year."""
    moment = time.gmtime(tick)
    return f"{moment.tm_min} {moment.tm_hour} {moment.tm_mday} {moment.tm_mon} *"


def claimed(workshop: Workshop, tick: int) -> int:
    return sum(found for (_, each), found in ticks(workshop).items() if each == tick)


def overlaps(workshop: Workshop, names: list[str]) -> list[tuple[int, int]]:
    """Pairs of runs of one schedule of which the later started before the earlier ended."""
    store = open_store(workshop.store)
    found = [job for job in jobs.newest(store) if job.schedule in names]
    store.close()
    return [
        (earlier.id, later.id)
        for earlier in found
        for later in found
        if earlier.schedule == later.schedule
        and earlier.id < later.id
        and (earlier.ended_at or 0) > (later.started_at or 0)
    ]
