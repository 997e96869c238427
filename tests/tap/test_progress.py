"""While a run goes on, people see how far it is."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from tests.fakes.programs import run_tap

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.fakes.changing_stripe import ChangingStripe
    from tests.fakes.reading import Tap

HOUR = 3600


def on_a_terminal(folder: Path, settings: dict[str, object]) -> str:
    """What the tap shows on a terminal."""
    (folder / "config.json").write_text(json.dumps(settings), encoding="utf-8")
    tap = Path(sys.executable).with_name("tap-stripe-td")
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [tap, "--config", "config.json"], cwd=folder, stdout=subprocess.DEVNULL, stderr=theirs
    ):
        os.close(theirs)
        shown = b"".join(pieces(ours))
    os.close(ours)
    return shown.decode()


def pieces(terminal: int) -> Iterator[bytes]:
    """What is written to a terminal until nobody has it open."""
    with suppress(OSError):
        while piece := os.read(terminal, 65536):
            yield piece


def test_a_terminal_shows_rows_speed_budget_and_what_is_unread(
    tmp_path: Path, stripe: ChangingStripe, tap: Tap
) -> None:
    stripe.bulk("charge", 2_000, stripe.now - HOUR, stripe.now - 1)
    stripe.latency_seconds = 0.1

    shown = on_a_terminal(tmp_path, {**tap.settings, "target": "charges", "workers": 2})

    assert "rows/s" in shown
    assert "of the budget" in shown
    assert "before 20" in shown
    assert "`charges`: 2000 records, done" in shown


def test_a_pipe_gets_json_lines_without_a_table(
    tmp_path: Path, stripe: ChangingStripe, tap: Tap
) -> None:
    stripe.bulk("charge", 10, stripe.now - HOUR, stripe.now - 1)

    run = run_tap(tmp_path, {**tap.settings, "target": "charges"})

    assert all(line.startswith("{") for line in run.stderr.splitlines())
    assert "10 records, done" in run.stderr
