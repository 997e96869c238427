"""Whatever stops a demo, it ends with a sentence that says what to do."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from stripe_sandbox.demo_tables import COLUMNS, table_lines
from tests.fakes.programs import environment

SANDBOX = Path(".demo", "sandbox")
needs_full_device = pytest.mark.skipif(not Path("/dev/full").exists(), reason="a device of Linux")


def demo(
    folder: Path, python: str = sys.executable, stdout: int = subprocess.PIPE, **variables: str
) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [python, "-m", "stripe_sandbox.demo"],
        cwd=folder,
        env=environment(**variables),
        stdout=stdout,
        stderr=subprocess.PIPE,
        text=True,
    )


def why(ended: subprocess.Popen[str]) -> tuple[int, str]:
    """The exit code, and what was said on standard error."""
    _, said = ended.communicate(timeout=60)
    assert "Traceback" not in said
    return ended.returncode, said.strip()


@pytest.fixture
def sandbox(tmp_path: Path) -> Path:
    """The folder of a demo."""
    made = tmp_path / SANDBOX
    made.mkdir(parents=True)
    return made


def test_a_demo_whose_tables_another_program_writes_to_names_that_program(
    tmp_path: Path, sandbox: Path
) -> None:
    with duckdb.connect(str(sandbox / "stripe.duckdb")):
        code, said = why(demo(tmp_path))

    assert code == 75
    assert said == (
        f"`{SANDBOX}/stripe.duckdb` is open already by the process {os.getpid()}, and only one "
        "program can write to it. Close it there. Type `make demo` again: it goes on from here."
    )


def test_a_demo_whose_tables_another_program_reads_tells_what_the_target_said(
    tmp_path: Path, sandbox: Path
) -> None:
    file = str(sandbox / "stripe.duckdb")
    duckdb.connect(file).close()

    with duckdb.connect(file, read_only=True):
        code, said = why(demo(tmp_path))

    assert code == 75
    assert said.startswith("The demo stopped: `target-td-table` ended with exit code 75.\n")
    assert f"is open already by the process {os.getpid()}" in said


def test_of_two_demos_at_once_the_second_waits_for_the_first(tmp_path: Path) -> None:
    first = demo(tmp_path)
    assert first.stdout is not None
    assert first.stdout.readline()

    code, said = why(demo(tmp_path))
    first.send_signal(signal.SIGINT)
    first.communicate(timeout=60)

    assert code == 75
    assert said.startswith(f"Another demo loads into `{SANDBOX}`, and one can at a time.")


def test_a_program_that_a_signal_ended_is_told_by_the_signals_name(tmp_path: Path) -> None:
    python = tmp_path / "python"
    python.symlink_to(sys.executable)
    for name, script in (("tap-stripe-td", "kill -SEGV $$"), ("target-td-table", "exit 1")):
        (tmp_path / name).write_text(f"#!/bin/sh\n{script}\n")
        (tmp_path / name).chmod(0o755)

    code, said = why(demo(tmp_path, str(python), PYTHONPATH=os.pathsep.join(sys.path)))

    assert (code, said) == (
        1,
        "The demo stopped: `tap-stripe-td` was ended by the signal SIGSEGV.",
    )


@needs_full_device
@pytest.mark.parametrize("file", ["tap.json", "world.json.unfinished"])
def test_a_demo_on_a_full_disk_asks_for_room(tmp_path: Path, sandbox: Path, file: str) -> None:
    (sandbox / file).symlink_to("/dev/full")
    (sandbox / "stripe.duckdb").write_text("So it ends early.")

    code, said = why(demo(tmp_path))

    assert code == 75
    assert said == (
        "The demo cannot write into `.demo`: No space left on device. Make room on its disk. Type "
        "`make demo` again: it goes on from here."
    )


@needs_full_device
def test_a_demo_whose_output_is_full_says_so_once(tmp_path: Path) -> None:
    with Path("/dev/full").open("w") as full:
        code, said = why(demo(tmp_path, stdout=full.fileno()))

    assert code == 75
    assert said == (
        "The demo's output cannot be written: No space left on device. Send it elsewhere, and type "
        "`make demo` again."
    )


@pytest.mark.skipif(not Path("/sys/kernel").is_dir(), reason="a folder of Linux")
def test_a_demo_in_a_folder_that_is_read_only_says_so() -> None:
    code, said = why(demo(Path("/sys/kernel")))

    assert code == 2
    assert said.startswith("The demo cannot use `.demo")
    assert "Give this user the right to write there" in said


def test_a_demo_whose_folder_is_a_file_says_so(tmp_path: Path) -> None:
    (tmp_path / ".demo").touch()

    code, said = why(demo(tmp_path))

    assert code == 2
    assert said == (
        "The demo needs the folder `.demo`, but a file is in its place. Remove it or rename it, "
        "and type `make demo` again."
    )


def test_a_demo_whose_tables_are_no_duckdb_file_says_how_to_start_anew(
    tmp_path: Path, sandbox: Path
) -> None:
    (sandbox / "stripe.duckdb").write_text("a note of somebody")

    code, said = why(demo(tmp_path))

    assert code == 2
    assert said.startswith(f"The tables in `{SANDBOX}/stripe.duckdb` cannot be read: ")
    assert said.endswith(f"Type `rm -r {SANDBOX}`, and then `make demo` again.")


def test_rows_lose_columns_on_a_narrow_terminal_and_keep_one() -> None:
    row = ("ch_1", "2026-11-23 08:00", "500", "eur", "succeeded")

    assert table_lines([row], width=80)[0].split() == list(COLUMNS)
    assert table_lines([row], width=24) == ["  id    created", "  ch_1  2026-11-23 08:00"]
    assert table_lines([row], width=1) == ["  id", "  ch_1"]
