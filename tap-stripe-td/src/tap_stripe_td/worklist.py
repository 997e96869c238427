"""Which part of the lists is read next.

A worker that has nothing to do takes a stream that has not begun, else half of the share in which
most is left; but only where the request budgets have room, as more requests in flight than Stripe
lets through would wait and help nobody, and while the processor has time for more.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tap_stripe_td.backfill import Progress

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from tap_stripe_td.backfill import Reading
    from tap_stripe_td.processor import Processor
    from tap_stripe_td.streams.row import Stream
    from tap_stripe_td.units import UnixSeconds


@dataclass
class Job:
    """A reading on which workers work.

    Attributes:
        progress: How far it is.
        taken: The numbers of the shares that workers read.
        failed: The streams that cannot be read.
        ended: Whether nothing of it is read any more.
    """

    progress: Progress
    taken: set[int] = field(default_factory=set)
    failed: set[Stream] = field(default_factory=set)
    ended: bool = False

    @property
    def members(self) -> tuple[Stream, ...]:
        """The streams that are written and did not fail."""
        written = self.progress.reading.written
        return tuple(stream for stream in written if stream not in self.failed)


@dataclass(frozen=True)
class Task:
    """One share of a job."""

    job: Job
    number: int


class Worklist:
    """The jobs, and what of them is next; whoever uses it holds a lock."""

    def __init__(
        self,
        readings: Iterable[Reading],
        *,
        workers: int,
        floor: UnixSeconds,
        has_room: Callable[[Stream], bool],
        processor: Processor,
    ) -> None:
        """Take what is to be read.

        Args:
            readings: The streams, in the order in which they begin.
            workers: How many read.
            floor: No object is expected to be older; stands for an open lower edge.
            has_room: Whether the budgets of a stream's list let more requests through.
            processor: Tells whether there is time for more workers.
        """
        self._waiting = deque(readings)
        self._jobs: list[Job] = []
        self._workers = workers
        self._floor = floor
        self._has_room = has_room
        self._processor = processor

    @property
    def is_read(self) -> bool:
        """Whether nothing is left."""
        return not self._waiting and all(job.ended for job in self._jobs)

    def next(self, finish: Callable[[Job], None]) -> Task | None:
        """Return the next share to read, None when there is none for one more worker.

        Args:
            finish: Is given jobs of which nothing is left to read.
        """
        task = self._untaken() or self._begun(finish) or self._split()
        if task is not None:
            task.job.taken.add(task.number)
        return task

    def _untaken(self) -> Task | None:
        """A share of a resumed reading that nobody reads yet."""
        for job in self._jobs:
            for number in () if job.ended else job.progress.shares:
                if number not in job.taken:
                    return Task(job, number)
        return None

    def _begun(self, finish: Callable[[Job], None]) -> Task | None:
        """The first share of the next reading."""
        while self._waiting:
            job = Job(Progress.of(self._waiting.popleft()))
            self._jobs.append(job)
            if not job.progress.is_finished:
                return Task(job, next(iter(job.progress.shares)))
            finish(job)
        return None

    def _split(self) -> Task | None:
        """Half of the share in which most is left, where one more worker is of use."""
        if self._processor.is_busy():
            return None
        jobs = [
            job
            for job in self._jobs
            if not job.ended and self._has_room(job.progress.reading.stream)
        ]
        jobs.sort(key=lambda job: job.progress.rows_a_worker(self._floor), reverse=True)
        for job in jobs:
            number = job.progress.worth_splitting(self._floor, self._workers)
            if number is not None:
                job.progress, older = job.progress.split(number, self._floor)
                return Task(job, older)
        return None
