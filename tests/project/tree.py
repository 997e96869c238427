"""The repository as a tree of files."""

from __future__ import annotations

import json
import subprocess
from functools import cache
from pathlib import Path
from typing import Any

from tests.fakes.programs import environment, program

ROOT = Path(__file__).parents[2]
TAP, TARGET = "tap-stripe-td", "target-td-table"
_MADE_FOLDERS = {"node_modules", "build", "dist", "__pycache__"}


def tracked_files() -> list[Path]:
    """Every file of the repository; without git, every file that is not made or hidden."""
    if (ROOT / ".git").exists():
        listed = subprocess.run(
            ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True, text=True
        )
        paths = [ROOT / name for name in listed.stdout.split("\0") if name]
        return [path for path in paths if path.is_file()]
    return [path for path in ROOT.rglob("*") if path.is_file() and not _is_made(path)]


def _is_made(path: Path) -> bool:
    return any(
        part.startswith(".") or part in _MADE_FOLDERS for part in path.relative_to(ROOT).parts
    )


def text_of(path: Path) -> str:
    """The text of a file; nothing if it holds none."""
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return ""


def packages() -> dict[str, Path]:
    """The importable packages of the workspace, with the folder of each."""
    return {path.parent.name: path.parent for path in ROOT.glob("*/src/*/__init__.py")}


@cache
def about(name: str) -> dict[str, Any]:
    """What `--about --format=json` of a program prints."""
    printed = subprocess.run(
        [program(name), "--about", "--format=json"],
        capture_output=True,
        check=True,
        env=environment(),
    )
    found: dict[str, Any] = json.loads(printed.stdout)
    return found


def settings(name: str) -> dict[str, dict[str, Any]]:
    """The settings of a program, as JSON Schema, in its order."""
    found: dict[str, dict[str, Any]] = about(name)["settings"]["properties"]
    return found
