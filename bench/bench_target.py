"""How fast the target loads a file into DuckDB, against DuckDB alone and against target-duckdb.

    python bench/bench_target.py [charges|balance_transactions] [rows] [--peer path/to/target-duckdb]

Prints rows a second, peak memory and ratios of one run on one machine. DuckDB alone reads the same
records as a bare file into the same columns, with the same statement and the same settings.
"""

import argparse
import json
import os
import platform
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import bench_target_records as records  # type: ignore[import-not-found]

ROWS = {"charges": 200_000, "balance_transactions": 1_000_000}
BARE = """
import sys
from pathlib import Path
import duckdb
sys.path.insert(0, sys.argv[1])
import bench_target_records as records
from target_td_table import mapping
from target_td_table.batch import Batch
from target_td_table.loaders import duckdb_statements as statements
from target_td_table.table import TableName
folder, stream = Path(sys.argv[2]), sys.argv[3]
name = TableName("main", stream)
table = mapping.table(stream, records.schema(stream), ("id",), name=name)
bare = folder / "bare.ndjson"
config = {**statements.CONFIG, "memory_limit": "350MiB"}
with duckdb.connect(folder / "bare.duckdb", config=config) as connection:
    connection.execute("SET TimeZone = 'UTC'")
    connection.execute(statements.create_table(table))
    existing = dict(connection.execute(statements.COLUMNS, ["main", stream]).fetchall())
    connection.execute(statements.insert_batch(Batch(table, bare, 0, 0, 0, ()), name, existing))
"""


@dataclass(frozen=True)
class Measured:
    """One program over one file."""

    name: str
    rows: int
    seconds: float
    cpu_seconds: float
    peak_mib: float

    @property
    def speed(self) -> float:
        """Rows a second."""
        return self.rows / self.seconds


def measured(name: str, rows: int, command: Sequence[str], source: Path) -> Measured:
    """Run a program to its end, its start included."""
    started = time.monotonic()
    with source.open("rb") as opened:
        process = subprocess.Popen(
            command, stdin=opened, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        _, status, usage = os.wait4(process.pid, 0)
    if status:
        raise SystemExit(f"{name} ended with {os.waitstatus_to_exitcode(status)}.")
    cpu_seconds = usage.ru_utime + usage.ru_stime
    return Measured(name, rows, time.monotonic() - started, cpu_seconds, usage.ru_maxrss / 1024)


def bare(folder: Path, stream: str, rows: int) -> Measured:
    """DuckDB alone."""
    (folder / "bare.duckdb").unlink(missing_ok=True)
    command = [sys.executable, "-c", BARE, str(records.HERE), str(folder), stream]
    return measured("bare read_json", rows, command, folder / "in.singer")


def target(folder: Path, rows: int) -> Measured:
    """This target, with no setting but where to."""
    (folder / "stripe.duckdb").unlink(missing_ok=True)
    program = Path(sys.executable).with_name("target-td-table")
    command = [str(program), f"--destination=duckdb:///{folder}/stripe.duckdb"]
    return measured("target-td-table", rows, command, folder / "in.singer")


def peer(program: Path, folder: Path, rows: int) -> Measured:
    """target-duckdb with its defaults, and a schema that it understands: no `anyOf` in it."""
    (folder / "peer.duckdb").unlink(missing_ok=True)
    config = {"filepath": str(folder / "peer.duckdb"), "default_target_schema": "main"}
    (folder / "peer.json").write_text(json.dumps(config))
    command = [str(program), "--config", str(folder / "peer.json")]
    source = folder / "peer.singer"
    with (folder / "in.singer").open("rb") as whole, source.open("wb") as simple:
        simple.write(records.without_nested(whole.readline()))
        shutil.copyfileobj(whole, simple)
    return measured("target-duckdb", rows, command, source)


def report(stream: str, found: Sequence[Measured]) -> str:
    """A table of what was measured, and on what."""
    ours = next(each for each in found if each.name == "target-td-table")
    head = (
        f"{datetime.now(tz=UTC):%Y-%m-%d %H:%M} UTC, {os.cpu_count()} cores {platform.machine()}, "
        f"load {os.getloadavg()[0]:.1f}, Python {platform.python_version()}: "
        f"{ours.rows:,} {stream}"
    )
    lines = [
        f"{each.name:<16}{each.speed:>10,.0f} rows/s {each.cpu_seconds:>6.1f} s of CPU "
        f"{each.peak_mib:>6,.0f} MiB   "
        f"target-td-table is {ours.speed / each.speed:.2f} x"
        for each in found
    ]
    return "\n".join([head, *lines])


def main() -> None:
    """Print what was measured."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("stream", nargs="?", default="charges", choices=list(ROWS))
    parser.add_argument("rows", nargs="?", type=int)
    parser.add_argument("--peer", type=Path)
    parser.add_argument("--rounds", type=int, default=1, help="the best round counts")
    given = parser.parse_args()
    rows = given.rows or ROWS[given.stream]
    with TemporaryDirectory() as name:
        folder = Path(name)
        records.write(folder, given.stream, rows)
        rounds = [
            (bare(folder, given.stream, rows), target(folder, rows)) for _ in range(given.rounds)
        ]
        found = [min(each, key=lambda one: one.seconds) for each in zip(*rounds, strict=True)]
        if given.peer:
            found.append(peer(given.peer, folder, rows))
    print(report(given.stream, found))


if __name__ == "__main__":
    main()
