"""The two programs, joined by a pipe as the demo shows it, and which of them failed."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
from pathlib import Path

from stripe_sandbox.demo_output import DemoError

_CLOSED_PIPE = frozenset({128 + signal.SIGPIPE, -signal.SIGPIPE})
"""How a program ends whose reader went away."""


def load(folder: Path, state: Path) -> None:
    """Run `tap-stripe-td --config tap.json --state STATE | target-td-table >> STATE` there.

    Raises:
        DemoError: If one of them failed, with what it said.
        OSError: If they cannot be started, or the state cannot be written.
    """
    tap = subprocess.Popen(
        [_program("tap-stripe-td"), "--config", "tap.json", "--state", state.name],
        cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    with state.open("a", encoding="utf-8") as states:
        target = subprocess.Popen(
            [_program("target-td-table")],
            cwd=folder, stdin=tap.stdout, stdout=states, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
    if tap.stdout is not None:
        tap.stdout.close()
    _, target_said = target.communicate()
    _, tap_said = tap.communicate()
    ended = [
        ("tap-stripe-td", tap.returncode, tap_said),
        ("target-td-table", target.returncode, target_said),
    ]
    failed = [each for each in ended if each[1]]
    if failed:
        # A tap that ended since nobody read on is no cause; else what came first is.
        raise _failure(*next((each for each in failed if each[1] not in _CLOSED_PIPE), failed[0]))


def _program(name: str) -> str:
    """The program of this very installation; `.venv/bin` need not be on the path."""
    beside = Path(sys.executable).with_name(name)
    return str(beside) if beside.exists() else shutil.which(name) or name


def _failure(name: str, code: int, said: str) -> DemoError:
    """How the program ended, and what it said to people; its log is JSON."""
    lines = said.splitlines()
    sentences = [line for line in lines if not line.startswith("{")]
    told = sentences or [_message(line) for line in lines[-1:]]
    first = f"The demo stopped: `{name}` {_how(code)}."
    return DemoError("\n".join([first, *told]), code if code > 0 else 1)


def _how(code: int) -> str:
    if code >= 0:
        return f"ended with exit code {code}"
    return f"was ended by the signal {signal.Signals(-code).name}"


def _message(line: str) -> str:
    """The sentence in a line of a log."""
    try:
        return str(json.loads(line)["message"])
    except (ValueError, KeyError, TypeError):
        return line
