"""Rows for people and for programs: a table, CSV, JSON or tab-separated values."""

from __future__ import annotations

import csv
import io
import json
import sys
from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import IO, Any

from rich import box
from rich.cells import cell_len
from rich.console import Console
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

_WIDE = 10_000
"""Columns of a pipe: nothing is cut or wrapped there."""

_COLOURS = {
    "success": "green",
    "error": "red",
    "killed": "yellow",
    "lost": "red",
    "running": "cyan",
}

_SENTENCES = frozenset({"Reason"})
"""Columns that may take several lines on a terminal."""

_LINE_OF_A_SENTENCE = 40
"""Characters that a line of a sentence has at least, so that it can be read."""

Row = Mapping[str, Any]


class Format(StrEnum):
    """How rows are printed."""

    TABLE = "table"
    CSV = "csv"
    JSON = "json"
    TSV = "tsv"


def print_rows(columns: Sequence[str], rows: Sequence[Row], chosen: Format) -> None:
    """Print rows to standard output; a table says how many there are."""
    if chosen is Format.TABLE:
        _print_table(columns, rows, sys.stdout)
        counted = "1 row" if len(rows) == 1 else f"{len(rows)} rows"
        sys.stdout.write(f"{counted} in set\n")
    elif chosen is Format.JSON:
        picked = [{name: row.get(name) for name in columns} for row in rows]
        sys.stdout.write(json.dumps(picked, indent=2, ensure_ascii=False) + "\n")
    else:
        sys.stdout.write(_separated(columns, rows, "," if chosen is Format.CSV else "\t"))


class _Console(Console):
    """Rich, but a closed pipe is the command's to tell, as that of the other formats."""

    def on_broken_pipe(self) -> None:
        """Let the error go on."""
        raise  # noqa: PLE0704 - rich calls this while it handles the error


def _print_table(columns: Sequence[str], rows: Sequence[Row], stdout: IO[str]) -> None:
    if not rows:
        return
    on_terminal = stdout.isatty()
    # As the hosted connector drew them.
    table = Table(box=box.ASCII2, header_style="bold")
    for name in columns:
        widest = max(len(name), *(cell_len(_text(row.get(name))) for row in rows))
        if on_terminal and name in _SENTENCES:
            table.add_column(name, min_width=min(widest, _LINE_OF_A_SENTENCE))
        else:
            table.add_column(name, no_wrap=True, min_width=widest)
    for row in rows:
        table.add_row(*(_cell(row.get(name)) for name in columns))
    wide = _console(stdout, _WIDE)
    if not on_terminal:
        wide.print(table)
        return
    # On a narrow terminal a line that goes on below is easier to read than half words.
    whole = Measurement.get(wide, wide.options, table).minimum
    _console(stdout, max(Console(file=stdout).width, whole)).print(table)


def _console(stdout: IO[str], width: int) -> _Console:
    # Without a height rich takes 80 columns for a terminal that is dumb, whatever it is told.
    return _Console(file=stdout, width=width, height=25)


def _cell(value: Any) -> Text:
    text = _text(value)
    return Text(text, style=_COLOURS.get(text, ""))


def _separated(columns: Sequence[str], rows: Sequence[Row], delimiter: str) -> str:
    out = io.StringIO()
    writer = csv.writer(out, delimiter=delimiter, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows([_text(row.get(name)) for name in columns] for row in rows)
    return out.getvalue()


def _text(value: Any) -> str:
    return "" if value is None else str(value)
