"""The loop that runs what is due. Any number of these may share one store."""

from __future__ import annotations

import contextlib
import logging
import math
import time
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING

from td_connector.errors import TryLaterError, UserError
from td_connector.losing import Watch, lose_after_a_look, lose_dead
from td_connector.moments import SeenClock, format_time
from td_connector.new_jobs import job_of_tick, this_runner
from td_connector.schedule import due, first_tick, tick_instead
from td_connector.store import jobs, schedules

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from td_connector.job import Job
    from td_connector.moments import UnixSeconds
    from td_connector.running import Runner
    from td_connector.schedule import Schedule

_logger = logging.getLogger("td_connector")

_TELL_SECONDS = 60.0


@dataclass(frozen=True)
class Scheduler:
    """Looks at the clock, claims what is due and runs it.

    Attributes:
        runner: Runs the jobs, and is asked to stop.
        parallel: How many jobs run at a time.
        lost_after_seconds: How long its jobs may be silent until they count as lost.
        owner: The name under which jobs are claimed.
    """

    runner: Runner
    parallel: int
    lost_after_seconds: float
    owner: str = field(default_factory=this_runner)

    def once(self) -> list[Job]:
        """Run each schedule that is due, once, and return the jobs as they ended."""
        lost = lose_after_a_look(self.runner.store, self.runner.clock, self._wait, of=None)
        _log_lost(lost)
        self._tell_what_cannot_run()
        with ThreadPoolExecutor(self.parallel, "job") as pool:
            # Claimed when there is room to run it: a claimed job that waits would look lost.
            ended = pool.map(self._run_if_due, self._waiting())
            return [job for job in ended if job is not None]

    def forever(self, poll_seconds: float) -> None:
        """Run what is due until asked to stop; then end what runs, in order."""
        running: set[Future[Job]] = set()
        watch, clock, told_at = Watch(), SeenClock(), -math.inf
        with ThreadPoolExecutor(self.parallel, "job") as pool:
            while not self.runner.stop.is_asked:
                running = {future for future in running if not _is_over(future)}
                try:
                    watch = self._look(watch)
                    clock = self._mend_ticks_of(clock)
                    if time.monotonic() - told_at >= _TELL_SECONDS:
                        self._tell_what_cannot_run()
                        told_at = time.monotonic()
                    for job in self._claims(self.parallel - len(running)):
                        running.add(pool.submit(self._run, job))
                except TryLaterError as error:
                    _logger.warning("%s", error)
                self.runner.stop.wait(poll_seconds)
            if running:
                _logger.info("Stopping %d job(s); a second signal ends them at once.", len(running))
            wait(running)
        _logger.info("Stopped by %s.", self.runner.stop.by)

    def _claims(self, room: int) -> Iterator[Job]:
        claims = (self._claim(schedule) for schedule in self._waiting())
        yield from islice((job for job in claims if job is not None), max(room, 0))

    def _waiting(self) -> list[Schedule]:
        return schedules.waiting(self.runner.store, self.runner.clock())

    def _claim(self, schedule: Schedule) -> Job | None:
        now = self.runner.clock()
        try:
            found = due(schedule, now)
        except UserError:
            # Told every minute; the other schedules run.
            return None
        if found is None:
            return None
        job = job_of_tick(
            schedule,
            found,
            owner=self.owner,
            lost_after_seconds=self.lost_after_seconds,
            now=now,
        )
        return jobs.claim(self.runner.store, schedule, found, job)

    def _run_if_due(self, schedule: Schedule) -> Job | None:
        if self.runner.stop.is_asked:
            return None
        job = self._claim(schedule)
        return None if job is None else self._run(job)

    def _run(self, job: Job) -> Job:
        note = f" {job.note}" if job.note else ""
        _logger.info(
            "`%s`: job %d started, for %s.%s", job.schedule, job.id, format_time(job.tick), note
        )
        ended = self.runner.run(job)
        _log_end(ended, self.runner)
        return ended

    def _look(self, watch: Watch) -> Watch:
        now, monotonic_seconds = self.runner.clock(), time.monotonic()
        watch, lost = lose_dead(
            self.runner.store, watch, now=now, monotonic_seconds=monotonic_seconds
        )
        _log_lost(lost)
        return watch

    def _mend_ticks_of(self, clock: SeenClock) -> SeenClock:
        """Undo what a clock has done that was ahead, when it is set back before our eyes.

        Decision: docs/decisions/0614-a-clock-that-is-set-back-puts-ticks-back.md.
        """
        now, monotonic_seconds = self.runner.clock(), time.monotonic()
        if not clock.was_set_back(now, monotonic_seconds):
            return clock.seen(now, monotonic_seconds)
        for schedule in schedules.all_by_name(self.runner.store):
            with contextlib.suppress(UserError):
                self._mend_tick(schedule, now)
        return SeenClock().seen(now, monotonic_seconds)

    def _mend_tick(self, schedule: Schedule, now: UnixSeconds) -> None:
        tick = tick_instead(schedule, now)
        if tick is not None and schedules.wait_for(self.runner.store, schedule, tick):
            _logger.warning(
                "`%s` waited for %s, as the clock had it before it was set back. Its next run is "
                "for %s.",
                schedule.name,
                format_time(schedule.next_tick, schedule.zone),
                format_time(tick, schedule.zone),
            )

    def _tell_what_cannot_run(self) -> None:
        for schedule in schedules.all_by_name(self.runner.store):
            try:
                first_tick(schedule.cron, schedule.zone, self.runner.clock())
            except UserError as refusal:
                _logger.error("`%s` does not run here. %s", schedule.name, refusal)  # noqa: TRY400 - a sentence

    def _wait(self, silent: Sequence[Job], seconds: float) -> bool:
        _logger.info(
            "%d job(s) seem silent; looks for %g s whether they live.", len(silent), seconds
        )
        self.runner.stop.wait(seconds)
        return not self.runner.stop.is_asked


def _log_lost(lost: Sequence[Job]) -> None:
    for job in lost:
        _logger.warning("`%s`: job %d is lost. %s", job.schedule, job.id, jobs.LOST)


def _log_end(job: Job, runner: Runner) -> None:
    seconds = job.duration_seconds(runner.clock()) or 0
    if job.reason:
        _logger.warning("`%s`: job %d ended: %s. %s", job.schedule, job.id, job.status, job.reason)
    else:
        _logger.info(
            "`%s`: job %d ended: %s, %d rows in %.1f s.",
            job.schedule, job.id, job.status, job.records, seconds,
        )  # fmt: skip


def _is_over(future: Future[Job]) -> bool:
    if not future.done():
        return False
    error = future.exception()
    if error is not None:
        _logger.error("A job could not be told to the store: %s", error)
    return True
