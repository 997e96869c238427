"""A small proxy as companies have them: it asks for a password, tunnels, and writes down for whom."""

import base64
import contextlib
import http.client
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar
from urllib.parse import urlsplit

USER, PASSWORD = "me", "s3cret"
_EXPECTED = "Basic " + base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()


@dataclass
class Proxy:
    """What it was asked for.

    Attributes:
        upstream: The port of this machine that it reaches under every name.
        asked: The host of each request or tunnel, in order.
        refusals: Statuses that the next tunnels are refused with; 0 hangs up in the handshake.
    """

    upstream: int
    port: int = 0
    asked: list[str] = field(default_factory=list)
    refusals: list[int] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://{USER}:{PASSWORD}@127.0.0.1:{self.port}"


@contextlib.contextmanager
def proxy_to(upstream: int) -> Iterator[Proxy]:
    """Serve a proxy on a port of this machine."""
    state = Proxy(upstream)

    class Handler(_Handler):
        proxy = state

    class Server(ThreadingHTTPServer):
        daemon_threads = True

    with Server(("127.0.0.1", 0), Handler) as server:
        state.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield state
        finally:
            server.shutdown()
            thread.join()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    proxy: ClassVar[Proxy]

    def do_CONNECT(self) -> None:
        """Reach the upstream under the name that was asked for."""
        if not self._is_let_in(self.path):
            return
        if self.proxy.refusals:
            status = self.proxy.refusals.pop(0)
            self.send_response(status or 200)
            self.end_headers()
            self.close_connection = True
            return
        self.send_response(200)
        self.end_headers()
        with socket.create_connection(("127.0.0.1", self.proxy.upstream)) as upstream:
            answers = threading.Thread(target=_pass_on, args=(upstream, self.connection))
            answers.start()
            _pass_on(self.connection, upstream)
            answers.join()
        self.close_connection = True

    def do_GET(self) -> None:
        self._forward()

    def do_POST(self) -> None:
        self._forward()

    def do_PUT(self) -> None:
        self._forward()

    def log_message(self, *_: object) -> None:
        """Keep the tests' output clean."""

    def _forward(self) -> None:
        url = urlsplit(self.path)
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if not self._is_let_in(url.netloc):
            return
        connection = http.client.HTTPConnection("127.0.0.1", self.proxy.upstream)
        with contextlib.closing(connection):
            kept = {name: value for name, value in self.headers.items() if name[:6] != "Proxy-"}
            connection.request(self.command, f"{url.path}?{url.query}", body, kept)
            answer = connection.getresponse()
            found = answer.read()
        self._say(answer.status, found)

    def _is_let_in(self, host: str) -> bool:
        self.proxy.asked.append(host)
        if self.headers.get("Proxy-Authorization") == _EXPECTED:
            return True
        self._say(407, b"")
        return False

    def _say(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def _pass_on(one: socket.socket, other: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while said := one.recv(1 << 16):
            other.sendall(said)
    with contextlib.suppress(OSError):
        other.shutdown(socket.SHUT_WR)
