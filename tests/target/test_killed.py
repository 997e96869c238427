"""Killed with SIGKILL and run again from `--print-state`, every row is there once.

`KILLS=100 pytest tests/target/test_killed.py` kills as often as the promise was checked with.
"""

import os
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from tests.target.killing import (
    Killed,
    Moments,
    State,
    configure,
    kill_before_its_state,
    load_with_kills,
    print_state,
    run,
)
from tests.target.world import INTEGER, MOMENT, Tables, activate, record, schema, state

KILLS = int(os.environ.get("KILLS", "2"))
PAGE_ROWS = 50
# More than the target loads before it is killed.
RUN_ROWS = 20_000
READING_KEYS = 5_000
STREAMS = ("charges", "refunds")
FIELDS: dict[str, Any] = {
    "n": INTEGER, "reading": INTEGER, "_updated_at": MOMENT, "_sdc_deleted_at": MOMENT
}  # fmt: skip
SCHEMAS = [schema(name, key=("n",), **FIELDS) for name in STREAMS]
LEFT_BEHIND = "SELECT table_name FROM information_schema.tables WHERE table_name LIKE '%staging%'"


def row(n: int, reading: int | None = None) -> str:
    """Row n goes to `refunds` if 7 divides n, else to `charges`."""
    stream, moment = STREAMS[n % 7 == 0], "2026-01-01T00:00:00Z"
    return record(stream, version=reading, n=n, reading=reading, _updated_at=moment)


def pages(kept: State, rows: int = RUN_ROWS) -> bytes:
    """So many rows more than there are, with a state after each page."""
    sent, lines = kept.get("sent", 0), [*SCHEMAS]
    for n in range(sent + 1, sent + rows + 1):
        lines.append(row(n))
        if n % PAGE_ROWS == 0:
            lines.append(state(sent=n))
    return "".join(lines).encode()


def readings(kept: State, most: int) -> bytes:
    """So many whole readings, of which the first may have been begun by an earlier run."""
    first, lines = kept.get("reading", 0) + kept.get("is_whole", True), [*SCHEMAS]
    sent = 0 if kept.get("is_whole", True) else kept["sent"]
    for reading in range(first, first + most):
        lines += whole_reading(reading, sent if reading == first else 0)
    return "".join(lines).encode()


def whole_reading(reading: int, sent: int) -> Iterable[str]:
    """Yield what is left of one whole reading."""
    for n in range(sent + 1, READING_KEYS):
        if is_in(n, reading):
            yield row(n, reading)
        if n % PAGE_ROWS == 0:
            yield state(reading=reading, sent=n, is_whole=False)
    for name in STREAMS:
        yield activate(name, reading, **({"resumed": True} if sent else {}))
    yield state(reading=reading, sent=READING_KEYS, is_whole=True)


def is_in(n: int, reading: int) -> bool:
    """Whether the stream has the row while this reading is made: each misses other rows."""
    return (n + reading) % 5 != 0


def there_is(kept: State) -> dict[int, int]:
    """The rows that are not gone when this state is kept, and the reading that brought each."""
    if not kept:
        return {}
    reading, sent = kept["reading"], kept["sent"]
    before = {} if kept["is_whole"] else dict.fromkeys(in_reading(reading - 1), reading - 1)
    return before | {n: reading for n in in_reading(reading) if n <= sent}


def in_reading(reading: int) -> list[int]:
    return [n for n in range(1, READING_KEYS) if reading and is_in(n, reading)]


def all_of(tables: Tables, columns: str, where: str = "TRUE") -> list[tuple[Any, ...]]:
    found = [name for name in STREAMS if tables.columns(name)]
    selects = [f"SELECT {columns} FROM {name} WHERE {where}" for name in found]
    return tables.rows(" UNION ALL ".join(selects)) if selects else []


def order(kept: State) -> tuple[int, int]:
    return kept.get("reading", 0), kept.get("sent", 0)


def assert_killed_in_order(killed: Killed, tables: Tables) -> None:
    assert killed.kills == KILLS
    assert list(killed.states) == sorted(killed.states, key=order)
    assert tables.rows(LEFT_BEHIND) == []


@pytest.mark.timeout(60 + KILLS * 60)
@pytest.mark.parametrize("mode", ["append", "merge"])
def test_killed_anywhere_and_resumed_every_row_is_there_once(
    anywhere: Tables, tmp_path: Path, mode: str
) -> None:
    def all_are_there(kept: State) -> None:
        found = sorted(n for (n,) in all_of(anywhere, "n"))
        assert found == list(range(1, kept.get("sent", 0) + 1))

    settings = {"destination": anywhere.url, "mode": mode}
    killed = load_with_kills(
        tmp_path, settings, pages, kills=KILLS, moments=Moments(), seen=all_are_there
    )

    run(tmp_path, pages(killed.kept, PAGE_ROWS))
    all_are_there(print_state(tmp_path))
    assert_killed_in_order(killed, anywhere)


@pytest.mark.timeout(60 + KILLS * 60)
@pytest.mark.parametrize("mode", ["merge", "replace"])
def test_readings_killed_anywhere_leave_only_what_the_last_ones_brought(
    anywhere: Tables, tmp_path: Path, mode: str
) -> None:
    def only_that_is_there(kept: State) -> None:
        live = all_of(anywhere, "n, reading", "_sdc_deleted_at IS NULL")
        assert sorted(live) == sorted(there_is(kept).items())
        numbers = [n for (n,) in all_of(anywhere, "n")]
        assert len(numbers) == len(set(numbers))

    settings = {"destination": anywhere.url, "mode": mode}
    at_once = 1 if mode == "replace" else 4
    killed = load_with_kills(
        tmp_path,
        settings,
        lambda kept: readings(kept, at_once),
        kills=KILLS,
        moments=Moments(0, seconds_of(tmp_path, settings)) if mode == "replace" else Moments(),
        seen=only_that_is_there,
    )

    run(tmp_path, readings(killed.kept, 1))
    only_that_is_there(print_state(tmp_path))
    assert_killed_in_order(killed, anywhere)


def seconds_of(folder: Path, settings: dict[str, Any]) -> float:
    """How long one reading takes; in mode replace its only state comes at the end."""
    configure(folder, settings)
    started = time.monotonic()
    run(folder, readings({}, 1))
    return time.monotonic() - started


@pytest.mark.parametrize("mode", ["append", "merge"])
def test_killed_between_the_commit_and_the_state_no_row_comes_twice(
    anywhere: Tables, tmp_path: Path, mode: str
) -> None:
    settings = {"destination": anywhere.url, "mode": mode}

    kept = kill_before_its_state(tmp_path, settings, pages({}, 10 * PAGE_ROWS))

    assert kept["sent"] > 0
    run(tmp_path, pages(kept, 2 * PAGE_ROWS))
    rows = kept["sent"] + 2 * PAGE_ROWS
    assert sorted(n for (n,) in all_of(anywhere, "n")) == list(range(1, rows + 1))


@pytest.mark.parametrize("mode", ["merge", "replace"])
def test_a_reading_killed_between_the_commit_and_the_state_counts_as_done(
    anywhere: Tables, tmp_path: Path, mode: str
) -> None:
    settings = {"destination": anywhere.url, "mode": mode, "batch_size_rows": 1_000_000}

    kept = kill_before_its_state(tmp_path, settings, readings({}, 1))

    assert kept == {"reading": 1, "sent": READING_KEYS, "is_whole": True}
    run(tmp_path, readings(kept, 1))
    live = all_of(anywhere, "n, reading", "_sdc_deleted_at IS NULL")
    assert sorted(live) == [(n, 2) for n in in_reading(2)]
