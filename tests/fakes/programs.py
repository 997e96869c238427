"""Our programs, started as their users start them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.fakes.messages import Messages

if TYPE_CHECKING:
    from collections.abc import Mapping

TAP = "tap-stripe-td"
_LONGEST_SECONDS = 120
_WITHOUT_CHANCE = """
import random
from types import SimpleNamespace
import tap_stripe_td.tap
from tap_stripe_td.cli import main
random.SystemRandom = lambda: SimpleNamespace(random=lambda: {jitter})
main()
"""


@dataclass(frozen=True)
class Ended:
    """How a program ended.

    Attributes:
        exit_code: As the shell shows it.
        stdout: The bytes it wrote.
        stderr: What it said to people.
    """

    exit_code: int
    stdout: bytes
    stderr: str

    @property
    def messages(self) -> Messages:
        """What a tap wrote."""
        return Messages(self.stdout)

    @property
    def sentences(self) -> list[str]:
        """What the tap said to people at its end, without its name and the log lines."""
        mine = f"{TAP}: "
        lines = self.stderr.splitlines()
        return [line.removeprefix(mine) for line in lines if line.startswith(mine)]


def program(name: str) -> str:
    """The console script of this very installation."""
    return str(Path(sys.executable).with_name(name))


def environment(**variables: str) -> dict[str, str]:
    """The environment without what would reach a program by accident."""
    ours = ("STRIPE_", "TAP_STRIPE_TD_", "TARGET_TD_TABLE_", "LOGLEVEL")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    return {**kept, **variables}


def start_tap(
    folder: Path,
    settings: Mapping[str, Any] | None,
    *arguments: str,
    state: object = None,
    catalog: object = None,
    jitter: float | None = None,
    **variables: str,
) -> subprocess.Popen[bytes]:
    """Start `tap-stripe-td` in a folder, where its files are written.

    Given a jitter, no chance is in the waits between retries: each is that part of the longest.
    """
    command = [*_command(jitter), *arguments]
    for flag, content in (("config", settings), ("state", state), ("catalog", catalog)):
        if content is not None:
            (folder / f"{flag}.json").write_text(json.dumps(content), encoding="utf-8")
            command += [f"--{flag}", f"{flag}.json"]
    return subprocess.Popen(
        command,
        cwd=folder,
        env=environment(**variables),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def _command(jitter: float | None) -> list[str]:
    if jitter is None:
        return [program(TAP)]
    return [sys.executable, "-c", _WITHOUT_CHANCE.format(jitter=jitter)]


def ended(process: subprocess.Popen[bytes]) -> Ended:
    """Wait for a program and take what it wrote."""
    stdout, stderr = process.communicate(timeout=_LONGEST_SECONDS)
    return Ended(process.returncode, stdout, stderr.decode())


def run_tap(
    folder: Path,
    settings: Mapping[str, Any] | None,
    *arguments: str,
    state: object = None,
    catalog: object = None,
    jitter: float | None = None,
    **variables: str,
) -> Ended:
    """Run `tap-stripe-td` as `start_tap` starts it, to its end."""
    started = start_tap(
        folder, settings, *arguments, state=state, catalog=catalog, jitter=jitter, **variables
    )
    return ended(started)
