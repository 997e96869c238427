"""What the programs say on standard error: JSON lines, and plain sentences for people."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import Any

KEPT_LOG_CHARACTERS = 256 * 1024
"""How much of a job's log is kept: its end."""


@dataclass(frozen=True)
class LogLine:
    """One line of a program.

    Attributes:
        sentence: What it says to a person.
        is_plain: Whether it was no JSON: a refusal, or the end of a traceback.
        is_complaint: Whether it is a warning or an error.
        loaded_rows: Rows that are in a table now; None when the line is no summary of a table.
        read_rows: Rows that came so far; None when the line is no progress.
    """

    sentence: str
    is_plain: bool = True
    is_complaint: bool = False
    loaded_rows: int | None = None
    read_rows: int | None = None


@dataclass(frozen=True)
class RowCount:
    """How many rows a load has brought.

    Attributes:
        loaded: By the summaries of the tables.
        read: By the last line of progress.
    """

    loaded: int = 0
    read: int = 0

    def add(self, line: LogLine) -> RowCount:
        """Return the count after one more line."""
        return replace(
            self,
            loaded=self.loaded + (line.loaded_rows or 0),
            read=self.read if line.read_rows is None else line.read_rows,
        )


def parse_log_line(text: str) -> LogLine:
    """Return what a line says. Any text is a line; what is no JSON is taken as it stands."""
    text = text.strip()
    found = _json_in(text)
    if found is None or "message" not in found:
        return LogLine(text)
    extra = found.get("extra")
    loaded, read = _rows(extra) if isinstance(extra, dict) else (None, None)
    level = str(found.get("level", "")).lower()
    return LogLine(
        " ".join(str(found["message"]).split()),
        is_plain=False,
        is_complaint=level in {"warning", "error", "critical"},
        loaded_rows=loaded,
        read_rows=read,
    )


@dataclass(frozen=True)
class LastWords:
    """The last of each kind of line that a program said."""

    plain: str = ""
    complaint: str = ""
    line: str = ""

    def add(self, line: LogLine) -> LastWords:
        """Return the last words after one more line; an empty line is none."""
        if not line.sentence:
            return self
        return LastWords(
            plain=line.sentence if line.is_plain else self.plain,
            complaint=line.sentence if line.is_complaint else self.complaint,
            line=line.sentence,
        )

    @property
    def sentence(self) -> str:
        """Why the program ended, as far as it told: a plain line is a refusal, JSON is its log."""
        return self.plain or self.complaint or self.line


def keep_end(log: str) -> str:
    """Return the end of a log that is small enough to keep, from the start of a line."""
    if len(log) <= KEPT_LOG_CHARACTERS:
        return log
    return log[-KEPT_LOG_CHARACTERS:].split("\n", 1)[-1]


def _json_in(text: str) -> dict[str, Any] | None:
    """Return the object in a line; Meltano writes its own words around a plugin's line."""
    start, end = text.find('{"'), text.rfind("}")
    if start < 0 or end < 0:
        return None
    try:
        found = json.loads(text[start : end + 1])
    except ValueError:
        return None
    return found if isinstance(found, dict) else None


def _rows(extra: dict[str, Any]) -> tuple[int | None, int | None]:
    rows = extra.get("rows")
    if not isinstance(rows, int) or isinstance(rows, bool):
        return None, None
    if "table" in extra:
        return (rows if extra.get("kept", True) else 0), None
    return None, rows
