"""While a run goes on, people see how far it is."""

from __future__ import annotations

import io
import json
import os
import pty
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console

from tap_stripe_td.progress import Progress
from tap_stripe_td.slicing import Slice
from tap_stripe_td.state import Backfill, Bookmark
from tap_stripe_td.units import UnixSeconds
from tests.fakes.programs import run_tap

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.fakes.changing_stripe import ChangingStripe
    from tests.fakes.reading import Tap

HOUR = 3600
DAY = 24 * HOUR


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
    assert "`charges`: 2,000 records, done" in shown


def lines_of(progress: Progress, *, width: int, height: int) -> list[str]:
    """What a terminal of that size shows of the table."""
    terminal = Console(file=io.StringIO(), width=width, height=height)
    with terminal.capture() as captured:
        terminal.print(progress.table(height))
    return captured.get().splitlines()


def test_a_small_terminal_shows_the_streams_that_are_still_read_first() -> None:
    progress = Progress(requests=lambda: 12, requests_per_second=100)
    names = [f"stream_{number}" for number in range(30)]
    progress.begin(names, terminal=False)
    for name in names:
        progress.wrote(name, 1_500, None)
        progress.finished(name)
    progress.wrote("stream_7", 0, reading_until(0))
    progress.wrote("begun", 1, None)
    progress.failed("stream_9")

    shown = lines_of(progress, width=80, height=24)

    assert len(shown) < 24
    assert [line.split()[0] for line in shown[1:4]] == ["stream_7", "begun", "stream_9"]
    assert shown[-1].startswith("10 more streams; ")
    assert "of the budget" in shown[-1]


def test_a_stream_takes_one_line_of_a_narrow_terminal() -> None:
    progress = Progress(requests=lambda: 12, requests_per_second=100)
    progress.begin(["balance_transactions"], terminal=False)
    progress.wrote("balance_transactions", 1_234_567, reading_until(DAY * 1_542))

    shown = lines_of(progress, width=60, height=24)

    assert len(shown) == 3
    assert "1,234,567" in shown[1]
    assert shown[1].endswith("  1,542 days befo…")


def reading_until(seconds: int) -> Bookmark:
    """A bookmark whose stream is unread from 1970 up to there."""
    until = UnixSeconds(seconds)
    return Bookmark("created", backfill=Backfill(until, (Slice(UnixSeconds(0), until),)))


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
