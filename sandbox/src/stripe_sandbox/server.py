"""Serve a FakeStripe over HTTP."""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

from stripe_sandbox.messages import Request, Response, Wire

if TYPE_CHECKING:
    from collections.abc import Iterator

    from stripe_sandbox.world import FakeStripe

SLOW_SECONDS = 3.0
SLOW_PIECES = 10


class Server(ThreadingHTTPServer):
    """Listens on loopback; every connection has a thread and may stay idle between requests."""

    daemon_threads = False
    request_queue_size = 128

    def __init__(self, port: int, fake: FakeStripe) -> None:
        super().__init__(("127.0.0.1", port), Handler)
        self.fake = fake
        self.connections: set[socket.socket] = set()
        self.connections_lock = threading.Lock()

    @property
    def url(self) -> str:
        """The address to give to a reader as its base URL."""
        return f"http://127.0.0.1:{self.server_address[1]}"

    def hang_up(self) -> None:
        """End all connections, the idle ones too."""
        with self.connections_lock:
            for connection in self.connections:
                with contextlib.suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)


class Handler(BaseHTTPRequestHandler):
    """One connection."""

    server: Server
    request: socket.socket
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def setup(self) -> None:
        """Note the connection, so that it can be ended."""
        with self.server.connections_lock:
            self.server.connections.add(self.request)
        super().setup()

    def finish(self) -> None:
        """Forget the connection."""
        with self.server.connections_lock:
            self.server.connections.discard(self.request)
        with contextlib.suppress(OSError):
            super().finish()

    def handle(self) -> None:
        """Answer requests until the reader or a fault ends the connection."""
        with contextlib.suppress(ConnectionError):
            super().handle()

    def do_GET(self) -> None:
        """Answer any request; the method is in `command`."""
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length) if length else b""
        request = Request.parse(self.command, self.path, dict(self.headers.items()), body)
        response = self.server.fake.answer(request)
        if self.server.fake.latency_seconds:
            time.sleep(self.server.fake.latency_seconds)
        self._send(response)

    do_POST = do_DELETE = do_PUT = do_PATCH = do_GET  # noqa: N815 - http.server's names

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - http.server's name
        """Keep quiet: the request log is `FakeStripe.requests`."""

    def _send(self, response: Response) -> None:
        if response.wire is Wire.RESET:
            self._reset()
            return
        head = self._head(response)
        half = len(response.body) // 2
        halves = (response.body[:half], response.body[half:])
        if response.wire is Wire.WHOLE:
            self.wfile.write(head + response.body)
        elif response.wire is Wire.SLOW:
            self.wfile.write(head)
            self._send_slowly(response.body)
        elif response.wire is Wire.CHUNKED:
            self.wfile.write(head + b"".join(map(_chunk, (*halves, b""))))
        elif response.wire is Wire.CUT_CHUNKED:
            self.wfile.write(head + _chunk(halves[0]))
            self.close_connection = True
        else:
            self.wfile.write(head + halves[0])
            self.wfile.flush()
            self.close_connection = True
            if response.wire is Wire.RESET_MID_BODY:
                self._reset()

    def _head(self, response: Response) -> bytes:
        lines = [f"HTTP/1.1 {response.status} {self.responses[response.status][0]}"]
        lines += [f"{name}: {value}" for name, value in response.headers.items()]
        in_chunks = response.wire in {Wire.CHUNKED, Wire.CUT_CHUNKED}
        length = "Transfer-Encoding: chunked"
        lines += [length if in_chunks else f"Content-Length: {len(response.body)}", "", ""]
        return "\r\n".join(lines).encode()

    def _send_slowly(self, body: bytes) -> None:
        size = len(body) // SLOW_PIECES + 1
        for start in range(0, len(body), size):
            time.sleep(SLOW_SECONDS / SLOW_PIECES)
            self.wfile.write(body[start : start + size])

    def _reset(self) -> None:
        """Close so that the other side sees a reset, not an end."""
        self.close_connection = True
        linger = struct.pack("ii", 1, 0)
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        self.rfile.close()
        self.connection.close()


def _chunk(piece: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(piece), piece)


@contextlib.contextmanager
def serve(fake: FakeStripe, port: int = 0) -> Iterator[str]:
    """Serve until the block ends; gives the URL. Port 0 takes any free port."""
    server = Server(port, fake)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield server.url
    finally:
        server.shutdown()
        server.hang_up()
        server.server_close()
        thread.join()
