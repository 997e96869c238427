"""Folders for batches, which several targets make and sweep at the same time."""

import subprocess
import sys
from pathlib import Path

PROGRAM = """
from target_td_table import scratch
for _ in range(300):
    with scratch.folder() as folder:
        (folder / "batch").touch()
"""


def test_nobody_sweeps_a_folder_that_is_just_being_made(tmp_path: Path) -> None:
    environment = {"TMPDIR": str(tmp_path)}
    command = [sys.executable, "-c", PROGRAM]
    programs = [
        subprocess.Popen(command, env=environment, stderr=subprocess.PIPE) for _ in range(4)
    ]
    for program in programs:
        _, stderr = program.communicate(timeout=60)
        assert program.returncode == 0, stderr.decode()
    assert list(tmp_path.iterdir()) == []
