"""`make demo`: Stripe objects arrive in a table, and once more only what is new.

Without an account it reads the sandbox, whose world is kept between demos. With `STRIPE_API_KEY`
it reads that account, which it never changes.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import random
import shutil
import sys
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from stripe_sandbox import demo_pipe, demo_tables
from stripe_sandbox.business import grow
from stripe_sandbox.demo_output import (
    AGAIN,
    CLOSED_PIPE,
    TRY_LATER,
    DemoError,
    forget_output,
    of_files,
    replace_what_no_terminal_shows,
    say,
)
from stripe_sandbox.server import serve
from stripe_sandbox.world import FakeStripe

if TYPE_CHECKING:
    from collections.abc import Iterator

FOLDER = Path(".demo")
DATABASE = "stripe.duckdb"
ACCOUNT_DAYS = 30
HOUR_SECONDS = 3600
SANDBOX_REQUESTS_PER_SECOND = 100


def main() -> int:
    """Run the demo; return the exit code: that of the program that failed, if one did."""
    replace_what_no_terminal_shows()
    key = os.environ.get("STRIPE_API_KEY", "").strip()
    try:
        if key:
            _show_account(key)
        else:
            _show_sandbox()
    except DemoError as refused:
        return _refuse(refused)
    except KeyboardInterrupt:
        print(f"\nStopped. {AGAIN}", file=sys.stderr)
        return 130
    except BrokenPipeError:
        forget_output()
        return CLOSED_PIPE
    except OSError as error:
        return _refuse(of_files(str(FOLDER), error))
    return 0


def _refuse(refused: DemoError) -> int:
    print(f"\n{refused}", file=sys.stderr)
    return refused.exit_code


def _show_sandbox() -> None:
    folder = FOLDER / "sandbox"
    with _alone_in(folder), _world(folder / "world.json") as fake, serve(fake) as url:
        say(f"A Stripe sandbox answers at {url}, as there is no STRIPE_API_KEY.")
        say(f"It changes nothing outside {FOLDER}; remove that folder to start anew.")
        # Stripe allows a test key 25 requests a second; this sandbox allows more.
        quick = {"requests_per_second": SANDBOX_REQUESTS_PER_SECOND}
        _write_settings(folder, {"secret_key": fake.key, "base_url": url, **quick})
        _load(folder)
        _show_rows(folder)
        say("\nAn hour passes in the sandbox: new customers pay, one moves, one is deleted.")
        _live_an_hour(fake)
        _load(folder)
        say("\nOnly what is new or changed came. Type `make demo` again: it goes on from here.")
    _say_where(folder)


def _show_account(key: str) -> None:
    folder = FOLDER / f"account-{hashlib.sha256(key.encode()).hexdigest()[:8]}"
    with _alone_in(folder):
        say("Reads the Stripe account of STRIPE_API_KEY. It only reads; nothing there changes.")
        say(f"To be quick it reads objects created in the last {ACCOUNT_DAYS} days.")
        since = datetime.now(UTC) - timedelta(days=ACCOUNT_DAYS)
        if not (folder / "tap.json").exists():
            _write_settings(folder, {"start_datetime": since.strftime("%Y-%m-%dT00:00:00Z")})
        _load(folder)
        _show_rows(folder)
        say("\nOnce more, from the state that the first run left:")
        _load(folder)
    _say_where(folder)


@contextmanager
def _alone_in(folder: Path) -> Iterator[None]:
    """Hold the folder while it is written to; made if it is missing.

    Raises:
        DemoError: If another demo holds it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w", encoding="utf-8") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise DemoError(
                f"Another demo loads into `{folder}`, and one can at a time. Wait until it has "
                f"ended. {AGAIN}",
                TRY_LATER,
            ) from None
        yield


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
        raise DemoError(
            f"The sandbox in {path} cannot be read: {error}.\nType `rm -r {FOLDER}`, and then "
            "`make demo` again."
        ) from error


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
    before = demo_tables.counts(folder / DATABASE)
    say("\n$ tap-stripe-td --config tap.json --state state.json | target-td-table >> state.json")
    demo_pipe.load(folder, state)
    after = demo_tables.counts(folder / DATABASE)
    _show_counts({table: (rows - before.get(table, 0), rows) for table, rows in after.items()})


def _show_counts(tables: dict[str, tuple[int, int]]) -> None:
    say(f"\n  {'stream':<26}{'came':>8}{'in the table':>14}")
    for table, (came, rows) in sorted(tables.items(), key=lambda item: (-item[1][1], item[0])):
        if came:
            say(f"  {table:<26}{came:>8,}{rows:>14,}")
    unchanged = [rows for came, rows in tables.values() if not came]
    if unchanged:
        say(f"  {f'{len(unchanged)} others':<26}{0:>8}{sum(unchanged):>14,}")


def _show_rows(folder: Path) -> None:
    if "charges" not in demo_tables.counts(folder / DATABASE):
        return
    rows = demo_tables.first_charges(folder / DATABASE)
    say("\nThe first rows of the table `charges`:\n")
    for line in demo_tables.table_lines(rows, width=shutil.get_terminal_size().columns):
        say(line)


def _say_where(folder: Path) -> None:
    say(f"\nThe tables are in {folder / DATABASE}; any DuckDB opens it.")
    say("Close it there before the next demo: a load must be the only program that has it open.")


if __name__ == "__main__":
    sys.exit(main())
