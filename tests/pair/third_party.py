"""Programs from PyPI, each in an environment of its own: their pins clash with ours."""

from __future__ import annotations

import fcntl
import subprocess
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from tests.fakes.programs import program

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True)
class ThirdParty:
    """Installs what is asked for, once, and keeps it.

    Attributes:
        folder: Where the environments are.
    """

    folder: Path

    def program(self, name: str, package: str) -> str:
        """Return the path of a program of a package such as `target-jsonl==0.1.4`."""
        home = self.folder / package
        with (self.folder / f"{package}.lock").open("w") as lock:
            # Several test processes may want it at once; the lock goes with the file.
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not (home / "complete").exists():
                self._install(package, home)
        return str(home / "bin" / name)

    def _install(self, package: str, home: Path) -> None:
        uv = program("uv")
        python = str(home / "bin" / "python")
        for command in (
            [uv, "venv", "--quiet", "--clear", "--python", sys.executable, str(home)],
            [uv, "pip", "install", "--quiet", "--python", python, package],
        ):
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            if done.returncode:
                pytest.fail(
                    f"`{package}` cannot be installed, so nothing is known about how our programs "
                    f"get on with it. Check that uv reaches a package index; it said:\n"
                    f"{done.stderr}",
                    pytrace=False,
                )
        (home / "complete").touch()
