"""What the programs say on standard error: JSON lines, and plain sentences for people.

Meltano tells what its plugins say: as JSON with `event`, the plugin's name in `string_id`, and, for
a plugin that writes JSON itself, `plugin_logger` and the rest of that line.
"""

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
        plugin: The plugin that said it to Meltano; empty if it was the program itself.
        exit_codes: How the plugins of a block that failed ended, as Meltano tells, in the order of
            the pipe.
        loaded_rows: Rows that are in a table now; None when the line is no summary of a table.
        read_rows: Rows that came so far; None when the line is no progress.
    """

    sentence: str
    is_plain: bool = True
    is_complaint: bool = False
    plugin: str = ""
    exit_codes: tuple[int, ...] = ()
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
    if found is not None and "event" in found:
        return _told_by_meltano(found)
    if found is None or "message" not in found:
        return LogLine(text)
    extra = found.get("extra")
    return _log_line(str(found["message"]), found, extra if isinstance(extra, dict) else {})


def _told_by_meltano(found: dict[str, Any]) -> LogLine:
    event, plugin = str(found["event"]), str(found.get("string_id") or "")
    if plugin and "plugin_logger" not in found:
        # What a plugin wrote to standard error, as it stands.
        line = parse_log_line(event)
    else:
        line = _log_line(event, found, found)
    return replace(line, plugin=plugin, exit_codes=_exit_codes(found.get("exit_codes")))


def _log_line(sentence: str, found: dict[str, Any], extra: dict[str, Any]) -> LogLine:
    loaded, read = _rows(extra)
    level = str(found.get("level", "")).lower()
    return LogLine(
        " ".join(sentence.split()),
        is_plain=False,
        is_complaint=level in {"warning", "error", "critical"},
        loaded_rows=loaded,
        read_rows=read,
    )


@dataclass(frozen=True)
class LastWords:
    """The last of each kind of line that a program said.

    Attributes:
        plain: The last that was no JSON.
        complaint: The last warning or error.
        line: The last of all.
        exit_codes: How the plugins of Meltano ended, if one failed.
    """

    plain: str = ""
    complaint: str = ""
    line: str = ""
    exit_codes: tuple[int, ...] = ()

    def add(self, line: LogLine) -> LastWords:
        """Return the last words after one more line; an empty line is none."""
        said = line.sentence
        if not said:
            return self
        if line.plugin and not said.startswith(line.plugin):
            said = f"{line.plugin}: {said}"
        return LastWords(
            plain=said if line.is_plain else self.plain,
            complaint=said if line.is_complaint else self.complaint,
            line=said,
            exit_codes=line.exit_codes or self.exit_codes,
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


def _exit_codes(told: object) -> tuple[int, ...]:
    if not isinstance(told, dict):
        return ()
    codes = (told.get(kind) for kind in ("extractors", "loaders"))
    return tuple(code for code in codes if isinstance(code, int) and not isinstance(code, bool))
