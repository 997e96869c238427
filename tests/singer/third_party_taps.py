"""Taps that others wrote, run on a database and a Stripe of our own; what they say is recorded.

The files in `recorded/` are what these taps wrote: `python -m tests.singer.third_party_taps` writes
them anew. Their packages come from PyPI, each into an environment of its own.
"""

from __future__ import annotations

import json
import os
import socket
import socketserver
import subprocess
import sys
import tempfile
import threading
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stripe_sandbox.business import grow
from stripe_sandbox.server import serve
from stripe_sandbox.world import OWN_ACCOUNT
from tests.fakes.changing_stripe import ChangingStripe
from tests.pair.third_party import ThirdParty
from tests.target.postgres_server import PostgresTables, running

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

RECORDED = Path(__file__).parent / "recorded"
# Streams of Stripe that suffice, so that the recording stays small.
STRIPE_STREAMS = ("charges", "customers", "coupons")
NOW = 1_790_000_000
# What PostgreSQL has types for; the second row is null, the third at the edges.
SHOP = (
    "CREATE TYPE mood AS ENUM ('glad', 'sad')",
    """CREATE TABLE everything (
        id integer PRIMARY KEY, big bigint, price numeric(12, 4), long numeric(38, 10),
        whole numeric(30, 0), free numeric, half real, fraction double precision, yes boolean,
        words text, short varchar(10), fixed char(4), day date, hour time, moment timestamp,
        zoned timestamptz, uid uuid, plain json, tree jsonb, numbers integer[], names text[],
        feeling mood, address inet)""",
    """INSERT INTO everything VALUES (
        1, 9007199254740993, 12.3400, 12345678901234567890.0123456789,
        123456789012345678901234567890, 0.1, 0.5, 0.1, true, E'é "q" \\\\ \\n', 'x', 'ab',
        '2026-01-02', '03:04:05.5', '2026-01-02 03:04:05.123456', '2026-01-02 03:04:05+05:30',
        '5f0c1c9c-9f0a-4b9a-8b0f-0123456789ab', '{"b": 1, "a": [null, 1.5]}', '{"a": {"b": []}}',
        '{1,null,3}', '{"a","b c"}', 'glad', '10.0.0.1')""",
    "INSERT INTO everything (id) VALUES (2)",
    """INSERT INTO everything (id, big, fraction, day, words, feeling)
        VALUES (3, -9223372036854775808, 1e300, '0001-01-01', '', 'sad')""",
    "CREATE TABLE logs (at timestamptz, line text)",
    "INSERT INTO logs VALUES ('2026-01-01', 'one'), ('2026-01-01', 'one')",
    "CREATE TABLE nothing (id bigint PRIMARY KEY)",
)
# singer-io's tap knows no host but Stripe's, so its requests are led astray.
_LED_ASTRAY = """
import sys, requests, tap_stripe
ask = requests.Session.request
def led(session, method, url, **options):
    return ask(session, method, url.replace("https://api.stripe.com", {url!r}), **options)
requests.Session.request = led
sys.argv[0] = "tap-stripe"
tap_stripe.main()
"""


def meltanolabs(third_party: ThirdParty, folder: Path, **settings: Any) -> str:
    """What meltanolabs-tap-postgres says of the shop; it is built on singer-sdk."""
    program = third_party.program("tap-postgres", "meltanolabs-tap-postgres==0.10.0")
    with _shop() as shop, _by_tcp(shop.socket / ".s.PGSQL.5432") as port:
        config = {
            "host": "127.0.0.1", "port": port, "user": "postgres", "password": "any",
            "database": shop.database, "filter_schemas": ["public"], **settings,
        }  # fmt: skip
        command = [program, "--config", _written(folder, config)]
        catalog = json.loads(_said([*command, "--discover"]))
        _select(catalog, lambda _: True, **{"replication-method": "FULL_TABLE"})
        return _said([*command, "--catalog", _written(folder, catalog)])


def pipelinewise(third_party: ThirdParty, folder: Path) -> str:
    """What pipelinewise-tap-postgres says of the shop; it activates a version twice."""
    program = third_party.program("tap-postgres", "pipelinewise-tap-postgres==2.1.0")
    with _shop() as shop:
        config = {
            "host": str(shop.socket), "port": 5432, "user": "postgres", "password": "any",
            "dbname": shop.database,
        }  # fmt: skip
        command = [program, "--config", _written(folder, config)]
        catalog = json.loads(_said([*command, "--discover"]))
        _select(catalog, lambda _: True, **{"replication-method": "FULL_TABLE"})
        return _said([*command, "--properties", _written(folder, catalog)])


def singer_io_stripe(third_party: ThirdParty, folder: Path) -> str:
    """What singer-io's tap-stripe says of a small business."""
    tap = third_party.program("tap-stripe", "tap-stripe==3.3.0")
    python = str(Path(tap).with_name("python"))
    stripe = business()
    with serve(stripe) as url:
        config = {
            "client_secret": stripe.key, "account_id": OWN_ACCOUNT,
            "start_date": "2026-03-01T00:00:00Z",
        }  # fmt: skip
        run = _LED_ASTRAY.format(url=url)
        command = [python, "-c", run, "--config", _written(folder, config)]
        catalog = json.loads(_said([*command, "--discover"]))
        _select(catalog, STRIPE_STREAMS.__contains__)
        return _said([*command, "--catalog", _written(folder, catalog)])


TAPS: Mapping[str, Callable[[ThirdParty, Path], str]] = {
    "meltanolabs_tap_postgres": meltanolabs,
    "pipelinewise_tap_postgres": pipelinewise,
    "singer_io_tap_stripe": singer_io_stripe,
}


def business() -> ChangingStripe:
    """The account that is read."""
    stripe = ChangingStripe(NOW)
    stripe.update("account", OWN_ACCOUNT, settings={"dashboard": {"display_name": "Shop"}})
    grow(stripe, customers=2)
    return stripe


def _select(catalog: Any, is_wanted: Callable[[str], bool], **metadata: Any) -> None:
    for stream in catalog["streams"]:
        selected = is_wanted(stream["stream"])
        for entry in stream["metadata"]:
            entry["metadata"] |= {"selected": selected} | ({} if entry["breadcrumb"] else metadata)


def _written(folder: Path, content: Any) -> str:
    with tempfile.NamedTemporaryFile("w", dir=folder, suffix=".json", delete=False) as file:
        json.dump(content, file)
    return file.name


def _said(command: list[str]) -> str:
    done = subprocess.run(command, capture_output=True, check=False)
    if done.returncode:
        raise RuntimeError(done.stderr.decode()[-2000:])
    return done.stdout.decode()


@contextmanager
def _shop() -> Iterator[PostgresTables]:
    with running() as server, server.database() as found:
        found.run(*SHOP)
        yield found


@contextmanager
def _by_tcp(path: Path) -> Iterator[int]:
    """A port that leads to a socket in the file system."""

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            with socket.socket(socket.AF_UNIX) as upstream:
                upstream.connect(str(path))
                back = threading.Thread(target=_pass_on, args=(upstream, self.request))
                back.start()
                _pass_on(self.request, upstream)
                back.join()

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_address[1]
        server.shutdown()


def _pass_on(one: socket.socket, other: socket.socket) -> None:
    while said := one.recv(1 << 16):
        other.sendall(said)
    other.shutdown(socket.SHUT_WR)


def _record() -> None:
    third_party = ThirdParty(Path(tempfile.gettempdir(), "third-party-taps"))
    third_party.folder.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        for name, run in TAPS.items():
            said = run(third_party, Path(folder))
            (RECORDED / f"{name}.singer").write_text(said, encoding="utf-8")
            sys.stderr.write(f"{name}: {said.count(os.linesep)} lines\n")


if __name__ == "__main__":
    _record()
