"""What the user sees on standard error: sentences on a terminal, one JSON object a line elsewhere.

Only refusals are the same in both: a plain sentence.
"""

import json
import logging
import os
import stat
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace

log = logging.getLogger("target_td_table")


@dataclass(frozen=True, slots=True)
class Loaded:
    """What became of one stream in this run, and how long its records came."""

    stream: str
    table: str
    rows: int
    seconds: float
    kept: bool = True

    def __str__(self) -> str:
        """The summary line of one table among others."""
        if not self.kept:
            return f"{self.table}: {_rows(self.rows)} of `{self.stream}` discarded"
        return f"{self.table}: {_rows(self.rows)}, read in {self.seconds:.1f} s"


def _rows(count: int) -> str:
    return "1 row" if count == 1 else f"{count:,} rows"


def _speed(count: int, seconds: float) -> str:
    speed = count / seconds if seconds else 0
    return f"{_rows(count)} in {seconds:.1f} s ({speed:,.0f} rows/s)"


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


class Harmless(logging.Formatter):
    """Sentences for a terminal, whose cursor no name in them moves."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 -- logging's name
        """A record as a sentence."""
        return _harmless(super().formatMessage(record))


def set_up() -> None:
    """Send our log to standard error, and of singer-sdk's only what needs attention."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(Harmless("%(message)s") if sys.stderr.isatty() else Structured())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    logging.getLogger("target-td-table").setLevel(logging.WARNING)
    log.setLevel(logging.INFO)


def refuse(sentences: str) -> None:
    """Tell why the load ended; the same on a terminal and in a pipe."""
    for sentence in sentences.split("\n"):
        sys.stderr.write(f"target-td-table: {_harmless(sentence)}\n")
    sys.stderr.flush()


def _harmless(sentence: str) -> str:
    """Names are the tap's, and may hold what moves the cursor of a terminal."""
    return "".join(each if each.isprintable() else ascii(each)[1:-1] for each in sentence)


def summarize(loaded: Sequence[Loaded], seconds: float) -> None:
    """A line for each table and one for all of them; one for those that got nothing.

    When only one got rows, its line tells the seconds of the whole load.
    """
    told = [each for each in loaded if each.rows or not each.kept]
    told = list(loaded) if len(loaded) == 1 else told
    kept = [each for each in told if each.kept]
    if len(kept) == 1:
        told = [replace(each, seconds=seconds) if each.kept else each for each in told]
    for each in told:
        is_alone = each.kept and len(kept) == 1
        line = f"{each.table}: {_speed(each.rows, seconds)}" if is_alone else str(each)
        log.info("%s", line, extra=asdict(each) | {"seconds": round(each.seconds, 3)})
    if len(kept) > 1:
        rows = sum(each.rows for each in kept)
        extra = {"rows": rows, "seconds": round(seconds, 3)}
        log.info("%d tables: %s", len(kept), _speed(rows, seconds), extra=extra)
    if untold := len(loaded) - len(told):
        tables = f"{untold} {'other ' if told else ''}table{'s' if untold > 1 else ''}"
        log.info("%s: nothing new", tables)


def warn_of_empty_input() -> None:
    """Say that no message came: a tap that has no news still says where it is."""
    log.warning(
        "The input was empty, so nothing was loaded. Pipe a tap's output into this program; if "
        "one was there, look at its own errors."
    )


def warn_of_rejected(stream: str, table: str, rejected: int, *, is_dry: bool) -> None:
    """Say how many records of a stream did not fit, and where they are."""
    records = "1 record" if rejected == 1 else f"{rejected:,} records"
    went = "would go to" if is_dry else "went to"
    log.warning(
        "%s of `%s` did not fit and %s `%s`, with the %s.",
        records,
        stream,
        went,
        table,
        "reason" if rejected == 1 else "reasons",
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


def warn_of_others_rows(stream: str, table: str, pipelines: Sequence[str]) -> None:
    """Say whose rows a whole reading does not remove, and what to do if there are none of them."""
    log.warning(
        "The reading of `%s` came to its end, but %s loaded into `%s` too, so rows that it did not "
        "bring stay. Let one pipeline merge into a table. If only this one still does, delete the "
        "others' rows about the table from `_td_loads`, or load once in mode replace.",
        stream,
        " and ".join(f"the pipeline `{each}`" for each in pipelines),
        table,
    )


@dataclass(slots=True)
class Progress:
    """A line on the terminal that is written over once a second, or a log line a minute."""

    started: float = field(default_factory=time.monotonic)
    _last: float = field(default_factory=time.monotonic)
    _is_shown: bool = False

    def show(self, rows: int, *, is_told_by_tap: bool = False) -> None:
        """Tell how many rows came, if it is time to.

        A tap that runs beside, and tells itself how far it is, has the last line of the terminal:
        so has any before its first row, when it is not known yet what it does.
        """
        now = time.monotonic()
        on_terminal = sys.stderr.isatty()
        if on_terminal and (is_told_by_tap or not rows) and _runs_beside():
            return
        if now - self._last < (1 if on_terminal else 60):
            return
        self._last = now
        text = f"{_rows(rows)} read in {now - self.started:.0f} s"
        if on_terminal:
            self._is_shown = True
            sys.stderr.write(f"\r{text}\x1b[K")
            sys.stderr.flush()
        else:
            log.info("%s", text, extra={"rows": rows})

    def clear(self) -> None:
        """Take the line away before the summary."""
        if self._is_shown:
            sys.stderr.write("\r\x1b[K")


def _runs_beside() -> bool:
    """Whether the input comes from a program, and not from a file."""
    try:
        return stat.S_ISFIFO(os.fstat(0).st_mode)
    except OSError:
        return False
