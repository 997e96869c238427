"""What records cost that do not fit: loads with `on_invalid: quarantine`, against one where all fit.

    python bench/bench_quarantine.py [rows] [--postgres postgresql://…]

Prints seconds and CPU seconds of the same charges in one run on one machine: none refused, 1 % and
half of them refused by the SCHEMA, and by the destination alone. The tables `charges` and
`charges__rejected` of a PostgreSQL database are dropped first.
"""

import argparse
import json
import os
import platform
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import bench_target_records as records  # type: ignore[import-not-found]
from bench_target import Measured, measured  # type: ignore[import-not-found]

# What is put in the place of `amount`: text where the SCHEMA says integer, or more than 64 bits.
BY_SCHEMA, BY_DESTINATION = "no integer", 2**63


@dataclass(frozen=True)
class Case:
    """Every how many records one does not fit, and what is wrong with it."""

    name: str
    every: int
    amount: object


CASES = (
    Case("all fit", 0, None),
    Case("1 % refused by the SCHEMA", 100, BY_SCHEMA),
    Case("half refused by the SCHEMA", 2, BY_SCHEMA),
    Case("1 % refused by the destination", 100, BY_DESTINATION),
    Case("half refused by the destination", 2, BY_DESTINATION),
)


def write(path: Path, rows: int, case: Case) -> None:
    """The charges of one case, as Singer messages."""
    schema = records.schema("charges")
    head = {"type": "SCHEMA", "stream": "charges", "schema": schema, "key_properties": ["id"]}
    with path.open("w", encoding="utf-8") as file:
        file.write(json.dumps(head) + "\n")
        for number in range(rows):
            charge = records.charge(number)
            if case.every and number % case.every == 0:
                charge["amount"] = case.amount
            message = {"type": "RECORD", "stream": "charges", "record": charge}
            file.write(json.dumps(message) + "\n")
        file.write('{"type": "STATE", "value": {}}\n')


def load(folder: Path, case: Case, rows: int, destination: str) -> Measured:
    """The target with this case's charges, its start included."""
    config = {"destination": destination, "on_invalid": "quarantine"}
    (folder / "config.json").write_text(json.dumps(config))
    program = Path(sys.executable).with_name("target-td-table")
    command = [str(program), f"--config={folder}/config.json"]
    return measured(case.name, rows, command, folder / "in.singer")


def emptied(folder: Path, postgres: str | None) -> Iterator[str]:
    """Yield the destinations, each without tables."""
    (folder / "x.duckdb").unlink(missing_ok=True)
    yield f"duckdb:///{folder}/x.duckdb"
    if postgres:
        import psycopg

        with psycopg.connect(postgres, autocommit=True) as connection:
            connection.execute("DROP TABLE IF EXISTS charges, charges__rejected")
        yield postgres


def main() -> None:
    """Print what was measured."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("rows", nargs="?", type=int, default=60_000)
    parser.add_argument("--postgres")
    given = parser.parse_args()
    print(
        f"{datetime.now(tz=UTC):%Y-%m-%d %H:%M} UTC, {os.cpu_count()} cores {platform.machine()}, "
        f"load {os.getloadavg()[0]:.1f}, Python {platform.python_version()}: {given.rows:,} charges"
    )
    fits: dict[str, Measured] = {}
    with TemporaryDirectory() as name:
        folder = Path(name)
        for case in CASES:
            write(folder / "in.singer", given.rows, case)
            for destination in emptied(folder, given.postgres):
                scheme = destination.partition(":")[0]
                found = load(folder, case, given.rows, destination)
                base = fits.setdefault(scheme, found)
                print(
                    f"{scheme:<11}{case.name:<32}{found.seconds:>6.1f} s "
                    f"{found.cpu_seconds:>6.1f} s of CPU {found.peak_mib:>6,.0f} MiB   "
                    f"{found.cpu_seconds / base.cpu_seconds:.1f} x the CPU of all fit"
                )


if __name__ == "__main__":
    main()
