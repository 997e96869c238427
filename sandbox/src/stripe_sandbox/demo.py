"""`make demo`: Stripe objects arrive in a table, and once more only what is new.

Without an account it reads the sandbox, whose world is kept between demos. With `STRIPE_API_KEY`
it reads that account, which it never changes.
"""

from __future__ import annotations

import hashlib
import json
import os
import random
import shutil
import subprocess
import sys
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb

from stripe_sandbox.business import grow
from stripe_sandbox.server import serve
from stripe_sandbox.world import FakeStripe

if TYPE_CHECKING:
    from collections.abc import Iterator

FOLDER = Path(".demo")
DATABASE = "stripe.duckdb"
ACCOUNT_DAYS = 30
HOUR_SECONDS = 3600
SANDBOX_REQUESTS_PER_SECOND = 100

Counts = dict[str, int]


def main() -> int:
    """Run the demo; return the exit code: that of the program that failed, if one did."""
    key = os.environ.get("STRIPE_API_KEY", "").strip()
    try:
        if key:
            _show_account(key)
        else:
            _show_sandbox()
        sys.stdout.flush()
    except subprocess.CalledProcessError as failed:
        _say_why(failed)
        return failed.returncode if failed.returncode > 0 else 1
    except _UnreadableWorldError as unreadable:
        print(f"{unreadable}\nType `rm -r {FOLDER}`, and then `make demo` again.", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("\nStopped. Type `make demo` again: it goes on from here.", file=sys.stderr)
        return 130
    except BrokenPipeError:
        # Python flushes stdout when it exits, and would complain about the closed pipe again.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141
    return 0


class _UnreadableWorldError(Exception):
    """The world of an earlier demo is broken, or of another version."""


def _say_why(failed: subprocess.CalledProcessError) -> None:
    """Say what the program said to people; its log is JSON."""
    lines = str(failed.stderr).splitlines()
    sentences = [line for line in lines if not line.startswith("{")] or lines[-1:]
    print(f"\nThe demo stopped: `{failed.cmd}` ended with exit code {failed.returncode}.")
    print("\n".join(sentences))


def _show_sandbox() -> None:
    folder = FOLDER / "sandbox"
    folder.mkdir(parents=True, exist_ok=True)
    with _world(folder / "world.json") as fake, serve(fake) as url:
        print(f"A Stripe sandbox answers at {url}, as there is no STRIPE_API_KEY.")
        print(f"It changes nothing outside {FOLDER}; remove that folder to start anew.")
        # Stripe allows a test key 25 requests a second; this sandbox allows more.
        quick = {"requests_per_second": SANDBOX_REQUESTS_PER_SECOND}
        _write_settings(folder, {"secret_key": fake.key, "base_url": url, **quick})
        _load(folder)
        _show_rows(folder)
        print("\nAn hour passes in the sandbox: new customers pay, one moves, one is deleted.")
        _live_an_hour(fake)
        _load(folder)
        print("\nOnly what is new or changed came. Type `make demo` again: it goes on from here.")
    _say_where(folder)


def _show_account(key: str) -> None:
    folder = FOLDER / f"account-{hashlib.sha256(key.encode()).hexdigest()[:8]}"
    folder.mkdir(parents=True, exist_ok=True)
    print("Reads the Stripe account of STRIPE_API_KEY. It only reads; nothing there changes.")
    print(f"To be quick it reads objects created in the last {ACCOUNT_DAYS} days.")
    since = datetime.now(UTC) - timedelta(days=ACCOUNT_DAYS)
    if not (folder / "tap.json").exists():
        _write_settings(folder, {"start_datetime": since.strftime("%Y-%m-%dT00:00:00Z")})
    _load(folder)
    _show_rows(folder)
    print("\nOnce more, from the state that the first run left:")
    _load(folder)
    _say_where(folder)


@contextmanager
def _world(path: Path) -> Iterator[FakeStripe]:
    """The sandbox as the last demo left it, an hour later; or a new one."""
    if path.exists():
        fake = _load_world(path)
        _live_an_hour(fake)
    else:
        fake = FakeStripe()
        grow(fake, customers=40, seed=1)
        # A bookmark stays a minute behind Stripe's clock; let the first run see everything.
        fake.advance(HOUR_SECONDS)
    try:
        yield fake
    finally:
        fake.save(path)


def _load_world(path: Path) -> FakeStripe:
    try:
        return FakeStripe.load(path)
    except (ValueError, KeyError, TypeError) as error:
        raise _UnreadableWorldError(f"The sandbox in {path} cannot be read: {error}.") from error


def _live_an_hour(fake: FakeStripe) -> None:
    chance = random.Random(fake.now)
    fake.advance(HOUR_SECONDS // 2)
    for _ in range(3):
        customer = fake.create("customer", name=f"New customer {chance.randrange(1000)}")
        fake.create(
            "charge", customer=customer["id"], amount=chance.randrange(500, 90_000), currency="eur"
        )
    customers = [str(customer["id"]) for customer in fake.objects("customer")]
    moved, deleted = chance.sample(customers[3:], 2)
    fake.update("customer", moved, phone="+49 30 901820")
    fake.delete("customer", deleted)
    fake.advance(HOUR_SECONDS // 2)


def _write_settings(folder: Path, settings: dict[str, str | int]) -> None:
    (folder / "tap.json").write_text(json.dumps(settings), encoding="utf-8")


def _load(folder: Path) -> None:
    state = folder / "state.json"
    state.touch()
    before = _counts(folder)
    print("\n$ tap-stripe-td --config tap.json --state state.json | target-td-table >> state.json")
    _pipe(folder, state)
    after = _counts(folder)
    _show_counts({table: (rows - before.get(table, 0), rows) for table, rows in after.items()})


def _show_counts(tables: dict[str, tuple[int, int]]) -> None:
    print(f"\n  {'stream':<26}{'came':>8}{'in the table':>14}")
    for table, (came, rows) in sorted(tables.items(), key=lambda item: (-item[1][1], item[0])):
        if came:
            print(f"  {table:<26}{came:>8}{rows:>14}")
    unchanged = [rows for came, rows in tables.values() if not came]
    if unchanged:
        print(f"  {f'{len(unchanged)} others':<26}{0:>8}{sum(unchanged):>14}")


def _pipe(folder: Path, state: Path) -> None:
    tap = subprocess.Popen(
        [_program("tap-stripe-td"), "--config", "tap.json", "--state", state.name],
        cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    with state.open("a", encoding="utf-8") as states:
        target = subprocess.Popen(
            [_program("target-td-table")],
            cwd=folder, stdin=tap.stdout, stdout=states, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
    if tap.stdout is not None:
        tap.stdout.close()
    _, target_said = target.communicate()
    _, tap_said = tap.communicate()
    for name, program, said in (
        ("tap-stripe-td", tap, tap_said),
        ("target-td-table", target, target_said),
    ):
        if program.returncode:
            raise subprocess.CalledProcessError(program.returncode, name, stderr=said)


def _program(name: str) -> str:
    """The program of this very installation; `.venv/bin` need not be on the path."""
    beside = Path(sys.executable).with_name(name)
    return str(beside) if beside.exists() else shutil.which(name) or name


def _counts(folder: Path) -> Counts:
    path = folder / DATABASE
    if not path.exists():
        return {}
    with closing(duckdb.connect(str(path), read_only=True)) as database:
        tables = database.execute(
            "select table_name from information_schema.tables where table_name not like '\\_%' escape '\\'"
        ).fetchall()
        return {name: _count(database, name) for (name,) in tables}


def _count(database: duckdb.DuckDBPyConnection, table: str) -> int:
    row = database.execute(f'select count(*) from "{table}"').fetchone()  # noqa: S608 - names it gave
    return int(row[0]) if row else 0


def _show_rows(folder: Path) -> None:
    with closing(duckdb.connect(str(folder / DATABASE), read_only=True)) as database:
        print("\nThe first rows of the table `charges`:")
        database.sql(
            "select id, created, amount, currency, status from charges order by created limit 5"
        ).show()


def _say_where(folder: Path) -> None:
    print(f"\nThe tables are in {folder / DATABASE}; any DuckDB opens it.")


if __name__ == "__main__":
    sys.exit(main())
