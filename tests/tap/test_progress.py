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


def on_a_terminal(folder: Path, settings: dict[str, object], *options: str) -> str:
    """What the tap shows on a terminal."""
    (folder / "config.json").write_text(json.dumps(settings), encoding="utf-8")
    tap = Path(sys.executable).with_name("tap-stripe-td")
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [tap, "--config", "config.json", *options],
        cwd=folder,
        stdout=subprocess.DEVNULL,
        stderr=theirs,
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


def test_a_preview_tells_on_a_terminal_what_it_waits_for(
    tmp_path: Path, stripe: ChangingStripe, tap: Tap
) -> None:
    stripe.latency_seconds = 0.3

    shown = on_a_terminal(
        tmp_path, {**tap.settings, "target": ["charges", "invoices"]}, "--preview"
    )

    assert f"Asking {tap.base_url} for `charges` (1 of 2)" in shown
    assert "for `invoices` (2 of 2)" in shown


def test_a_preview_without_a_network_says_so_at_once(tmp_path: Path) -> None:
    nowhere = {"secret_key": "sk_test_x", "base_url": "http://127.0.0.1:9", "target": "charges"}
    (tmp_path / "config.json").write_text(json.dumps(nowhere), encoding="utf-8")
    tap = Path(sys.executable).with_name("tap-stripe-td")

    with subprocess.Popen(
        [tap, "--config", "config.json", "--preview"], cwd=tmp_path, stderr=subprocess.PIPE
    ) as preview:
        assert preview.stderr is not None
        first = preview.stderr.readline()
        # Its last word comes after the last attempt.
        still_trying = preview.poll() is None
        preview.kill()

    assert b"cannot be reached" in first
    assert still_trying
