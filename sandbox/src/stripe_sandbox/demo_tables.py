"""What is in the tables that a demo filled."""

from __future__ import annotations

import re
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING

import duckdb

from stripe_sandbox.demo_output import AGAIN, TRY_LATER, DemoError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

Row = tuple[str, ...]

COLUMNS = ("id", "created", "amount", "currency", "status")
_MARGIN = "  "
_HOLDER = re.compile(r"\(PID (\d+)\)")


def counts(path: Path) -> dict[str, int]:
    """How many rows each table has; nothing while there is no file.

    Raises:
        DemoError: If the file cannot be read now, or at all.
    """
    if not path.exists():
        return {}
    with _opened(path) as database:
        tables = database.execute(
            "select table_name from information_schema.tables where table_name not like '\\_%' escape '\\'"
        ).fetchall()
        return {name: _count(database, name) for (name,) in tables}


def first_charges(path: Path) -> list[Row]:
    """The first five charges, as text in the order of `COLUMNS`.

    Raises:
        DemoError: If the file cannot be read now, or at all.
    """
    shown = ", ".join(
        f"left({name}::varchar, 16)" if name == "created" else f"coalesce({name}::varchar, '')"
        for name in COLUMNS
    )
    with _opened(path) as database:
        return database.execute(f"select {shown} from charges order by created limit 5").fetchall()  # noqa: S608 - our names


def table_lines(rows: Sequence[Row], *, width: int) -> list[str]:
    """Rows under their names, with as many of the columns as fit into the width; one always does."""
    columns = [(name, *cells) for name, *cells in zip(COLUMNS, *rows, strict=True)]
    widths = [max(map(len, column)) for column in columns]
    while len(widths) > 1 and sum(len(_MARGIN) + each for each in widths) > width:
        widths.pop()
    return [
        _MARGIN
        + _MARGIN.join(cell.ljust(each) for cell, each in zip(cells, widths, strict=False)).rstrip()
        for cells in zip(*columns, strict=True)
    ]


@contextmanager
def _opened(path: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    try:
        with closing(duckdb.connect(str(path), read_only=True)) as database:
            yield database
    except duckdb.Error as error:
        raise _unreadable(path, str(error)) from error


def _unreadable(path: Path, text: str) -> DemoError:
    if "Could not set lock" in text:
        holder = _HOLDER.search(text)
        which = f" by the process {holder[1]}" if holder else ""
        return DemoError(
            f"`{path}` is open already{which}, and only one program can write to it. Close it "
            f"there. {AGAIN}",
            TRY_LATER,
        )
    return DemoError(
        f"The tables in `{path}` cannot be read: {text.splitlines()[0]}. Type `rm -r "
        f"{path.parent}`, and then `make demo` again."
    )


def _count(database: duckdb.DuckDBPyConnection, table: str) -> int:
    row = database.execute(f'select count(*) from "{table}"').fetchone()  # noqa: S608 - names it gave
    return int(row[0]) if row else 0
