"""A schedule, and what a look at the clock makes of it."""

from __future__ import annotations

import uuid
from bisect import bisect_left
from dataclasses import dataclass
from itertools import islice, takewhile
from typing import TYPE_CHECKING

from td_connector.cron import ticks_after
from td_connector.moments import CLOCKS_DIFFER_SECONDS, UnixSeconds
from td_connector.zones import parse_zone

if TYPE_CHECKING:
    from collections.abc import Iterator
    from zoneinfo import ZoneInfo

    from td_connector.load import Load


_MOST_COUNTED = 10_000
"""Of missed ticks; by the minute that is a week."""


@dataclass(frozen=True)
class Schedule:
    """A connection that runs by cron.

    Attributes:
        id: Given by the store; 0 before.
        name: What people call it.
        cron: Five fields or a name; empty when it runs only by hand.
        timezone: The IANA zone in which `cron` is meant.
        delay_seconds: How long after its tick a run starts.
        load: What it runs.
        pipeline: The name under which the target keeps its state beside the rows; a new one with
            each state that a person sets, so that no older state comes back.
        state: The Singer state the next run starts from, as JSON; None before the first.
        is_uncertain: Whether the last run may have published more than `state` tells: it was lost,
            or its target failed.
        next_tick: The first tick that no run stands for; None when it runs only by hand.
    """

    id: int
    name: str
    cron: str
    timezone: str
    delay_seconds: int
    load: Load
    pipeline: str
    state: str | None = None
    is_uncertain: bool = False
    next_tick: UnixSeconds | None = None

    @property
    def zone(self) -> ZoneInfo:
        """The zone of its times."""
        return parse_zone(self.timezone)

    @property
    def next_start(self) -> UnixSeconds | None:
        """When its next run is to start."""
        return None if self.next_tick is None else UnixSeconds(self.next_tick + self.delay_seconds)


@dataclass(frozen=True)
class Due:
    """A run that is due.

    Attributes:
        tick: The latest tick whose time has come; the run stands for it and those before.
        missed: How many ticks before it no run stands for; 10,001 if there are more than 10,000.
        next_tick: The first tick after it.
    """

    tick: UnixSeconds
    missed: int
    next_tick: UnixSeconds

    @property
    def note(self) -> str:
        """What the run's history row says about missed ticks."""
        if not self.missed:
            return ""
        if self.missed == 1:
            return "1 earlier run was missed; this one stands for all."
        more = self.missed > _MOST_COUNTED
        runs = f"More than {_MOST_COUNTED:,}" if more else str(self.missed)
        return f"{runs} earlier runs were missed; this one stands for all."


def new_pipeline(name: str) -> str:
    """Return a name that no schedule had before."""
    return f"{name}-{uuid.uuid4().hex[:8]}"


def first_tick(cron: str, zone: ZoneInfo, now: UnixSeconds) -> UnixSeconds | None:
    """Return the first tick of a new or changed schedule; None without a cron line."""
    return next(ticks_after(cron, zone, now)) if cron else None


def tick_instead(schedule: Schedule, now: UnixSeconds) -> UnixSeconds | None:
    """Return the tick to wait for in the place of one that a clock has set that was ahead.

    A tick that a clock less than an hour ahead may have set is let be: it may be that of another
    machine.
    """
    if schedule.next_tick is None:
        return None
    after_an_hour = UnixSeconds(now + CLOCKS_DIFFER_SECONDS)
    latest = next(ticks_after(schedule.cron, schedule.zone, after_an_hour))
    if schedule.next_tick <= latest:
        return None
    return first_tick(schedule.cron, schedule.zone, now)


def due(schedule: Schedule, now: UnixSeconds) -> Due | None:
    """Return the run that a schedule is due for, or None.

    However late the look is, one run stands for all ticks that have passed. What is to be done does
    not grow with their number: a clock that was wrong may let millions have passed.
    Decision: docs/decisions/0605-late-runs-run-once.md.
    """
    until = UnixSeconds(now - schedule.delay_seconds)
    if schedule.next_tick is None or schedule.next_tick > until:
        return None
    passed = takewhile(lambda tick: tick <= until, _later_ticks(schedule, schedule.next_tick))
    missed = sum(1 for _ in islice(passed, _MOST_COUNTED + 1))
    tick = _last_tick(schedule, schedule.next_tick, until)
    return Due(tick, missed, next(_later_ticks(schedule, tick)))


def _last_tick(schedule: Schedule, since: UnixSeconds, until: UnixSeconds) -> UnixSeconds:
    """Return the last tick that is not after `until`; `since` is one."""
    seconds = range(int(since), int(until) + 1)
    is_over = bisect_left(
        seconds, True, key=lambda second: next(_later_ticks(schedule, second)) > until
    )
    return UnixSeconds(float(seconds[is_over]))


def _later_ticks(schedule: Schedule, after: float) -> Iterator[UnixSeconds]:
    return ticks_after(schedule.cron, schedule.zone, UnixSeconds(after))
