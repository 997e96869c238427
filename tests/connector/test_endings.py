"""How a command ends when its output cannot be written, and what a person sees who stops it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import IO, TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.connector.workshop import Workshop


def listing(workshop: Workshop, stdout: IO[bytes] | int, *arguments: str) -> tuple[int, str]:
    ended = subprocess.run(
        [sys.executable, "-m", "td_connector", "list", *arguments],
        cwd=workshop.folder,
        stdout=stdout,
        stderr=subprocess.PIPE,
        check=False,
    )
    return ended.returncode, ended.stderr.decode()


@pytest.mark.parametrize("form", ["table", "csv"])
def test_a_reader_that_went_away_ends_a_command_without_a_word(
    workshop: Workshop, form: str
) -> None:
    workshop.create("daily")
    ours, its = os.pipe()
    os.close(ours)

    assert listing(workshop, its, "--format", form) == (141, "")
    os.close(its)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a device of Linux")
@pytest.mark.parametrize("form", ["table", "csv"])
def test_output_onto_a_full_disk_may_be_tried_again(workshop: Workshop, form: str) -> None:
    workshop.create("daily")

    with Path("/dev/full").open("wb") as full:
        code, said = listing(workshop, full, "--format", form)

    assert code == 75
    assert said.startswith("td-connector: The output cannot be written: ")
    assert said.endswith("Make room on its disk and try again.\n")


def test_a_store_on_a_full_disk_may_be_tried_again_and_leaves_no_folder(tmp_path: Path) -> None:
    # Files of no size stand for a disk without room.
    script = f"ulimit -f 0; trap '' XFSZ; exec {sys.executable} -m td_connector list"
    ended = subprocess.run(
        ["bash", "-c", script], cwd=tmp_path, capture_output=True, check=False, text=True
    )

    assert (ended.returncode, ended.stdout) == (75, "")
    assert ended.stderr.startswith("td-connector: The store `.td/connector.db` cannot be created: ")
    assert ended.stderr.endswith("Make room on its disk and try again.\n")
    assert list(tmp_path.iterdir()) == []


def test_who_stops_a_load_that_waits_gets_its_status_and_keeps_what_was_read(
    workshop: Workshop,
) -> None:
    file = workshop.load_file(rows=1000, seconds=0.05)
    waiting = workshop.start("issue", file, "--wait")
    workshop.until(lambda: len(workshop.ids()) > 3)

    waiting.send_signal(signal.SIGINT)
    out, err = waiting.communicate(timeout=60)

    assert waiting.returncode == 75
    assert out.endswith("Status     : killed\n")
    assert err == "td-connector: Stopped by Ctrl-C.\n"
    assert workshop.job(1)["Records"] == len(workshop.ids())


def test_a_second_signal_ends_a_load_at_once(workshop: Workshop) -> None:
    file = workshop.load_file(rows=3, seconds=60, deaf=True)
    waiting = workshop.start("issue", file, "--wait")
    workshop.until(lambda: workshop.ids() == [0])

    waiting.send_signal(signal.SIGINT)
    workshop.until((workshop.folder / "asked").exists)
    waiting.send_signal(signal.SIGINT)
    waiting.communicate(timeout=30)

    assert waiting.returncode == 75
    assert workshop.job(1)["Status"] == "killed"
