"""What a job starts with: its files, its state, its programs."""

from __future__ import annotations

import json
import os
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from td_connector.errors import UserError
from td_connector.job import Status
from td_connector.load_file import parse_settings, reads_from_state, setting
from td_connector.masking import Redactor
from td_connector.programs import environment, load_starts, state_question
from td_connector.unnamed_files import UnnamedFiles

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from contextlib import AbstractContextManager

    from td_connector.job import Job
    from td_connector.outcome import Outcome
    from td_connector.programs import Start
    from td_connector.schedule import Schedule


_NO_STATE = 77
"""How `target-td-table --print-state` ends when the key may load, but not read the state."""


@dataclass(frozen=True)
class Starting:
    """A job, ready to start.

    Attributes:
        starts: Its programs, in the order of the pipe.
        folder: Where they start.
        environment: Their environment.
        descriptors: The open files that they inherit.
        redact: Takes secrets out of what they say.
        note: What the job's log is to begin with; empty if there is nothing to say.
    """

    starts: tuple[Start, ...]
    folder: Path
    environment: Mapping[str, str]
    descriptors: tuple[int, ...]
    redact: Redactor
    note: str = ""


@dataclass(frozen=True)
class Origin:
    """Where a run starts to read.

    Attributes:
        state: The state it goes on from; None to read from the start.
        note: What the job's log is to begin with; empty if there is nothing to say.
    """

    state: str | None = None
    note: str = ""


def known_origin(job: Job, schedule: Schedule | None) -> Origin | None:
    """Return where a run starts; None if only the target knows.

    Decision: docs/decisions/0607-a-failed-target-is-asked.md.
    """
    if schedule is None or job.load.meltano_job or not reads_from_state(job.load.config):
        return Origin()
    return None if schedule.is_uncertain else Origin(schedule.state)


def told_origin(
    schedule: Schedule, told: str | None, ended: Outcome, exit_code: int
) -> Origin | None:
    """Return where a run starts by what the target told when it was asked; None if it cannot.

    Any refusal but that of the state alone may pass before the load asks, which would then start
    from a state that is too old: docs/decisions/0615-only-a-key-without-a-state-goes-on.md.
    """
    if ended.status is Status.SUCCESS:
        return Origin(told if told and json.loads(told) else schedule.state)
    if ended.status is Status.ERROR and exit_code == _NO_STATE:
        note = f"{ended.reason} So this run starts from the last state it let out."
        return Origin(schedule.state, note)
    return None


def asking(job: Job, schedule: Schedule) -> AbstractContextManager[Starting]:
    """Lay out the question to the target for the state it published last; see `starting`."""
    return _laid_out(
        job, lambda files: (state_question(job.load, files, _pipeline(job, schedule)),)
    )


def starting(
    job: Job, schedule: Schedule | None, origin: Origin
) -> AbstractContextManager[Starting]:
    """Lay out what a job's programs read, while the block lasts.

    Raises:
        ConnectorError: If it cannot start: no folder, or no program.
    """
    pipeline = _pipeline(job, schedule)
    return _laid_out(
        job, lambda files: load_starts(job.load, files, origin.state, pipeline), origin.note
    )


@contextmanager
def _laid_out(
    job: Job, starts: Callable[[UnnamedFiles], tuple[Start, ...]], note: str = ""
) -> Iterator[Starting]:
    folder = Path(job.load.folder)
    if not folder.is_dir():
        raise UserError(
            f"The folder `{folder}`, from which it is to run, is not on this machine. Create it, "
            "or make the schedule again from another folder."
        )
    inherited = environment(os.environ, meltano=_meltano(job))
    redact = Redactor.of(_settings(job), inherited)
    with UnnamedFiles() as files:
        found = starts(files)
        yield Starting(found, folder, inherited, files.descriptors, redact, note)


def _settings(job: Job) -> dict[str, Any]:
    return parse_settings(job.load.config) if job.load.config else {}


def _pipeline(job: Job, schedule: Schedule | None) -> str:
    if schedule is None or setting(_settings(job), "pipeline", "out"):
        return ""
    return schedule.pipeline


def is_state(line: str) -> bool:
    """Whether a line is a state: a JSON object."""
    try:
        return isinstance(json.loads(line), dict)
    except ValueError:
        return False


def _meltano(job: Job) -> dict[str, str]:
    """What makes Meltano's own history show the same run, and its log tell rows and exit codes.

    The state is that of the job, as for runs by hand: docs/decisions/0613-a-meltano-job-has-one-state.md.
    https://docs.meltano.com/reference/settings
    """
    if job.load.meltano_job is None:
        return {}
    return {
        "MELTANO_RUN_ID": job.run_id,
        "MELTANO_JOB_TRIGGER": f"schedule/{job.schedule}",
        "MELTANO_CLI_LOG_FORMAT": "json",
    }
