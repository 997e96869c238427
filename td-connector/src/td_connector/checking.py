"""Ask the two programs what is wrong with a load's settings, before it is kept."""

from __future__ import annotations

import os
import subprocess
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from td_connector.errors import ConnectorError, UserError
from td_connector.load_file import parse_settings
from td_connector.masking import Redactor
from td_connector.programs import (
    NotInstalledError,
    environment,
    tap_question,
    target_question,
)
from td_connector.unnamed_files import UnnamedFiles

if TYPE_CHECKING:
    from td_connector.load import Load
    from td_connector.programs import Start

_WRONG_SETTINGS = 2


def check_load(load: Load, state: str | None = None) -> list[str]:
    """Let the tap and the target check their settings, and the tap the state it would start from.

    Nothing is reached. The settings of a Meltano job are Meltano's, and not looked at. Returns what
    is to be told of a program that is not on this machine: another machine may run the load.

    Raises:
        UserError: With all that both programs say is wrong.
        ConnectorError: If one of them does not answer.
    """
    if load.meltano_job is not None:
        return []
    redact = Redactor.of(parse_settings(load.config), os.environ)
    with UnnamedFiles() as files, ThreadPoolExecutor(2) as pool:
        questions, hints = _questions(load, files, state or None)
        ask = partial(_problems, folder=_folder(load), descriptors=files.descriptors)
        found = list(pool.map(ask, questions))
    if problems := [redact(problem) for each in found for problem in each]:
        raise UserError(*problems)
    return hints


def _questions(load: Load, files: UnnamedFiles, state: str | None) -> tuple[list[Start], list[str]]:
    """What can be asked here, and what is to be told of what cannot."""
    starts, hints = [], []
    for question in (partial(tap_question, state=state), target_question):
        try:
            starts.append(question(load, files))
        except NotInstalledError as missing:
            hints.append(f"{missing} Its settings are kept unchecked; it checks them when it runs.")
    return starts, hints


def _folder(load: Load) -> Path | None:
    """Where its relative paths mean what they will; None if that is on another machine."""
    return Path(load.folder) if Path(load.folder).is_dir() else None


def _problems(question: Start, folder: Path | None, descriptors: tuple[int, ...]) -> list[str]:
    asked = subprocess.run(  # noqa: S603 - our own program
        question.arguments,
        cwd=folder,
        env=environment(os.environ, meltano={}),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        pass_fds=descriptors,
    )
    if asked.returncode == 0:
        return []
    mine = f"{question.program}: "
    sentences = [line for line in asked.stderr.splitlines() if line.startswith(mine)]
    if asked.returncode != _WRONG_SETTINGS or not sentences:
        raise ConnectorError(
            f"`{question.program} --check-settings` gave no answer (exit code {asked.returncode}). "
            "Install this release of it again."
        )
    return sentences
