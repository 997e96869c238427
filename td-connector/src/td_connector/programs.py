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

TAP = "tap-stripe-td"
TARGET = "target-td-table"
MELTANO = "meltano"

_OVERRIDES = {
    TAP: "TD_CONNECTOR_TAP",
    TARGET: "TD_CONNECTOR_TARGET",
    MELTANO: "TD_CONNECTOR_MELTANO",
}
_INSTALL = {
    TAP: f"pip install {TAP}",
    TARGET: f"pip install {TARGET}",
    MELTANO: "pip install meltano",
}


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
        UserError: If there is none.
    """
    override = os.environ.get(_OVERRIDES[name], "")
    beside = Path(sys.executable).with_name(name)
    found = shutil.which(override) if override else str(beside) if beside.exists() else None
    found = found or (None if override else shutil.which(name))
    if found is None:
        where = f"`{_OVERRIDES[name]}` names `{override}`, which" if override else f"`{name}`"
        raise UserError(
            f"{where} cannot be found. Install it beside td-connector: `{_INSTALL[name]}`."
        )
    return found


def load_starts(load: Load, config: Path, state: Path | None, pipeline: str) -> tuple[Start, ...]:
    """Return the programs of a load, in the order of the pipe.

    Both programs get the whole settings file and take their part of it.
    """
    if load.meltano_job is not None:
        return (Start(MELTANO, (find_program(MELTANO), "run", load.meltano_job)),)
    return (
        Start(TAP, tuple(_tap(config, state))),
        Start(TARGET, (*_target(load, config), *_pipeline(pipeline)), lets_state_out=True),
    )


def state_question(load: Load, config: Path, pipeline: str) -> Start:
    """Return the start of a target that prints the state it published last, and ends."""
    arguments = (*_target(load, config), *_pipeline(pipeline), "--print-state")
    return Start(TARGET, arguments, lets_state_out=True)


def settings_questions(load: Load, config: Path, state: Path | None) -> tuple[Start, ...]:
    """Return the starts of a tap and a target that check their settings, and end."""
    return (
        Start(TAP, (*_tap(config, state), "--check-settings")),
        Start(TARGET, (*_target(load, config), "--check-settings")),
    )


def environment(inherited: Mapping[str, str], *, meltano: Mapping[str, str]) -> dict[str, str]:
    """Return the environment of a load's programs; Meltano finds its plugins by the PATH."""
    beside = str(Path(sys.executable).parent)
    path = os.pathsep.join(filter(None, (beside, inherited.get("PATH", ""))))
    return {**inherited, **meltano, "PATH": path}


def _tap(config: Path, state: Path | None) -> list[str]:
    arguments = [find_program(TAP), "--config", str(config)]
    return arguments if state is None else [*arguments, "--state", str(state)]


def _target(load: Load, config: Path) -> list[str]:
    arguments = [find_program(TARGET), "--config", str(config)]
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
