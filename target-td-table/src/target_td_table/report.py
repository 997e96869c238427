"""What the user sees on standard error: sentences on a terminal, one JSON object a line elsewhere.

Only refusals are the same in both: a plain sentence.
"""

import json
import logging
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

log = logging.getLogger("target_td_table")


@dataclass(frozen=True, slots=True)
class Loaded:
    """What became of one stream in this run."""

    stream: str
    table: str
    rows: int
    seconds: float
    kept: bool = True

    def __str__(self) -> str:
        """The summary line."""
        rows = "1 row" if self.rows == 1 else f"{self.rows:,} rows"
        if not self.kept:
            return f"{self.table}: {rows} of `{self.stream}` discarded"
        speed = self.rows / self.seconds if self.seconds else 0
        return f"{self.table}: {rows} in {self.seconds:.1f} s ({speed:,.0f} rows/s)"


_STANDARD = frozenset(vars(logging.makeLogRecord({})))


class Structured(logging.Formatter):
    """The lines of singer-sdk's formatter, without importing it."""

    def format(self, record: logging.LogRecord) -> str:
        """A record as a line of JSON."""
        line = {
            "level": record.levelname.lower(),
            "pid": record.process,
            "logger_name": record.name,
            "ts": record.created,
            "thread_name": record.threadName,
            "app_name": "singer-sdk",
            "stream_name": None,
            "message": record.getMessage(),
            "extra": {name: each for name, each in vars(record).items() if name not in _STANDARD},
        }
        if record.exc_info:
            line["exception"] = {"traceback": self.formatException(record.exc_info)}
        return json.dumps(line, default=str, separators=(",", ":"))


def set_up() -> None:
    """Send our log to standard error, and of singer-sdk's only what needs attention."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter("%(message)s") if sys.stderr.isatty() else Structured())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    logging.getLogger("target-td-table").setLevel(logging.WARNING)
    log.setLevel(logging.INFO)


def refuse(sentences: str) -> None:
    """Tell why the load ended; the same on a terminal and in a pipe."""
    for sentence in sentences.splitlines():
        sys.stderr.write(f"target-td-table: {sentence}\n")
    sys.stderr.flush()


def summarize(loaded: Sequence[Loaded]) -> None:
    """One line per table at the end; one for all that got nothing, which may be most of them."""
    told = [each for each in loaded if each.rows or not each.kept] or loaded[:1]
    for each in told:
        log.info(
            "%s",
            each,
            extra={
                "stream": each.stream,
                "table": each.table,
                "rows": each.rows,
                "seconds": round(each.seconds, 3),
                "kept": each.kept,
            },
        )
    others = len(loaded) - len(told)
    if others:
        log.info(
            "%d other tables: nothing new" if others > 1 else "%d other table: nothing new", others
        )


def warn_of_rejected(stream: str, table: str, rejected: int) -> None:
    """Say how many records of a stream did not fit, and where they are."""
    log.warning(
        "%s records of `%s` did not fit. They are in `%s` with the reasons.",
        f"{rejected:,}",
        stream,
        table,
        extra={"stream": stream, "rejected": rejected},
    )


def warn_of_kept_rows(stream: str, table: str, why: str) -> None:
    """Say why a whole reading removes nothing."""
    log.warning(
        "The reading of `%s` came to its end, but %s, so rows that it may no longer have stay in "
        "`%s`.",
        stream,
        why,
        table,
    )


@dataclass(slots=True)
class Progress:
    """A line on the terminal that is written over once a second, or a log line a minute."""

    started: float = field(default_factory=time.monotonic)
    _last: float = field(default_factory=time.monotonic)

    def show(self, rows: int) -> None:
        """Tell how many rows came, if it is time to."""
        now = time.monotonic()
        on_terminal = sys.stderr.isatty()
        if now - self._last < (1 if on_terminal else 60):
            return
        self._last = now
        text = f"{rows:,} rows read in {now - self.started:.0f} s"
        if on_terminal:
            sys.stderr.write(f"\r{text}\x1b[K")
            sys.stderr.flush()
        else:
            log.info("%s", text, extra={"rows": rows})

    def clear(self) -> None:
        """Take the line away before the summary."""
        if sys.stderr.isatty():
            sys.stderr.write("\r\x1b[K")
