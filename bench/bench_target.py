"""How fast the target loads, against DuckDB reading the same records as a bare file.

    python bench/bench_target.py [rows]

Prints rows a second of both, and their ratio, from one run on one machine.
"""

import json
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb

TEXT = {"type": ["null", "string"]}
PROPERTIES = {
    "id": TEXT,
    "amount": {"type": ["null", "integer"]},
    "created": {"type": ["null", "string"], "format": "date-time"},
    "paid": {"type": ["null", "boolean"]},
    "description": TEXT,
    "billing_details": {"type": ["null", "object"]},
    "payment_method_details": {"type": ["null", "object"]},
}
COLUMNS = {
    "id": "VARCHAR",
    "amount": "BIGINT",
    "created": "TIMESTAMPTZ",
    "paid": "BOOLEAN",
    "description": "VARCHAR",
    "billing_details": "JSON",
    "payment_method_details": "JSON",
}


def charge(number: int) -> str:
    """A charge of about 2.5 KB."""
    return json.dumps(
        {
            "id": f"ch_{number:012d}",
            "amount": number * 7919 % 1_000_000,
            "created": "2026-11-23T08:00:00Z",
            "paid": number % 9 != 0,
            "description": f"Order {number} " + "of many things " * 20,
            "billing_details": {"email": f"{number}@example.com", "line1": "Street " * 40},
            "payment_method_details": {"card": {"brand": "visa", "note": "n" * 1500}},
        }
    )


def write(folder: Path, rows: int) -> None:
    """Write the same records bare and as Singer messages."""
    schema = {"type": "SCHEMA", "stream": "charges", "schema": {"properties": PROPERTIES}}
    with (folder / "bare.ndjson").open("w") as bare, (folder / "in.singer").open("w") as singer:
        singer.write(json.dumps(schema) + "\n")
        for number in range(rows):
            record = charge(number)
            bare.write(record + "\n")
            singer.write(f'{{"type":"RECORD","stream":"charges","record":{record}}}\n')
            if number % 100 == 99:
                singer.write(f'{{"type":"STATE","value":{number}}}\n')


def seconds_bare(folder: Path) -> float:
    """DuckDB alone, one thread, the same columns and compression."""
    columns = ", ".join(f"{name} {type_}" for name, type_ in COLUMNS.items())
    columns = columns.replace("JSON", "JSON USING COMPRESSION zstd")
    with duckdb.connect(folder / "bare.duckdb", config={"threads": 1}) as connection:
        connection.execute("SET preserve_insertion_order = false")
        connection.execute(f"CREATE TABLE charges ({columns})")
        started = time.monotonic()
        connection.execute(
            f"INSERT INTO charges FROM read_json('{folder}/bare.ndjson', "
            f"format = 'newline_delimited', columns = {COLUMNS}, auto_detect = false)"
        )
        return time.monotonic() - started


def seconds_target(folder: Path) -> float:
    """The whole program, its start included."""
    program = Path(sys.executable).with_name("target-td-table")
    started = time.monotonic()
    with (folder / "in.singer").open() as source:
        subprocess.run(
            [program, f"--destination=duckdb:///{folder}/stripe.duckdb"],
            stdin=source, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True,
        )  # fmt: skip
    return time.monotonic() - started


def main() -> None:
    """Print what was measured."""
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    with TemporaryDirectory() as name:
        folder = Path(name)
        write(folder, rows)
        bare, target = rows / seconds_bare(folder), rows / seconds_target(folder)
    print(f"bare read_json   {bare:>9,.0f} rows/s")
    print(f"target-td-table  {target:>9,.0f} rows/s  {target / bare:.0%} of bare read_json")


if __name__ == "__main__":
    main()
