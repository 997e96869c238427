"""How well the tap uses Stripe's budgets, how flat its memory stays, and what a row costs.

    python bench/bench_tap.py [budgets] [memory] [cpu] [--million] [--peer path/to/tap-stripe]

Prints tables in Markdown, with the machine they were measured on; ratios of one run count, absolute
numbers only on a quiet machine. The server (`tap_canned.py`) is another process and costs little.
`--peer` is singer-io's tap-stripe 3.3.0, in an environment of its own:

    uv venv peer && uv pip install --python peer/bin/python tap-stripe==3.3.0 'setuptools<81'
"""

import argparse
import json
import os
import platform
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from math import ceil
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from urllib.request import urlopen

import tap_canned  # type: ignore[import-not-found]

HERE = Path(__file__).parent
TAP = Path(sys.executable).with_name("tap-stripe-td")
ROUNDS = 5
STREAMS = [path.removeprefix("/v1/") for path in tap_canned.PATHS]
LOOP = """
import sys
import stripe
client = stripe.StripeClient("sk_test_sandbox", base_addresses={"api": sys.argv[1]})
print(sum(1 for _ in client.v1.charges.list({"limit": 100}).auto_paging_iter()))
"""
PEER = """
import sys
import requests
import tap_stripe
ask = requests.Session.request
def led(session, method, url, **options):
    return ask(session, method, url.replace("https://api.stripe.com", {url!r}), **options)
requests.Session.request = led
sys.argv[0] = "tap-stripe"
tap_stripe.main()
"""


@dataclass(frozen=True)
class Measured:
    """One program, from its start to its end."""

    rows: int
    seconds: float
    cpu_seconds: float
    peak_mib: float


@contextmanager
def served(rows: int, *limits: float) -> Iterator[str]:
    """A server of so many rows in a process of its own; gives its address."""
    command = [sys.executable, str(HERE / "tap_canned.py"), str(rows), *map(str, limits)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        try:
            yield server.stdout.readline().strip()
        finally:
            server.kill()


def counts(url: str) -> dict[str, float]:
    """What a server was asked."""
    with urlopen(f"{url}/counts") as answer:
        found: dict[str, float] = json.load(answer)
        return found


def measured(command: Sequence[str | Path]) -> Measured:
    """Run a program as the left half of a pipe, counting RECORD lines at its right."""
    started = time.monotonic()
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    assert process.stdout is not None
    rows = sum(b'"RECORD"' in line[:200] for line in process.stdout)
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.monotonic() - started
    if status:
        raise SystemExit(f"{command[0]} ended with {os.waitstatus_to_exitcode(status)}.")
    return Measured(rows, seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)


def tap(url: str, streams: Sequence[str], **settings: object) -> Measured:
    """Our tap over a server."""
    with TemporaryDirectory() as folder:
        config = Path(folder, "config.json")
        given = {"secret_key": "sk_test_sandbox", "base_url": url, "target": list(streams)}
        config.write_text(json.dumps({**given, **settings}))
        return measured([TAP, "--config", config])


def budgets() -> Iterator[str]:
    """How much of the budgets is used, and how many requests are wasted."""
    yield (
        "| work | rows | requests/s, ramp-up and end in it | its middle 80 % | of the budget "
        "| requests beyond the least | 429 |"
    )
    yield "|---|--:|--:|--:|--:|--:|--:|"
    for streams, rows, budget in ((STREAMS[:1], 50_000, 25), (STREAMS, 50_000, 100)):
        with served(rows, 0.15, 25, 100) as url:
            found = tap(url, streams, requests_per_second=100)
            asked = counts(url)
        least = len(streams) * ceil(rows / 100)
        speed = asked["requests"] / asked["seconds"]
        yield (
            f"| {len(streams)} x {rows:,} | {found.rows:,} | {speed:.1f} "
            f"| {asked['steady']:.1f} | {asked['steady'] / budget:.1%} "
            f"| {asked['requests'] / least - 1:.1%} | {asked['refused']:.0f} |"
        )


def memory(*, million: bool) -> Iterator[str]:
    """How much memory more rows need."""
    yield "| charges | peak MiB |"
    yield "|--:|--:|"
    for rows in (10_000, 200_000, *([1_000_000] if million else [])):
        with served(rows) as url:
            found = tap(url, ["charges"], requests_per_second=100_000)
        yield f"| {found.rows:,} | {found.peak_mib:.0f} |"


def cpu(peer: Path | None) -> Iterator[str]:
    """What a row costs the reading program alone: its CPU time, less that of a tiny run."""
    rows = 50_000
    with served(rows) as many, served(100) as few:
        rounds = [row_cost(rows, (many, few), our_charges) for _ in range(ROUNDS)]
        found = {
            "tap-stripe-td": rounds,
            "stripe auto-paging loop": [row_cost(rows, (many, few), looped)],
        }
        if peer:
            found["singer-io tap-stripe 3.3.0"] = [
                row_cost(rows, (many, few), lambda url: peered(peer, url))
            ]
    yield "| program | rows per CPU second, median | least - most | rounds | tap-stripe-td is |"
    yield "|---|--:|--:|--:|--:|"
    ours = median(found["tap-stripe-td"])
    for name, speeds in found.items():
        yield (
            f"| {name} | {median(speeds):,.0f} | {min(speeds):,.0f} - {max(speeds):,.0f} "
            f"| {len(speeds)} | {ours / median(speeds):.1f} x |"
        )


def row_cost(rows: int, urls: tuple[str, str], run: Callable[[str], Measured]) -> float:
    """How many rows a program reads in a second of CPU time, its start not counted."""
    whole, begun = map(run, urls)
    return rows / (whole.cpu_seconds - begun.cpu_seconds)


def our_charges(url: str) -> Measured:
    """Our tap, reading one stream."""
    return tap(url, ["charges"], requests_per_second=100_000)


def looped(url: str) -> Measured:
    """The official library's own loop, which writes nothing."""
    return measured([sys.executable, "-c", LOOP, url])


def peered(program: Path, url: str) -> Measured:
    """singer-io's tap over a server; it knows no host but Stripe's, so requests are led astray."""
    with TemporaryDirectory() as folder:
        config, catalog = Path(folder, "config.json"), Path(folder, "catalog.json")
        python = program.with_name("python")
        config.write_text(
            json.dumps(
                {
                    "client_secret": "sk_test_sandbox",
                    "account_id": "acct_canned",
                    "start_date": "2025-01-01T00:00:00Z",
                }
            )
        )
        run = PEER.format(url=url)
        found = subprocess.run(
            [python, "-c", run, "--config", config, "--discover"],
            stdout=subprocess.PIPE,
            check=True,
        )
        chosen = json.loads(found.stdout)
        for stream in chosen["streams"]:
            for entry in stream["metadata"]:
                if not entry["breadcrumb"]:
                    entry["metadata"]["selected"] = stream["stream"] == "charges"
        catalog.write_text(json.dumps(chosen))
        return measured([python, "-c", run, "--config", config, "--catalog", catalog])


def machine() -> str:
    """What was measured on, and how busy it was."""
    return (
        f"{datetime.now(tz=UTC):%Y-%m-%d %H:%M} UTC, {os.cpu_count()} cores {platform.machine()}, "
        f"load {os.getloadavg()[0]:.1f}, Python {platform.python_version()}"
    )


def main() -> None:
    """Print what was measured."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("parts", nargs="*", default=["budgets", "memory", "cpu"])
    parser.add_argument("--million", action="store_true")
    parser.add_argument("--peer", type=Path)
    given = parser.parse_args()
    parts: dict[str, Callable[[], Iterator[str]]] = {
        "budgets": budgets,
        "memory": lambda: memory(million=given.million),
        "cpu": lambda: cpu(given.peer),
    }
    for name in given.parts:
        print(f"\n## {name}\n\n{machine()}\n")
        for line in parts[name]():
            print(line, flush=True)


if __name__ == "__main__":
    main()
