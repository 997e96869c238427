"""What people see while a run goes on: a line a stream on a terminal, else log lines.

Written to standard error, from the thread that writes the messages.
"""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from tap_stripe_td.units import format_time

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from tap_stripe_td.state import Bookmark

_logger = logging.getLogger("tap-stripe-td.sync")

_SECONDS_BETWEEN_LOGS = 30.0


@dataclass
class _Line:
    """What is known of one stream."""

    rows: int = 0
    status: str = "waiting"
    first_at: float | None = None


@dataclass
class Progress:
    """Counts what was written, and shows it while it grows.

    Attributes:
        requests: Tells how many requests were made.
        requests_per_second: What the account's budget allows.
    """

    requests: Callable[[], int]
    requests_per_second: float
    started: float = field(default_factory=time.monotonic)
    _lines: dict[str, _Line] = field(default_factory=dict)
    _live: Live | None = None
    _logged_at: float = field(default_factory=time.monotonic)

    def begin(self, streams: Iterable[str], *, terminal: bool) -> None:
        """Start with these streams; on a terminal a table is drawn until `end`."""
        self._lines = {name: _Line() for name in streams}
        if terminal:
            console = Console(stderr=True)
            self._live = Live(
                get_renderable=lambda: self.table(console.height),
                console=console,
                refresh_per_second=4,
                transient=True,
            )
            self._live.start()

    def wrote(self, stream: str, rows: int, bookmark: Bookmark | None) -> None:
        """Count rows that were written, and note how far the stream is read."""
        line = self._lines.setdefault(stream, _Line())
        line.rows += rows
        line.first_at = line.first_at or time.monotonic()
        if bookmark is not None or line.status == "waiting":
            line.status = _unread(bookmark)
        self._log_now_and_then()

    def finished(self, stream: str) -> None:
        """Note that a stream is read."""
        self._lines.setdefault(stream, _Line()).status = "done"

    def failed(self, stream: str) -> None:
        """Note that a stream cannot be read."""
        self._lines.setdefault(stream, _Line()).status = "failed"

    def end(self) -> None:
        """Stop drawing, and say what was written."""
        if self._live is not None:
            self._live.stop()
        for name, line in self._lines.items():
            if line.rows or line.status == "failed":
                _logger.info("`%s`: %s, %s", name, _counted(line.rows), line.status or "stopped")
        seconds = max(time.monotonic() - self.started, 0.001)
        rows = sum(line.rows for line in self._lines.values())
        _logger.info(
            "%s in %.1f s (%s/s), %s requests",
            _counted(rows), seconds, f"{rows / seconds:,.0f}", f"{self.requests():,}",
        )  # fmt: skip

    def _log_now_and_then(self) -> None:
        now = time.monotonic()
        if self._live is None and now - self._logged_at >= _SECONDS_BETWEEN_LOGS:
            self._logged_at = now
            rows = sum(line.rows for line in self._lines.values())
            _logger.info("%s so far (%s)", _counted(rows), self._budget(now))

    def _budget(self, now: float) -> str:
        # A burst at the start is no speed: what one second allows may go at once.
        rate = self.requests() / max(now - self.started, 1.0)
        return f"{rate:.1f} requests/s, {rate / self.requests_per_second:.0%} of the budget"

    def table(self, height: int) -> Group:
        """Return what a terminal of so many lines shows: streams that are still read first."""
        now = time.monotonic()
        begun = [each for each in self._lines.items() if each[1].status != "waiting"]
        begun.sort(key=lambda each: _ENDED.get(each[1].status, 0))
        room = max(height - _LINES_BESIDE_ROWS, 1)
        more = f"{len(begun) - room:,} more streams; " if len(begun) > room else ""
        table = Table("stream", box=None, pad_edge=False)
        table.columns[0].no_wrap = True
        for heading in ("rows", "rows/s"):
            table.add_column(heading, justify="right", no_wrap=True)
        # It alone gets narrow, and is cut then: of two lines a stream fewer streams fit.
        table.add_column("still unread")
        for name, line in begun[:room]:
            seconds = max(now - (line.first_at or now), 0.25)
            unread = Text(line.status, no_wrap=True, overflow="ellipsis")
            table.add_row(name, f"{line.rows:,}", f"{line.rows / seconds:,.0f}", unread)
        return Group(table, Text(f"{more}{self._budget(now)}", "table.caption", no_wrap=True))


_ENDED = {"failed": 1, "done": 2}
# The headings, the line of the budget, and the line of the cursor.
_LINES_BESIDE_ROWS = 3


def _counted(rows: int) -> str:
    return f"{rows:,} record{'' if rows == 1 else 's'}"


def _unread(bookmark: Bookmark | None) -> str:
    """Return the creation time that is still to be read, as a person would say it."""
    if bookmark is None or bookmark.backfill is None or not bookmark.backfill.unread:
        return ""
    edges = [slice_.until for slice_ in bookmark.backfill.unread if slice_.until is not None]
    days = sum(
        slice_.until - slice_.since
        for slice_ in bookmark.backfill.unread
        if slice_.until is not None and slice_.since is not None
    )
    open_end = any(slice_.since is None for slice_ in bookmark.backfill.unread)
    # Where a narrow terminal cuts it, how much is left is told still.
    much = "" if open_end else f"{days / 86_400:,.0f} days "
    return f"{much}before {format_time(max(edges))[:10]}" if edges else much.rstrip()
