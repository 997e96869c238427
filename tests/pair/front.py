"""What stands before localstripe: the one answer that it lacks and every run begins with."""

from __future__ import annotations

import http.client
import json
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

ACCOUNT = {"id": "acct_localstripe", "object": "account", "created": 1_700_000_000}


class _Server(ThreadingHTTPServer):
    behind_port = 0


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        status, body = self._account() if self.path == "/v1/account" else self._forwarded()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - http.server's name
        """Keep quiet."""

    def _account(self) -> tuple[int, bytes]:
        return 200, json.dumps(ACCOUNT).encode()

    def _forwarded(self) -> tuple[int, bytes]:
        connection = http.client.HTTPConnection("localhost", self.server.behind_port)
        try:
            connection.request("GET", self.path, headers=dict(self.headers.items()))
            response = connection.getresponse()
            return response.status, response.read()
        finally:
            connection.close()


@contextmanager
def standing_before(port: int) -> Iterator[str]:
    """Serve what a port of this machine serves, and an account; gives the address."""
    server = _Server(("127.0.0.1", 0), _Handler)
    server.behind_port = port
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
