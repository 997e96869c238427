"""What a job starts with: its files, its state, its programs."""

from __future__ import annotations

import json
import os
import subprocess
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from td_connector.errors import ConnectorError, TryLaterError, UserError
from td_connector.load_file import parse_settings, reads_from_state, setting
from td_connector.masking import Redactor
from td_connector.outcome import Ended, outcome
from td_connector.program_log import LastWords, parse_log_line
from td_connector.programs import Start, environment, load_starts, state_question
from td_connector.unnamed_files import UnnamedFiles

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from td_connector.job import Job
    from td_connector.schedule import Schedule


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


@contextmanager
def starting(job: Job, schedule: Schedule | None) -> Iterator[Starting]:
    """Lay out what a job's programs read, while the block lasts.

    Raises:
        ConnectorError: If it cannot start: no folder, no program, or a target that cannot say
            what it published last.
    """
    folder = Path(job.load.folder)
    if not folder.is_dir():
        raise UserError(
            f"The folder `{folder}`, from which it is to run, is not on this machine. Create it, "
            "or make the schedule again from another folder."
        )
    inherited = environment(os.environ, meltano=_meltano(job))
    settings = parse_settings(job.load.config) if job.load.config else {}
    pipeline = schedule.pipeline if schedule else ""
    if setting(settings, "pipeline", "out"):
        pipeline = ""
    state, note = _state(job, schedule, pipeline)
    with UnnamedFiles() as files:
        starts = load_starts(job.load, files, state, pipeline)
        redact = Redactor.of(settings, inherited)
        yield Starting(starts, folder, inherited, files.descriptors, redact, note)


def _state(job: Job, schedule: Schedule | None, pipeline: str) -> tuple[str | None, str]:
    """Return the state that a run starts from, and a note; None to read from the start."""
    if schedule is None or job.load.meltano_job or not reads_from_state(job.load.config):
        return None, ""
    if not schedule.is_uncertain:
        return schedule.state, ""
    # Decision: docs/decisions/0607-a-failed-target-is-asked.md.
    try:
        published = _ask_target(job, pipeline)
    except UserError as refusal:
        # Settings that are wrong are refused by the load too.
        return schedule.state, f"{refusal} So this run starts from the last state it let out."
    return published or schedule.state, ""


def _ask_target(job: Job, pipeline: str) -> str | None:
    with UnnamedFiles() as files:
        question = state_question(job.load, files, pipeline)
        asked = subprocess.run(  # noqa: S603 - our own program
            question.arguments,
            cwd=job.load.folder,
            env=environment(os.environ, meltano={}),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            pass_fds=files.descriptors,
        )
    if asked.returncode:
        words = LastWords()
        for line in asked.stderr.splitlines():
            words = words.add(parse_log_line(line))
        ended = outcome([Ended(question.program, asked.returncode, words.sentence)])
        kinds = {2: UserError, 75: TryLaterError}
        raise kinds.get(ended.exit_code, ConnectorError)(ended.reason)
    lines = asked.stdout.split("\n")
    return next((line for line in reversed(lines) if is_state(line) and json.loads(line)), None)


def is_state(line: str) -> bool:
    """Whether a line is a state: a JSON object."""
    try:
        return isinstance(json.loads(line), dict)
    except ValueError:
        return False


def _meltano(job: Job) -> dict[str, str]:
    """What makes Meltano's own history show the same run, and its log tell rows and exit codes.

    https://docs.meltano.com/reference/settings
    """
    if job.load.meltano_job is None:
        return {}
    return {
        "MELTANO_RUN_ID": job.run_id,
        "MELTANO_JOB_TRIGGER": f"schedule/{job.schedule}",
        "MELTANO_RUN_STATE_ID_SUFFIX": job.schedule,
        "MELTANO_CLI_LOG_FORMAT": "json",
    }
