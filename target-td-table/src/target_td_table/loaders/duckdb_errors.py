"""DuckDB's errors, as sentences that say what to do."""

import os
import re
from pathlib import Path

import duckdb

from target_td_table.errors import (
    BusyError,
    DestinationError,
    InputError,
    SettingsError,
    TableError,
    TargetError,
)
from target_td_table.table import Table

_HOLDER = re.compile(r"\(PID (\d+)\)")
# A key that comes twice, say; the rule is told without it.
_VALUE = re.compile(r'".*"')
_FULL = re.compile(
    r"no space left|disk quota|file too large|could not write all bytes|failed to offload",
    re.IGNORECASE,
)


# What is wrong with a value, and not with the work as a whole.
ABOUT_A_RECORD = (
    duckdb.InvalidInputException, duckdb.ConversionException, duckdb.OutOfRangeException
)  # fmt: skip


def opening_refused(path: str, error: duckdb.Error) -> TargetError:
    """Why a DuckDB file could not be opened."""
    text = str(error)
    if "Could not set lock" in text:
        holder = _HOLDER.search(text)
        by = f" by the process {holder[1]}" if holder else ""
        return BusyError(
            f"The DuckDB file `{path}` is open already{by}, and only one program can write to it. "
            "Wait until that one has ended, or load into another file."
        )
    if _FULL.search(text):
        return _full(path)
    return SettingsError([_cannot_open(path, text)])


def refused(path: str, table: Table | None, error: duckdb.Error) -> TargetError:
    """Why a statement was refused."""
    if _FULL.search(str(error)):
        return _full(path)
    text = _first_line(error)
    found = _refused_by(table, error, text) if table else None
    if found:
        return found
    where = f"`{table.name}`" if table else f"`{path}`"
    if isinstance(error, duckdb.DependencyException):
        return TableError(
            f"A column of {where} must change its type, but an index depends on the table. "
            "Drop the index, load again, and create it anew."
        )
    if isinstance(error, duckdb.OutOfMemoryException):
        return DestinationError(
            f"DuckDB needs more memory than it may use for {where}: {text} Raise `memory_bytes`."
        )
    return DestinationError(f"DuckDB refused to load into {where}: {text}")


def _refused_by(table: Table, error: duckdb.Error, text: str) -> TargetError | None:
    """What it is about a table that refuses its rows."""
    if isinstance(error, ABOUT_A_RECORD):
        return InputError(
            f"A record of `{table.stream}` does not fit `{table.name}`: {text} "
            "Nothing of its batch was published. Correct the data or the column."
        )
    if isinstance(error, duckdb.ConstraintException):
        return DestinationError(
            f"A rule that was added to `{table.name}` refuses the rows of `{table.stream}`: "
            f"{_VALUE.sub('…', text)} Nothing of the batch was published. Drop the rule, or correct "
            "the data."
        )
    if isinstance(error, duckdb.CatalogException) and "is not an table" in text:
        return TableError(
            f"`{table.name}` is a view, so nothing can be loaded into it. Rename it, or choose "
            "another name with the setting `table`."
        )
    return None


def _full(path: str) -> BusyError:
    return BusyError(
        f"The disk of `{path}` is full. Nothing of the last batch was published. Make room and "
        "run again from the last state."
    )


def _cannot_open(path: str, text: str) -> str:
    folder = Path(path).absolute().parent
    if not folder.is_dir():
        return f"The folder `{folder}` of `{path}` does not exist. Create it."
    if Path(path).is_dir():
        return f"`{path}` is a folder. Name a file in the setting `destination`."
    if "Permission denied" in text or "Read-only" in text or not os.access(folder, os.W_OK):
        return (
            f"`{path}` cannot be written: the folder `{folder}` or the file is read-only for this "
            "user. Give the user the right to write there, or name another `destination`."
        )
    return (
        f"`{path}` cannot be opened: {text.splitlines()[0]}. If it was cut or copied while in use, "
        "take a whole copy; if a newer DuckDB wrote it, upgrade the package duckdb."
    )


def _first_line(error: duckdb.Error) -> str:
    line = str(error).splitlines()[0]
    return line if line.endswith((".", "!")) else f"{line}."
