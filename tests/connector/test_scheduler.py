"""The scheduler: what is due runs once, and what is stopped or lost loses nothing."""

from __future__ import annotations

import json
import os
import signal
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import update

from td_connector.moments import UnixSeconds
from td_connector.running import Runner
from td_connector.scheduler import Scheduler
from td_connector.stopping import Stop
from td_connector.store import jobs
from td_connector.store.database import open_store
from td_connector.store.tables import schedules as schedule_table
from tests.connector.clockwork import MINUTE, QUICK, make_due, stop, ticks

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.connector.workshop import Workshop

DAY = 86400


def test_once_runs_what_is_due_and_ends(workshop: Workshop) -> None:
    workshop.create("due", "@monthly", rows=2)
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
    # A minute may have ended before the scheduler looked.
    assert job["Reason"] in {
        f"{missed} earlier runs were missed; this one stands for all." for missed in (90, 91)
    }


def test_a_stopped_scheduler_ends_its_run_in_order_and_nothing_read_is_lost(
    workshop: Workshop,
) -> None:
    workshop.create("long", "@monthly", rows=1000, seconds=0.05)
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


def test_an_idle_scheduler_stops_at_once_and_says_by_what(workshop: Workshop) -> None:
    scheduler = workshop.start(*QUICK)
    assert scheduler.stderr is not None
    scheduler.stderr.readline()

    said = stop(scheduler, signal.SIGINT)

    assert scheduler.returncode == 0
    assert said.endswith(" Stopped by Ctrl-C.\n")


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
        store, stop_, clock=lambda: UnixSeconds(time.time() + (9000 if ahead.is_set() else 0))
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


def test_a_job_that_is_heard_of_is_not_lost_though_its_clock_is_behind(workshop: Workshop) -> None:
    """So seem all jobs when a machine wakes up, and its cron starts `scheduler --once`."""
    workshop.create("s", "* * * * *", rows=100, seconds=0.1)
    make_due(workshop, minutes=200)
    store, stop_ = open_store(workshop.store), Stop()
    behind = Runner(store, stop_, clock=lambda: UnixSeconds(time.time() - 9000))
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(Scheduler(behind, 1, 2.0).once)
        workshop.until(lambda: len(workshop.ids()) > 1)
        said = [workshop.td("scheduler", "--once"), workshop.td("run", "s", "--wait")]
        stop_.ask("the test")
        running.result()
    store.close()

    assert [each.code for each in said] == [0, 75]
    assert [job["Status"] for job in workshop.jobs()] == ["killed"]


def uncertain(workshop: Workshop, *, think: float) -> None:
    """Leave a schedule behind whose target was killed after a commit, and answers so slowly."""
    out = {"die_after": {"next": 2}, "think": think}
    workshop.create("s", "* * * * *", rows=2, out=out)
    assert workshop.td("run", "s", "--wait").code == 1


def test_a_job_whose_target_takes_long_to_tell_its_state_is_not_lost(workshop: Workshop) -> None:
    uncertain(workshop, think=3)
    impatient = ("scheduler", "--poll", "0.1", "--lost-after", "1")
    schedulers = [workshop.start(*impatient) for _ in range(2)]
    make_due(workshop)

    workshop.until(lambda: workshop.job_status(2) not in {None, "running"})

    for scheduler in schedulers:
        stop(scheduler)
    assert workshop.job_status(2) == "success"
    assert workshop.ids()[:4] == [0, 1, 2, 3]


def test_a_run_is_stopped_also_while_its_target_looks_for_its_state(workshop: Workshop) -> None:
    uncertain(workshop, think=600)
    running = workshop.start("run", "s", "--wait")
    workshop.until((workshop.folder / "thinking").exists)

    stop(running)

    assert running.returncode == 75
    assert workshop.job(2)["Reason"] == "Stopped by SIGTERM."
    assert workshop.ids() == [0, 1]


def forever_by_clocks(workshop: Workshop, *offsets: tuple[float, Callable[[], bool]]) -> None:
    """Let a scheduler run whose clock is wrong by each of the offsets until something holds."""
    wrong_by = [offsets[0][0]]
    store = open_store(workshop.store)
    runner = Runner(store, Stop(), clock=lambda: UnixSeconds(time.time() + wrong_by[0]))
    with ThreadPoolExecutor(1) as pool:
        ended = pool.submit(Scheduler(runner, 1, 300.0).forever, 0.05)
        try:
            for wrong_by[0], is_enough in offsets:
                workshop.until(is_enough)
        finally:
            runner.stop.ask("the test")
            ended.result()
    store.close()


def seconds_until_next(workshop: Workshop, name: str) -> float:
    waits_for = datetime.strptime(workshop.show(name)["Next"], "%Y-%m-%d %H:%M:%S %z")
    return waits_for.timestamp() - time.time()


@pytest.mark.parametrize("days", [1, 365])
def test_a_clock_that_is_set_back_after_it_was_ahead_stops_no_schedule(
    workshop: Workshop, days: int
) -> None:
    """A machine may start with a wrong clock, which is set right a little later."""
    workshop.create("s", "* * * * *", rows=1)
    make_due(workshop)
    workshop.create("by_hand", "", rows=1)

    forever_by_clocks(
        workshop,
        (days * DAY, lambda: seconds_until_next(workshop, "s") > DAY - 2 * MINUTE),
        (0, lambda: seconds_until_next(workshop, "s") < 2 * MINUTE),
    )

    # When the time comes that the clock was ahead to, the schedule runs too.
    runs = len(workshop.jobs("s"))
    forever_by_clocks(workshop, (days * DAY, lambda: len(workshop.jobs("s")) > runs))


def test_a_clock_that_is_behind_for_a_while_only_lets_schedules_wait(workshop: Workshop) -> None:
    """A machine without a battery starts in the past, until the network tells the time."""
    workshop.create("s", "* * * * *", rows=1)
    make_due(workshop)
    assert workshop.td("scheduler", "--once").code == 0
    before, stood_for = workshop.show("s"), ticks(workshop)
    looks_until = time.monotonic() + 1

    behind = -2 * 365 * DAY
    forever_by_clocks(workshop, (behind, lambda: time.monotonic() > looks_until))
    store = open_store(workshop.store)
    past = Runner(store, Stop(), clock=lambda: UnixSeconds(time.time() + behind))
    assert Scheduler(past, 1, 300.0).once() == []
    store.close()

    assert (workshop.show("s"), ticks(workshop)) == (before, stood_for)


def test_a_schedule_whose_zone_this_machine_does_not_know_keeps_no_other_from_running(
    workshop: Workshop, caplog: pytest.LogCaptureFixture
) -> None:
    """Another machine at the same store may have newer zones."""
    for name in ("a", "b"):
        workshop.create(name, "@monthly", rows=1)
    make_due(workshop)
    store = open_store(workshop.store)
    with store.transaction() as connection:
        of_a = schedule_table.c.name == "a"
        connection.execute(update(schedule_table).where(of_a).values(timezone="Europe/Nowhere"))
    store.close()

    assert workshop.td("scheduler", "--once").code == 0

    assert [job["Schedule"] for job in workshop.jobs()] == ["b"]
    assert "`a` does not run here. There is no time zone `Europe/Nowhere`." in caplog.text
    assert [row["Name"] for row in workshop.td("list", "-f", "json").rows] == ["a", "b"]


def test_a_run_by_hand_is_not_lost_to_a_scheduler_that_is_less_patient(workshop: Workshop) -> None:
    """Each job says itself how long it may be silent."""
    workshop.create("s", "", rows=2, seconds=1)
    scheduler = workshop.start("scheduler", "--poll", "0.1", "--lost-after", "0.5")
    assert scheduler.stderr is not None
    scheduler.stderr.readline()

    assert workshop.td("run", "s", "--wait").code == 0

    stop(scheduler)
    assert workshop.ids() == [0, 1]


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
    while not jobs.lose(store, jobs.find(store, job.id), job.scheduled_at):
        pass
    state = workshop.show("s")["Config Diff"]
    store.close()

    workshop.until(lambda: is_quiet(workshop))

    assert workshop.job(job.id)["Status"] == "lost"
    assert workshop.show("s")["Config Diff"] == state
    stop(scheduler)


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
