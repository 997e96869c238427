"""The command `stripe-sandbox`."""

from __future__ import annotations

import argparse
import errno
import signal
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING

from stripe_sandbox.business import grow
from stripe_sandbox.server import serve
from stripe_sandbox.world import FakeStripe

if TYPE_CHECKING:
    from collections.abc import Sequence

USAGE = """\
A Stripe of your own listens on {url}
  key      {key}
  charges  curl {url}/v1/charges -u {key}:
  tap      {{"secret_key": "{key}", "base_url": "{url}"}}
Ctrl-C stops it.
"""

_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_TRY_LATER = 75


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until Ctrl-C or SIGTERM; returns the exit code."""
    chosen = _parser().parse_args(arguments)
    try:
        fake = _world(chosen)
    except (ValueError, KeyError, TypeError) as error:
        sys.stderr.write(f"The sandbox in {chosen.store} cannot be read: {error}. Remove it.\n")
        return 2
    except OSError as error:
        sys.stderr.write(
            f"The sandbox in {chosen.store} cannot be read: {error.strerror}. Name another file.\n"
        )
        return 2
    # It had better fail now than after an hour's work in that world.
    if code := _keep(fake, chosen.store):
        return code
    fake.latency_seconds = chosen.latency
    fake.limit(chosen.limit_account, chosen.limit_endpoint)
    stop = threading.Event()
    for name in (signal.SIGINT, signal.SIGTERM):
        signal.signal(name, lambda _signal, _frame: stop.set())
    try:
        _serve(fake, chosen.port, stop)
    except OSError as refused:
        sys.stderr.write(
            f"Cannot listen on port {chosen.port}: {refused.strerror}. "
            "Choose another with --port, or 0 for any free one.\n"
        )
        return 2
    return _keep(fake, chosen.store)


def _keep(fake: FakeStripe, store: Path | None) -> int:
    """Write the world to its file, if it has one; return the exit code."""
    try:
        if store is not None:
            fake.save(store)
    except OSError as error:
        sys.stderr.write(
            f"The sandbox cannot be kept in {store}: {error.strerror}. Make room there, or name "
            "another file with --store.\n"
        )
        return _TRY_LATER if error.errno in _FULL else 2
    return 0


def _serve(fake: FakeStripe, port: int, stop: threading.Event) -> None:
    with serve(fake, port) as url:
        print(USAGE.format(url=url, key=fake.key), end="", flush=True)  # noqa: T201 - its only output
        stop.wait()


def _world(chosen: argparse.Namespace) -> FakeStripe:
    if chosen.store is not None and chosen.store.exists():
        return FakeStripe.load(chosen.store)
    fake = FakeStripe()
    grow(fake, customers=chosen.customers, seed=chosen.seed)
    return fake


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        "stripe-sandbox", description="A local Stripe to try things on."
    )
    parser.add_argument("--port", type=int, default=12111, help="0 takes any free port")
    parser.add_argument("--customers", type=int, default=50, help="how big the business is")
    parser.add_argument("--seed", type=int, default=1, help="which business it is")
    parser.add_argument("--latency", type=float, default=0.0, metavar="SECONDS")
    parser.add_argument("--limit-account", type=float, metavar="N", help="requests a second")
    parser.add_argument("--limit-endpoint", type=float, metavar="N", help="requests a second")
    parser.add_argument("--store", type=Path, metavar="FILE", help="keep the world between runs")
    return parser
