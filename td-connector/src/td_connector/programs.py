"""Where the programs are that a load starts, and with which arguments."""

from __future__ import annotations

import os
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from td_connector.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from td_connector.load import Load
    from td_connector.unnamed_files import UnnamedFiles

TAP = "tap-stripe-td"
TARGET = "target-td-table"
MELTANO = "meltano"

_OVERRIDES = {
    TAP: "TD_CONNECTOR_TAP",
    TARGET: "TD_CONNECTOR_TARGET",
    MELTANO: "TD_CONNECTOR_MELTANO",
}
_INSTALL = {
    TAP: f"`pip install ./{TAP}` in a clone of the repository",
    TARGET: f"`pip install ./{TARGET}` in a clone of the repository",
    MELTANO: "`pip install meltano`",
}


class NotInstalledError(UserError):
    """A program is not on this machine."""


@dataclass(frozen=True)
class Start:
    """One program of a load, ready to start.

    Attributes:
        program: Its name.
        arguments: With the path of the program first.
        lets_state_out: Whether its standard output are states; else it is more of its log.
    """

    program: str
    arguments: tuple[str, ...]
    lets_state_out: bool = False


def find_program(name: str) -> str:
    """Return the path of a program: as overridden, of this installation, or on the PATH.

    Raises:
        NotInstalledError: If there is none.
    """
    override = os.environ.get(_OVERRIDES[name], "")
    beside = Path(sys.executable).with_name(name)
    found = shutil.which(override) if override else str(beside) if beside.exists() else None
    found = found or (None if override else shutil.which(name))
    if found is None:
        where = f"`{_OVERRIDES[name]}` names `{override}`, which" if override else f"`{name}`"
        raise NotInstalledError(
            f"{where} cannot be found. Install it beside td-connector: {_INSTALL[name]}."
        )
    # It starts in the folder of its load.
    return str(Path(found).absolute())


def load_starts(
    load: Load, files: UnnamedFiles, state: str | None, pipeline: str
) -> tuple[Start, ...]:
    """Return the programs of a load, in the order of the pipe, and put what they read in `files`.

    Both programs get the whole settings file and take their part of it.
    """
    if load.meltano_job is not None:
        return (Start(MELTANO, (find_program(MELTANO), "run", load.meltano_job)),)
    return (
        Start(TAP, tuple(_tap(load, files, state))),
        Start(TARGET, (*_target(load, files), *_pipeline(pipeline)), lets_state_out=True),
    )


def state_question(load: Load, files: UnnamedFiles, pipeline: str) -> Start:
    """Return the start of a target that prints the state it published last, and ends."""
    arguments = (*_target(load, files), *_pipeline(pipeline), "--print-state")
    return Start(TARGET, arguments, lets_state_out=True)


def tap_question(load: Load, files: UnnamedFiles, state: str | None) -> Start:
    """Return the start of a tap that checks its settings, and a state, and ends."""
    return Start(TAP, (*_tap(load, files, state), "--check-settings"))


def target_question(load: Load, files: UnnamedFiles) -> Start:
    """Return the start of a target that checks its settings, and ends."""
    return Start(TARGET, (*_target(load, files), "--check-settings"))


def environment(inherited: Mapping[str, str], *, meltano: Mapping[str, str]) -> dict[str, str]:
    """Return the environment of a load's programs; Meltano finds its plugins by the PATH."""
    beside = str(Path(sys.executable).parent)
    path = os.pathsep.join(filter(None, (beside, inherited.get("PATH", ""))))
    return {**inherited, **meltano, "PATH": path}


def _tap(load: Load, files: UnnamedFiles, state: str | None) -> list[str]:
    arguments = [find_program(TAP), "--config", str(files.add(load.config))]
    return arguments if state is None else [*arguments, "--state", str(files.add(state))]


def _target(load: Load, files: UnnamedFiles) -> list[str]:
    arguments = [find_program(TARGET), "--config", str(files.add(load.config))]
    for option, value in (
        ("--database", load.database),
        ("--table", load.table),
        ("--time-column", load.time_column),
    ):
        arguments += [option, value] if value is not None else []
    if load.auto_create_table is not None:
        arguments.append(
            "--auto-create-table" if load.auto_create_table else "--no-auto-create-table"
        )
    return arguments


def _pipeline(name: str) -> list[str]:
    return ["--pipeline", name] if name else []
