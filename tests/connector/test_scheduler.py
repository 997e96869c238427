"""The scheduler: every tick once, whoever looks, and whatever is killed."""

from __future__ import annotations

import json
import os
import random
import signal
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select, update

from td_connector.moments import UnixSeconds
from td_connector.running import Runner
from td_connector.scheduler import Scheduler
from td_connector.stopping import Stop
from td_connector.store import jobs
from td_connector.store.database import open_store
from td_connector.store.tables import jobs as job_table
from td_connector.store.tables import schedules as schedule_table

if TYPE_CHECKING:
    import subprocess

    from tests.connector.workshop import Workshop

QUICK = ("scheduler", "--poll", "0.2", "--lost-after", "3")
MINUTE = 60
# How often a scheduler is killed; more with TD_TEST_KILLS=100.
ROUNDS = int(os.environ.get("TD_TEST_KILLS", "2"))


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


def test_once_runs_what_is_due_and_ends(workshop: Workshop) -> None:
    workshop.create("due", "* * * * *", rows=2)
    make_due(workshop)
    workshop.create("not_due", "@monthly", rows=2)

    assert workshop.td("scheduler", "--once").code == 0
    assert [job["Schedule"] for job in workshop.jobs()] == ["due"]
    assert workshop.td("scheduler", "--once").code == 0
    assert len(workshop.jobs()) == 1


def test_once_ends_with_the_code_of_a_run_that_failed(workshop: Workshop) -> None:
    workshop.create("a", "* * * * *", rows=0)
    workshop.create("b", "* * * * *", rows=0, fail=75)
    make_due(workshop)

    assert workshop.td("scheduler", "--once").code == 75
    assert [job["Status"] for job in workshop.jobs()] == ["error", "success"]


def test_ticks_that_were_missed_are_one_run_with_a_note(workshop: Workshop) -> None:
    workshop.create("often", "* * * * *", rows=1)
    make_due(workshop, minutes=90)

    workshop.td("scheduler", "--once")

    (job,) = workshop.jobs("often")
    assert job["Reason"] == "90 earlier runs were missed; this one stands for all."


def test_a_stopped_scheduler_ends_its_run_in_order_and_nothing_read_is_lost(
    workshop: Workshop,
) -> None:
    workshop.create("long", "* * * * *", rows=1000, seconds=0.05)
    make_due(workshop)
    scheduler = workshop.start(*QUICK)
    workshop.until(lambda: len(workshop.ids()) > 3)

    said = stop(scheduler)

    assert scheduler.returncode == 0
    assert "Stopping 1 job(s)" in said
    (job,) = workshop.jobs("long")
    assert (job["Status"], job["Reason"]) == ("killed", "Stopped by SIGTERM.")
    state = json.loads(workshop.show("long")["Config Diff"])
    assert workshop.ids() == list(range(state["next"]))
    assert job["Records"] == state["next"]


def test_an_idle_scheduler_stops_at_once(workshop: Workshop) -> None:
    scheduler = workshop.start(*QUICK)
    assert scheduler.stderr is not None
    scheduler.stderr.readline()

    stop(scheduler, signal.SIGINT)

    assert scheduler.returncode == 0


def test_a_run_whose_scheduler_was_killed_is_lost_and_the_next_doubles_no_row(
    workshop: Workshop,
) -> None:
    """The target published rows whose state nobody heard: the next run asks it."""
    workshop.create("s", "* * * * *", rows=1000, seconds=0.1, deaf=True)
    make_due(workshop)
    scheduler = workshop.start(*QUICK)
    workshop.until(lambda: len(workshop.ids()) > 3)
    stop(scheduler, signal.SIGKILL)
    workshop.until(lambda: is_quiet(workshop))
    known = json.loads(workshop.show("s")["Config Diff"])["next"]
    assert len(workshop.ids()) > known

    workshop.td("update", "s", workshop.load_file(rows=2), "--schedule", "")
    looked = ("scheduler", "--once", "--lost-after", "0.5")
    workshop.until(lambda: workshop.td(*looked).code == 0 and lost(workshop), 20)
    workshop.td("run", "s", "--wait")

    assert [job["Status"] for job in workshop.jobs("s")] == ["success", "lost"]
    assert workshop.ids() == list(range(len(workshop.ids())))


def test_a_tap_ends_with_its_scheduler_also_if_that_is_killed(workshop: Workshop) -> None:
    """Else it would still be reading when the job is lost and the schedule runs again."""
    workshop.create("s", "* * * * *", rows=2, seconds=600)
    make_due(workshop)
    scheduler = workshop.start(*QUICK)
    workshop.until((workshop.folder / "tap.pid").exists)
    tap = int((workshop.folder / "tap.pid").read_text())
    assert is_there(tap)

    stop(scheduler, signal.SIGKILL)

    workshop.until(lambda: not is_there(tap), 5)


def is_there(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    # Nobody waits for an orphan in a container without an init.
    return "Z" not in Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]


def test_a_clock_that_jumps_makes_no_running_job_lost(workshop: Workshop) -> None:
    workshop.create("s", "* * * * *", rows=6, seconds=0.2)
    make_due(workshop)
    ahead = threading.Event()
    store, stop_ = open_store(workshop.store), Stop()
    runner = Runner(
        store, stop_, 0.1, clock=lambda: UnixSeconds(time.time() + (9000 if ahead.is_set() else 0))
    )
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(Scheduler(runner, 1, 2.0).forever, 0.01)
        workshop.until(lambda: len(workshop.ids()) > 1)
        workshop.td("update", "s", "--schedule", "")
        ahead.set()
        workshop.until(lambda: workshop.jobs()[0]["Status"] != "running")
        stop_.ask("the test")
        running.result()
    store.close()

    assert [job["Status"] for job in workshop.jobs()] == ["success"]
    assert workshop.ids() == list(range(6))


def lost(workshop: Workshop) -> bool:
    return any(job["Status"] == "lost" for job in workshop.jobs())


def is_quiet(workshop: Workshop) -> bool:
    """Whether the target that was left alone has ended: it lets its next state out to nobody."""
    before = workshop.ids()
    time.sleep(0.5)
    return before == workshop.ids()


def test_a_job_that_was_declared_lost_ends_its_programs_and_moves_no_state(
    workshop: Workshop,
) -> None:
    workshop.create("s", "* * * * *", rows=1000, seconds=0.05)
    make_due(workshop)
    scheduler = workshop.start(*QUICK)
    workshop.until(lambda: len(workshop.ids()) > 3)
    workshop.td("update", "s", "--schedule", "")
    store = open_store(workshop.store)
    (job,) = jobs.newest(store)
    jobs.lose(store, silent_since=type(job.scheduled_at)(1e12), now=job.scheduled_at)
    state = workshop.show("s")["Config Diff"]
    store.close()

    workshop.until(lambda: is_quiet(workshop))

    assert workshop.job(job.id)["Status"] == "lost"
    assert workshop.show("s")["Config Diff"] == state
    stop(scheduler)


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


def test_a_store_that_goes_away_is_waited_for(
    workshop: Workshop,
) -> None:
    workshop.create("s", "* * * * *", rows=2)
    store = open_store(workshop.store)
    with store.transaction():  # SQLite lets nobody else write meanwhile
        scheduler = workshop.start(*QUICK)
        time.sleep(1)
        assert scheduler.poll() is None
    store.close()
    make_due(workshop)

    workshop.until(lambda: len(workshop.ids()) >= 2)
    stop(scheduler)
