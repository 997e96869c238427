"""localstripe, a stateful fake Stripe that others wrote, run as a server and spoken to by HTTP."""

from __future__ import annotations

import http.client
import json
import socket
import subprocess
import time
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from tests.fakes.programs import environment

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

KEY = "sk_test_12345"
_PATIENCE_SECONDS = 30


@dataclass(frozen=True)
class LocalStripe:
    """A running localstripe.

    Attributes:
        port: Where it listens.
    """

    port: int

    def create(self, path: str, **fields: str) -> dict[str, Any]:
        """Make an object as a merchant's program does."""
        body = urlencode(fields)
        headers = {
            "Authorization": f"Bearer {KEY}",
            "Content-Type": "application/x-www-form-urlencoded",
        }
        with closing(http.client.HTTPConnection("localhost", self.port)) as connection:
            connection.request("POST", path, body, headers)
            response = connection.getresponse()
            created: dict[str, Any] = json.loads(response.read())
        assert response.status == 200, created
        return created

    def let_the_second_pass(self) -> None:
        """Wait until nothing more can happen in this second: a run reads whole seconds."""
        time.sleep(1.05 - time.time() % 1)


@contextmanager
def running(program: str, folder: Path) -> Iterator[LocalStripe]:
    """Run localstripe until the block ends; it listens on IPv4 through IPv6 only."""
    with closing(socket.create_server(("127.0.0.1", 0))) as free:
        port = free.getsockname()[1]
    server = subprocess.Popen(
        [program, "--from-scratch", "--port", str(port)],
        cwd=folder,
        env=environment(HOME=str(folder)),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        _wait_for(port, server)
        yield LocalStripe(port)
    finally:
        server.terminate()
        server.wait()


def _wait_for(port: int, server: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + _PATIENCE_SECONDS
    while time.monotonic() < until and server.poll() is None:
        try:
            socket.create_connection(("localhost", port), timeout=1).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise AssertionError("localstripe does not listen; it needs IPv6 on the loopback interface")
