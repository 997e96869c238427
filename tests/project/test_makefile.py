"""`make` on a machine without uv says what it does, and ends without a traceback."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.project.tree import ROOT

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.skipif(shutil.which("make") is None, reason="needs make")

# Makes an environment whose pip tells that it has begun, and then waits to be interrupted.
_PYTHON = """#!/bin/sh
[ "$1" = -c ] && exit 0
mkdir -p "$3/bin"
printf '#!{python}\\nimport time\\nopen("{begun}", "w").close()\\ntime.sleep(60)\\n' > "$3/bin/pip"
chmod +x "$3/bin/pip"
"""


# As a person starts it, also where the tests are run by make.
ENVIRONMENT = {
    name: value
    for name, value in os.environ.items()
    if name not in {"MAKEFLAGS", "MAKELEVEL", "MFLAGS"}
}


def make(venv: Path, *arguments: str) -> list[str]:
    return ["make", "UV=", f"VENV={venv}", *arguments]


@pytest.mark.parametrize("goal", ["demo", "test"])
def test_make_shows_no_command_of_the_installation_and_says_that_it_begins(
    tmp_path: Path, goal: str
) -> None:
    python = tmp_path / "python"
    python.write_text(
        '#!/bin/sh\n[ "$1" = -m ] || exit 0\nmkdir -p "$3/bin"\ncp "$0" "$3/bin/pip"\n'
    )
    python.chmod(0o755)

    shown = subprocess.run(
        make(tmp_path / ".venv", f"PYTHON={python}", goal),
        cwd=ROOT, env=ENVIRONMENT, capture_output=True, check=False, text=True,
    ).stdout.splitlines()  # fmt: skip

    assert shown[0] == f"Making {tmp_path}/.venv."
    assert shown[1].startswith(f"Installing into {tmp_path}/.venv")
    assert not any("pip" in line for line in shown)


def test_ctrl_c_while_packages_are_installed_leaves_no_traceback(tmp_path: Path) -> None:
    begun = tmp_path / "begun"
    python = tmp_path / "python"
    python.write_text(_PYTHON.format(python=sys.executable, begun=begun))
    python.chmod(0o755)
    started = subprocess.Popen(
        make(tmp_path / ".venv", f"PYTHON={python}", "demo"),
        cwd=ROOT, env=ENVIRONMENT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        process_group=0,
    )  # fmt: skip
    while not begun.exists():
        assert started.poll() is None

    os.killpg(started.pid, signal.SIGINT)
    _, said = started.communicate(timeout=30)

    assert started.returncode != 0
    assert "Traceback" not in said
