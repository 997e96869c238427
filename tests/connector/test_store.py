"""What the store promises, on SQLite and on PostgreSQL."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import insert, update

from td_connector.errors import TryLaterError, UserError
from td_connector.job import Job, Progress, Status
from td_connector.load import Load
from td_connector.moments import UnixSeconds
from td_connector.new_jobs import job_by_hand, job_of_tick
from td_connector.outcome import Outcome
from td_connector.schedule import Schedule, due
from td_connector.store import jobs, schedules
from td_connector.store.rows import row_of_job
from td_connector.store.tables import jobs as job_table
from td_connector.store.tables import schedules as schedule_table

if TYPE_CHECKING:
    from td_connector.store.database import Store

NOON = UnixSeconds(1_800_000_000)


def at(seconds: float) -> UnixSeconds:
    return UnixSeconds(NOON + seconds)


def daily(store: Store, **changes: Any) -> Schedule:
    load = Load("/", config='{"in": {"secret_key": "hunter2"}}', database="d", table="t")
    made = Schedule(0, "daily", "@hourly", "UTC", 0, load, "daily-1", next_tick=NOON)
    return schedules.create(store, replace(made, **changes))


def claimed(store: Store, schedule: Schedule, now: UnixSeconds = NOON) -> Job | None:
    found = due(schedule, now)
    assert found is not None
    job = job_of_tick(schedule, found, owner=f"runner at {now}", lost_after_seconds=300, now=now)
    return jobs.claim(store, schedule, found, job)


def running(store: Store, schedule: Schedule, now: UnixSeconds = NOON) -> Job:
    job = claimed(store, schedule, now)
    assert job is not None
    return job


def test_a_schedule_comes_back_as_it_was_stored(store: Store) -> None:
    schedule = daily(store, state='{"a": 1}', delay_seconds=7)

    assert schedules.find(store, "daily") == schedule
    assert schedules.with_id(store, schedule.id) == schedule
    assert schedules.all_by_name(store) == [schedule]


def test_a_tick_is_claimed_once(store: Store) -> None:
    schedule = daily(store)

    first, second = claimed(store, schedule), claimed(store, schedule)

    assert first is not None
    assert first.tick == NOON
    assert second is None
    assert schedules.find(store, "daily").next_tick == at(3600)


def test_of_many_who_claim_at_the_same_time_one_gets_the_tick(store: Store) -> None:
    schedule = daily(store)

    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: claimed(store, schedule), range(8)))

    assert sum(job is not None for job in found) == 1


def test_no_schedule_is_claimed_while_it_runs_and_its_ticks_are_kept_for_later(
    store: Store,
) -> None:
    job = running(store, daily(store))
    schedule = schedules.find(store, "daily")

    assert schedules.waiting(store, at(3600)) == []
    assert claimed(store, schedule, at(3600)) is None
    assert schedules.find(store, "daily") == schedule

    jobs.end(store, job, Progress(), Outcome(Status.SUCCESS), at(7300))
    later = claimed(store, schedule, at(7300))
    assert later is not None
    assert later.tick == at(7200)
    assert later.note == "1 earlier run was missed; this one stands for all."


def test_a_run_by_hand_does_not_overlap_either(store: Store) -> None:
    schedule = daily(store)
    by_hand = job_by_hand(schedule.load, schedule, scheduled_at=NOON, now=NOON)

    assert jobs.queue(store, by_hand) is not None
    assert jobs.queue(store, by_hand) is None
    assert claimed(store, schedule) is None


def test_a_state_is_not_set_while_a_job_moves_it(store: Store) -> None:
    job = running(store, daily(store))
    schedule = schedules.find(store, "daily")
    anew = replace(schedule, name="anew", state=None, pipeline="p2")

    with pytest.raises(TryLaterError, match="is running and moves its state"):
        schedules.replace(store, anew, with_state=True)
    assert schedules.find(store, "daily") == schedule

    jobs.end(store, job, Progress(), Outcome(Status.SUCCESS), NOON)
    schedules.replace(store, anew, with_state=True)
    assert schedules.find(store, "anew").pipeline == "p2"


def test_no_run_by_hand_begins_while_the_state_is_set(store: Store) -> None:
    schedule = daily(store)
    by_hand = job_by_hand(schedule.load, schedule, scheduled_at=NOON, now=NOON)

    with ThreadPoolExecutor(1) as pool:
        with store.transaction() as connection:
            connection.execute(update(schedule_table).values(state="{}"))
            queued = pool.submit(jobs.queue, store, by_hand)
            assert not wait([queued], timeout=0.3).done
        assert queued.result() is not None


def test_loads_of_no_schedule_may_run_side_by_side(store: Store) -> None:
    issued = job_by_hand(Load("/"), None, scheduled_at=NOON, now=NOON)

    assert jobs.queue(store, issued) is not None
    assert jobs.queue(store, issued) is not None


def test_the_longest_overdue_schedule_waits_first(store: Store) -> None:
    daily(store, name="a", next_tick=at(-10))
    daily(store, name="b", next_tick=at(-30), delay_seconds=10)
    daily(store, name="c", next_tick=at(-10), delay_seconds=11)
    daily(store, name="d", next_tick=None)

    assert [each.name for each in schedules.waiting(store, NOON)] == ["b", "a"]


def test_a_schedule_that_changed_is_not_claimed_by_who_saw_it_before(store: Store) -> None:
    schedule = daily(store)
    schedules.replace(store, replace(schedule, cron="@daily"), with_state=False)

    assert claimed(store, schedule) is None


def test_a_claimed_job_runs_what_the_schedule_says_now(store: Store) -> None:
    schedule = daily(store)
    changed = replace(schedule, load=replace(schedule.load, table="new"))
    schedules.replace(store, changed, with_state=False)

    assert running(store, schedule).load.table == "new"


def test_the_state_moves_with_a_heartbeat_and_with_the_end(store: Store) -> None:
    schedule = daily(store)
    job = running(store, schedule)

    assert jobs.beat(store, job, Progress(5, "log", '{"n": 1}'), at(10))
    assert schedules.find(store, "daily").state == '{"n": 1}'
    assert jobs.end(
        store, job, Progress(9, "log", '{"n": 2}'), Outcome(Status.ERROR, 2, "No."), at(20)
    )
    assert schedules.find(store, "daily").state == '{"n": 2}'
    ended = jobs.find(store, job.id)
    assert (ended.status, ended.records, ended.exit_code, ended.reason, ended.ended_at) == (
        Status.ERROR, 9, 2, "No.", at(20),
    )  # fmt: skip
    assert jobs.log(store, job.id) == "log"


def test_a_run_that_let_no_state_out_leaves_the_state(store: Store) -> None:
    schedule = daily(store, state='{"n": 1}')

    jobs.end(store, running(store, schedule), Progress(), Outcome(Status.ERROR, 1), at(1))

    assert schedules.find(store, "daily").state == '{"n": 1}'


def test_a_schedule_is_uncertain_after_a_target_that_failed_until_the_next_lets_a_state_out(
    store: Store,
) -> None:
    schedule = daily(store)
    failed = Outcome(Status.ERROR, 1, is_uncertain=True)

    jobs.end(store, running(store, schedule), Progress(state='{"n": 1}'), failed, at(1))
    left = schedules.find(store, "daily")
    assert (left.state, left.is_uncertain) == ('{"n": 1}', True)

    job = running(store, left, at(3600))
    jobs.beat(store, job, Progress(), at(3601))
    assert schedules.find(store, "daily").is_uncertain
    jobs.end(store, job, Progress(state='{"n": 2}'), Outcome(Status.SUCCESS), at(3602))
    assert not schedules.find(store, "daily").is_uncertain


def test_an_update_leaves_the_state_that_a_run_moved_meanwhile(store: Store) -> None:
    schedule = daily(store)
    jobs.beat(store, running(store, schedule), Progress(0, "", '{"n": 1}'), at(1))

    schedules.replace(store, replace(schedule, delay_seconds=5), with_state=False)

    assert schedules.find(store, "daily").state == '{"n": 1}'
    assert schedules.find(store, "daily").delay_seconds == 5


def test_an_update_leaves_the_tick_that_a_scheduler_claimed_meanwhile(store: Store) -> None:
    schedule = daily(store)
    running(store, schedule)

    schedules.replace(store, replace(schedule, name="nightly"), with_state=False)

    assert schedules.find(store, "nightly").next_tick == at(3600)


def test_a_job_without_heartbeat_is_lost_and_its_schedule_uncertain(store: Store) -> None:
    job = running(store, daily(store))
    jobs.beat(store, job, Progress(), at(100))

    assert jobs.silent(store, at(400)) == []
    (silent,) = jobs.silent(store, at(401))
    assert silent.id == job.id
    assert jobs.lose(store, silent, at(401))
    assert not jobs.lose(store, silent, at(401))
    assert jobs.silent(store, at(401)) == []
    found = jobs.find(store, job.id)
    assert (found.status, found.ended_at, found.exit_code) == (Status.LOST, at(401), 1)
    assert schedules.find(store, "daily").is_uncertain


def test_a_job_that_was_heard_of_since_it_seemed_silent_is_not_lost(store: Store) -> None:
    job = running(store, daily(store))
    (silent,) = jobs.silent(store, at(301))

    jobs.beat(store, job, Progress(), at(302))

    assert not jobs.lose(store, silent, at(303))
    assert jobs.find(store, job.id).status is Status.RUNNING
    assert not schedules.find(store, "daily").is_uncertain


def test_a_lost_job_moves_no_state_and_does_not_come_back(store: Store) -> None:
    job = running(store, daily(store))
    jobs.lose(store, job, at(301))
    progress = Progress(5, "", '{"n": 1}')

    assert not jobs.beat(store, job, progress, at(2))
    assert not jobs.end(store, job, progress, Outcome(Status.SUCCESS), at(3))
    assert jobs.find(store, job.id).status is Status.LOST
    assert schedules.find(store, "daily").state is None


def test_a_queued_job_is_taken_once(store: Store) -> None:
    queued = jobs.queue(store, job_by_hand(Load("/"), None, scheduled_at=NOON, now=NOON))
    assert queued is not None

    assert jobs.take(store, queued.id, owner="a", now=at(1)) is not None
    assert jobs.take(store, queued.id, owner="b", now=at(1)) is None
    assert jobs.find(store, queued.id).owner == "a"


def test_the_settings_of_a_job_go_with_its_end(store: Store) -> None:
    job = running(store, daily(store))
    assert "hunter2" in job.load.config

    jobs.end(store, job, Progress(), Outcome(Status.SUCCESS), at(1))

    assert jobs.find(store, job.id).load.config == ""
    assert jobs.find(store, job.id).load.table == "t"


def test_jobs_follow_a_schedule_that_is_renamed_and_stay_when_it_is_deleted(store: Store) -> None:
    schedule = daily(store)
    job = running(store, schedule)

    schedules.replace(store, replace(schedule, name="nightly"), with_state=False)
    assert jobs.find(store, job.id).schedule == "nightly"
    schedules.delete(store, schedule)
    assert jobs.end(store, job, Progress(1, "", "{}"), Outcome(Status.SUCCESS), at(1))

    again = daily(store, name="nightly")
    assert jobs.newest(store, of=again) == []
    assert [each.id for each in jobs.newest(store)] == [job.id]


def test_a_name_is_taken_once(store: Store) -> None:
    daily(store)
    other = daily(store, name="other")

    with pytest.raises(UserError, match="There is a schedule `daily` already"):
        daily(store)
    with pytest.raises(UserError, match="There is a schedule `daily` already"):
        schedules.replace(store, replace(other, name="daily"), with_state=False)


def test_logs_of_the_newest_jobs_of_a_schedule_are_kept_and_the_rows_of_all(store: Store) -> None:
    schedule, other = daily(store), daily(store, name="other")
    newest = jobs.KEPT_LOGS + 2
    with store.transaction() as connection:
        for each in (schedule, other):
            row = row_of_job(job_by_hand(each.load, each, scheduled_at=NOON, now=NOON))
            ended = {**row, "status": "success", "log": "said"}
            connection.execute(insert(job_table), [ended] * (newest - 1))

    jobs.end(store, running(store, schedule), Progress(log="said"), Outcome(Status.SUCCESS), at(1))

    of_schedule = jobs.newest(store, of=schedule)
    logs = [jobs.log(store, job.id) for job in of_schedule]
    assert logs == ["said"] * jobs.KEPT_LOGS + [""] * 2
    assert jobs.log(store, jobs.newest(store, of=other)[-1].id) == "said"
