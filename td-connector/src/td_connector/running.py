"""Run one job from its start to its end, and keep the store told."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from td_connector.errors import ConnectorError, TryLaterError
from td_connector.hearing import Heard
from td_connector.heartbeat import beat_seconds
from td_connector.job import Job, Progress, Status
from td_connector.moments import Clock, now
from td_connector.outcome import Ended, Outcome, outcome
from td_connector.pipe import Pipe
from td_connector.starting import Origin, Starting, asking, known_origin, starting, told_origin
from td_connector.stopping import AT_ONCE, READER_GONE, STOP, Rung, Stop, rungs_due
from td_connector.store import jobs, schedules

if TYPE_CHECKING:
    from collections.abc import Callable

    from td_connector.store.database import Store

_LISTEN_SECONDS = 0.2
_RETRY_SECONDS = 1.0


@dataclass(frozen=True)
class Runner:
    """Runs jobs of a store.

    Attributes:
        store: Where the jobs are.
        stop: Asks all of them to end.
        clock: The clock of the store's moments.
        tell: Is called a few times a second with what is known by then.
    """

    store: Store
    stop: Stop
    clock: Clock = now
    tell: Callable[[Progress], None] = lambda _: None

    def run(self, job: Job) -> Job:
        """Run a job that is ours and return it as it ended."""
        progress, ended = self._run(job)
        self._insist(job, lambda: jobs.end(self.store, job, progress, ended, self.clock()))
        return jobs.find(self.store, job.id)

    def _run(self, job: Job) -> tuple[Progress, Outcome]:
        try:
            schedule = schedules.with_id(self.store, job.schedule_id) if job.schedule_id else None
            origin = known_origin(job, schedule)
            if origin is None and schedule is not None:
                with asking(job, schedule) as ready:
                    question = _Run(self, job, ready, is_question=True)
                    asked, ended = question.to_its_end()
                origin = told_origin(schedule, asked.state, ended, question.exit_code)
                if origin is None:
                    return replace(asked, state=None), ended
            with starting(job, schedule, origin or Origin()) as ready:
                return _Run(self, job, ready).to_its_end()
        except ConnectorError as error:
            reason = " ".join(str(error).split())
            log = "".join(f"td-connector: {line}\n" for line in str(error).splitlines())
            return Progress(log=log), Outcome(Status.ERROR, error.exit_code, reason)
        except OSError as error:
            reason = f"The job's files cannot be written: {error}."
            return Progress(log=f"td-connector: {reason}\n"), Outcome(
                Status.ERROR, TryLaterError.exit_code, reason
            )

    def _insist(self, job: Job, say: Callable[[], object]) -> None:
        """Say how a job ended, even if the store is away for a while."""
        deadline = time.monotonic() + job.lost_after_seconds
        while True:
            try:
                say()
            except ConnectorError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(min(_RETRY_SECONDS, beat_seconds(job.lost_after_seconds)))
            else:
                return


class _Run:
    """A pipe that is listened to."""

    def __init__(
        self, runner: Runner, job: Job, ready: Starting, *, is_question: bool = False
    ) -> None:
        self._runner = runner
        self._job = job
        self._is_question = is_question
        self._beat_seconds = beat_seconds(job.lost_after_seconds)
        self._names = tuple(start.program for start in ready.starts)
        self._heard = Heard.nothing(self._names, ready.redact, ready.note)
        self._pipe = Pipe(
            ready.starts,
            folder=ready.folder,
            environment=ready.environment,
            descriptors=ready.descriptors,
        )
        self._beaten_at = time.monotonic()
        self._is_lost = False
        self._ladder: tuple[Rung, ...] = ()
        self._ladder_since = 0.0
        self._taken = 0

    def to_its_end(self) -> tuple[Progress, Outcome]:
        try:
            while any(self._pipe.alive):
                self._listen()
            self._heard = self._heard.add(self._pipe.last_words())
        finally:
            self._pipe.kill()
        return self._heard.progress(is_over=True), self._outcome()

    @property
    def exit_code(self) -> int:
        """That of its last program, when it has ended."""
        return self._pipe.exit_codes[-1]

    def _listen(self) -> None:
        state = self._heard.state
        self._heard = self._heard.add(self._pipe.said(_LISTEN_SECONDS))
        self._runner.tell(self._heard.progress(is_over=False))
        is_due = time.monotonic() - self._beaten_at >= self._beat_seconds
        if is_due or self._heard.state != state:
            self._beat()
        self._climb(self._wanted_ladder())

    def _beat(self) -> None:
        self._beaten_at = time.monotonic()
        runner, progress = self._runner, self._heard.progress(is_over=False)
        if self._is_question:
            # The state that is told is not yet where the job is.
            progress = replace(progress, state=None)
        try:
            self._is_lost = not jobs.beat(runner.store, self._job, progress, runner.clock())
        except ConnectorError:
            # The store is away; the load goes on, and the next beat tells all of it.
            return

    def _wanted_ladder(self) -> tuple[Rung, ...]:
        if self._is_lost or self._runner.stop.is_urgent:
            return AT_ONCE
        if self._runner.stop.is_asked:
            return STOP
        return READER_GONE if not self._pipe.alive[-1] else ()

    def _climb(self, ladder: tuple[Rung, ...]) -> None:
        if ladder is not self._ladder:
            self._ladder, self._ladder_since, self._taken = ladder, time.monotonic(), 0
        elapsed = time.monotonic() - self._ladder_since
        for rung in rungs_due(ladder, self._taken, elapsed):
            self._pipe.send(rung.position, rung.number)
            self._taken += 1

    def _outcome(self) -> Outcome:
        codes = self._pipe.exit_codes
        ended = [
            Ended(name, code, words.sentence, words.exit_codes)
            for name, code, words in zip(self._names, codes, self._heard.words, strict=True)
        ]
        was_stopped = self._ladder in (STOP, AT_ONCE) and any(codes)
        return outcome(ended, stopped_by=self._runner.stop.by if was_stopped else "")
