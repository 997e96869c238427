"""Find the jobs that nobody runs any more, and mark them as lost.

Decision: docs/decisions/0609-a-silent-job-is-looked-at-twice.md.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from td_connector.heartbeat import look_seconds
from td_connector.store import jobs

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from td_connector.job import Job
    from td_connector.moments import Clock, UnixSeconds
    from td_connector.schedule import Schedule
    from td_connector.store.database import Store


@dataclass(frozen=True)
class Watch:
    """The jobs that seem silent, and since when each has been seen so.

    Attributes:
        seen_since: By a job's id and last heartbeat; in seconds that only count.
    """

    seen_since: Mapping[tuple[int, float], float] = field(default_factory=dict)

    def seen(self, silent: Sequence[Job], monotonic_seconds: float) -> Watch:
        """Return the watch after another look; what has been heard of since begins anew."""
        keys = [(job.id, job.heartbeat_at) for job in silent]
        return Watch({key: self.seen_since.get(key, monotonic_seconds) for key in keys})

    def is_dead(self, job: Job, monotonic_seconds: float) -> bool:
        """Whether a job that was seen could have been heard of by now."""
        since = self.seen_since[job.id, job.heartbeat_at]
        return monotonic_seconds - since >= look_seconds(job.lost_after_seconds)


def lose_dead(
    store: Store, watch: Watch, *, now: UnixSeconds, monotonic_seconds: float
) -> tuple[Watch, list[Job]]:
    """Look once more; return the watch after it, and the jobs that are lost now."""
    silent = jobs.silent(store, now)
    watch = watch.seen(silent, monotonic_seconds)
    dead = [job for job in silent if watch.is_dead(job, monotonic_seconds)]
    return watch, [job for job in dead if jobs.lose(store, job, now)]


def lose_after_a_look(
    store: Store, clock: Clock, look: Callable[[Sequence[Job], float], bool], *, of: Schedule | None
) -> list[Job]:
    """Wait for a sign of life of the jobs that seem silent, of a schedule or all; return the lost.

    `look` is called if there are such jobs, waits so many seconds and says whether to go on.
    """
    silent = jobs.silent(store, clock(), of=of)
    if not silent:
        return []
    if not look(silent, max(look_seconds(job.lost_after_seconds) for job in silent)):
        return []
    return [job for job in silent if jobs.lose(store, job, clock())]
