"""Schedules in the store."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import Select, exists, insert, select, update
from sqlalchemy import delete as sql_delete
from sqlalchemy.exc import IntegrityError

from td_connector.errors import TryLaterError, UserError
from td_connector.job import ACTIVE
from td_connector.store.rows import row_of_schedule, schedule_of
from td_connector.store.tables import jobs, schedules

if TYPE_CHECKING:
    from td_connector.moments import UnixSeconds
    from td_connector.schedule import Schedule
    from td_connector.store.database import Store


_RUNNING = "The schedule is running and moves its state. Try again when it has ended."


def create(store: Store, schedule: Schedule) -> Schedule:
    """Keep a new schedule.

    Raises:
        UserError: If there is one of that name.
    """
    try:
        with store.transaction() as connection:
            connection.execute(insert(schedules).values(row_of_schedule(schedule)))
    except IntegrityError:
        raise _taken(schedule.name) from None
    return find(store, schedule.name)


def all_by_name(store: Store) -> list[Schedule]:
    """Return all schedules, sorted by name."""
    with store.transaction() as connection:
        found = connection.execute(select(schedules)).mappings()
        return sorted(map(schedule_of, found), key=lambda schedule: schedule.name)


def waiting(store: Store, now: UnixSeconds) -> list[Schedule]:
    """Return the schedules whose next run is due and that do not run, the longest overdue first."""
    start = schedules.c.next_tick + schedules.c.delay_seconds
    active = jobs.c.status.in_([status.value for status in ACTIVE])
    runs = exists().where(active & (jobs.c.schedule_id == schedules.c.id))
    wanted = select(schedules).where((start <= now) & ~runs).order_by(start, schedules.c.name)
    with store.transaction() as connection:
        return list(map(schedule_of, connection.execute(wanted).mappings()))


def find(store: Store, name: str) -> Schedule:
    """Return the schedule of a name.

    Raises:
        UserError: If there is none.
    """
    with store.transaction() as connection:
        wanted = select(schedules).where(schedules.c.name == name)
        found = connection.execute(wanted).mappings().first()
    if found is None:
        raise UserError(
            f"There is no schedule `{name}` in the store `{store.shown_url}`. "
            "`td-connector list` shows those that are there."
        )
    return schedule_of(found)


def with_id(store: Store, id_: int) -> Schedule | None:
    """Return the schedule of an id; None if it was deleted."""
    with store.transaction() as connection:
        wanted = select(schedules).where(schedules.c.id == id_)
        found = connection.execute(wanted).mappings().first()
    return schedule_of(found) if found else None


def replace(store: Store, schedule: Schedule, *, with_state: bool) -> None:
    """Put a changed schedule in the place of the one with its id; its jobs take its name.

    Its state is left as it is in the store, unless `with_state`: a run may be moving it. So is its
    next tick, unless its times change: a scheduler may have claimed it.

    Raises:
        UserError: If another has the new name.
        TryLaterError: If `with_state` while a job runs, which moves the state.
    """
    row = row_of_schedule(schedule)
    if not with_state:
        del row["pipeline"], row["state"], row["is_uncertain"]
    same_times = select(schedules.c.id).where(
        (schedules.c.id == schedule.id)
        & (schedules.c.cron == schedule.cron)
        & (schedules.c.timezone == schedule.timezone)
        & (schedules.c.delay_seconds == schedule.delay_seconds)
    )
    try:
        with store.transaction() as connection:
            if connection.execute(same_times).first() is not None:
                del row["next_tick"]
            connection.execute(update(schedules).where(schedules.c.id == schedule.id).values(row))
            # The row is ours from here on: no job begins before the end.
            if with_state and connection.execute(_active_job(schedule)).first() is not None:
                raise TryLaterError(_RUNNING)
            connection.execute(
                update(jobs).where(jobs.c.schedule_id == schedule.id).values(schedule=schedule.name)
            )
    except IntegrityError:
        raise _taken(schedule.name) from None


def wait_for(store: Store, schedule: Schedule, tick: UnixSeconds) -> bool:
    """Let a schedule wait for an earlier tick. False if it was changed or claimed since.

    Jobs of ticks from there on have run too early and stand for none of them.
    """
    as_seen = (
        (schedules.c.id == schedule.id)
        & (schedules.c.next_tick == int(schedule.next_tick or 0))
        & (schedules.c.cron == schedule.cron)
        & (schedules.c.timezone == schedule.timezone)
    )
    moved = update(schedules).where(as_seen).values(next_tick=int(tick))
    too_early = (jobs.c.schedule_id == schedule.id) & (jobs.c.tick >= int(tick))
    with store.transaction() as connection:
        if connection.execute(moved).rowcount != 1:
            return False
        connection.execute(update(jobs).where(too_early).values(tick=None))
    return True


def delete(store: Store, schedule: Schedule) -> None:
    """Delete a schedule with its state; its jobs stay, and one that runs goes on."""
    with store.transaction() as connection:
        connection.execute(sql_delete(schedules).where(schedules.c.id == schedule.id))


def _active_job(schedule: Schedule) -> Select[tuple[int]]:
    """The job of a schedule that is not over."""
    active = jobs.c.status.in_([status.value for status in ACTIVE])
    return select(jobs.c.id).where(active & (jobs.c.schedule_id == schedule.id))


def _taken(name: str) -> UserError:
    return UserError(
        f"There is a schedule `{name}` already. Choose another name, or change that one with "
        f"`td-connector update {name}`."
    )
