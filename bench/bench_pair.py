"""How fast rows get from Stripe into tables, when Stripe answers in 150 ms and keeps its limits.

    python bench/bench_pair.py

`tap-stripe-td | target-td-table` into DuckDB, one stream and six, against the server of
`bench_tap.py`: 25 requests/s an endpoint, 100/s the account. The budget is the limit to compare
with: nothing that reads Stripe can be faster.
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import ceil
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb
from bench_tap import STREAMS, counts, machine, served  # type: ignore[import-not-found]

BIN = Path(sys.executable).parent
LATENCY_SECONDS, ENDPOINT, ACCOUNT = 0.15, 25, 100
ROWS = 50_000


@dataclass(frozen=True)
class Ended:
    """What a program had used at its end."""

    seconds: float
    cpu_seconds: float
    peak_mib: float


@dataclass(frozen=True)
class Loaded:
    """One run of the pair."""

    rows: int
    tap: Ended
    target: Ended


def ended(program: subprocess.Popen[bytes], started: float) -> Ended:
    """Wait for a program that must succeed."""
    _, status, usage = os.wait4(program.pid, 0)
    if status:
        raise SystemExit(f"{program.args!s} ended with {os.waitstatus_to_exitcode(status)}.")
    used = usage.ru_utime + usage.ru_stime
    return Ended(time.monotonic() - started, used, usage.ru_maxrss / 1024)


def load(url: str, streams: Sequence[str], folder: Path) -> Loaded:
    """Load streams into tables of a new database."""
    config, database = folder / "config.json", folder / "stripe.duckdb"
    settings = {
        "secret_key": "sk_test_sandbox",
        "base_url": url,
        "target": list(streams),
        # What a live key has without asking.
        "requests_per_second": ACCOUNT,
        "destination": f"duckdb:///{database}",
    }
    config.write_text(json.dumps(settings))
    started = time.monotonic()
    with (folder / "log").open("wb") as log:
        tap = subprocess.Popen(
            [BIN / "tap-stripe-td", "--config", config], stdout=subprocess.PIPE, stderr=log
        )
        target = subprocess.Popen(
            [BIN / "target-td-table", "--config", config],
            stdin=tap.stdout,
            stdout=subprocess.DEVNULL,
            stderr=log,
        )
    assert tap.stdout is not None
    tap.stdout.close()
    ends = ended(tap, started), ended(target, started)
    with duckdb.connect(str(database), read_only=True) as tables:
        rows = [
            tables.table(stream).aggregate("count(DISTINCT id)").fetchall() for stream in streams
        ]
    return Loaded(sum(count for ((count,),) in rows), *ends)


def pairs() -> Iterator[str]:
    """One stream, whose endpoint is the limit, and six, for which the account is."""
    yield (
        "| work | rows in tables | seconds | the budget alone takes | tap, peak MiB "
        "| target, peak MiB | tap + target, CPU seconds |"
    )
    yield "|---|--:|--:|--:|--:|--:|--:|"
    for streams, budget in ((STREAMS[:1], ENDPOINT), (STREAMS, ACCOUNT)):
        with (
            served(ROWS, LATENCY_SECONDS, ENDPOINT, ACCOUNT) as url,
            TemporaryDirectory() as folder,
        ):
            run = load(url, streams, Path(folder))
            if refused := counts(url)["refused"]:
                raise SystemExit(f"{refused:.0f} requests were refused: the budget was exceeded.")
        least = len(streams) * ceil(ROWS / 100) / budget
        yield (
            f"| {len(streams)} x {ROWS:,} | {run.rows:,} | {run.target.seconds:.1f} | {least:.1f} "
            f"| {run.tap.peak_mib:.0f} | {run.target.peak_mib:.0f} "
            f"| {run.tap.cpu_seconds:.1f} + {run.target.cpu_seconds:.1f} |"
        )


def main() -> None:
    """Print what was measured."""
    print(machine(), end="\n\n")
    for line in pairs():
        print(line, flush=True)


if __name__ == "__main__":
    main()
