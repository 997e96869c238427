"""A folder with stand-in programs, in which td-connector is used as people use it."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from td_connector.command_line import run

PROGRAMS = Path(__file__).parent / "programs"


@dataclass(frozen=True)
class Said:
    """How a command ended, and what it wrote."""

    code: int
    out: str
    err: str

    @property
    def rows(self) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = json.loads(self.out)
        return rows


@dataclass(frozen=True)
class Workshop:
    """A folder, a store, and the environment that names the stand-ins."""

    folder: Path
    capture: Any
    store: str
    environment: dict[str, str] = field(default_factory=dict)
    started: list[subprocess.Popen[str]] = field(default_factory=list)

    def td(self, *arguments: str) -> Said:
        """Run a command in this process."""
        self.capture.readouterr()
        code = run(list(arguments))
        out, err = self.capture.readouterr()
        return Said(code, out, err)

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """Start a command as a process of its own."""
        process = subprocess.Popen(
            [sys.executable, "-m", "td_connector", *arguments],
            cwd=self.folder,
            env={**os.environ, **self.environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.started.append(process)
        return process

    def end(self) -> None:
        """End what a failed test left behind."""
        for process in self.started:
            process.kill()
            process.communicate()

    def load_file(self, name: str = "load.yml", *, out: Any = None, **settings: Any) -> str:
        """Write a settings file for the stand-ins; it is JSON, and so YAML."""
        whole = {"in": {"type": "stripe", **settings}, "out": out or {}}
        (self.folder / name).write_text(json.dumps(whole))
        return name

    def create(self, name: str, cron: str = "@daily", *options: str, **settings: Any) -> Said:
        """Create a schedule."""
        return self.td("create", name, cron, "d", "t", self.load_file(**settings), *options)

    def show(self, name: str) -> dict[str, Any]:
        return self.td("show", name, "--format", "json").rows[0]

    def jobs(self, *name: str) -> list[dict[str, Any]]:
        return self.td("history", *name, "--format", "json").rows

    def job(self, id_: int) -> dict[str, Any]:
        return self.td("job", str(id_), "--format", "json").rows[0]

    def job_status(self, id_: int) -> str | None:
        """How far a job is; None before there is one."""
        return next((job["Status"] for job in self.jobs() if job["JobID"] == id_), None)

    def ids(self) -> list[int]:
        """The rows that the stand-in target has published."""
        return [id_ for ids in self.ids_by_pipeline().values() for id_ in ids]

    def ids_by_pipeline(self) -> dict[str, list[int]]:
        table = self.folder / "published.jsonl"
        found: dict[str, list[int]] = {}
        for line in table.read_text().splitlines() if table.exists() else []:
            publication = json.loads(line)
            found.setdefault(publication["pipeline"], []).extend(publication["ids"])
        return found

    def until(self, condition: Any, seconds: float = 30) -> None:
        """Wait for something that other processes do."""
        deadline = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > deadline:
                raise TimeoutError("it did not come about")
            time.sleep(0.05)


def stand_in(folder: Path, name: str) -> str:
    """Put a stand-in into a folder as a program; it starts in 20 ms."""
    path = folder / f"{name}-stand-in"
    source = (PROGRAMS / f"{name}.py").read_text()
    path.write_text(f"#!{sys.executable} -IS\n{source}")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return str(path)
