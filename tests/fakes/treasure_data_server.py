"""FakeTreasureData over real HTTP, with faults at any request."""

import contextlib
import json
import socket
import ssl
import struct
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from email.message import Message
from email.parser import BytesParser
from enum import StrEnum
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar
from urllib.parse import parse_qsl, unquote, urlsplit

from tests.fakes.treasure_data import FakeTreasureData
from tests.fakes.treasure_data_tables import Refusal


class Fault(StrEnum):
    """What may happen to one request; the last two are found out by looking."""

    E500 = "500"
    E503 = "503"
    E429 = "429"
    RESET = "reset"
    DONE_500 = "done, then 500"
    DONE_RESET = "done, then reset"
    CUT = "cut answer"
    FAILED_JOB = "failed job"


_INSTEAD = {Fault.E500: 500, Fault.E503: 503, Fault.E429: 429}


@dataclass
class TreasureDataServer:
    """Where the account is served, what was asked, and what is to go wrong.

    `faults` are by the number of the request, from 1. `before` and `after` are called with that
    number, on the way in and when the work is done but not answered.
    """

    account: FakeTreasureData
    port: int = 0
    scheme: str = "http"
    requests: list[str] = field(default_factory=list)
    authorizations: set[str] = field(default_factory=set)
    faults: dict[int, Fault] = field(default_factory=dict)
    before: Callable[[int], None] = lambda _: None
    after: Callable[[int], None] = lambda _: None

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.port}"

    @property
    def url(self) -> str:
        return f"{self.scheme}://{self.host}"


@contextlib.contextmanager
def served(
    account: FakeTreasureData, tls: ssl.SSLContext | None = None
) -> Iterator[TreasureDataServer]:
    """Serve the account on a port of this machine."""
    state = TreasureDataServer(account, scheme="https" if tls else "http")

    class Handler(_Handler):
        server_state = state

    server = _Server(("127.0.0.1", 0), Handler)
    if tls:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    state.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield state
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_: Any) -> None:
        """A client that was killed is no error of ours."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_state: ClassVar[TreasureDataServer]
    # Else every answer waits for the acknowledgement of its head.
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        self._serve()

    def do_POST(self) -> None:
        self._serve()

    def do_PUT(self) -> None:
        self._serve()

    def log_message(self, *_: Any) -> None:
        """Keep the tests' output clean."""

    def _serve(self) -> None:
        state = self.server_state
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        state.requests.append(f"{self.command} {self.path}")
        state.authorizations.add(self.headers.get("Authorization", ""))
        number = len(state.requests)
        fault = state.faults.get(number)
        state.before(number)
        if fault in _INSTEAD:
            self._say(_INSTEAD[fault], _error(_INSTEAD[fault], "made up"))
            return
        if fault is Fault.RESET:
            self._reset()
            return
        if fault is Fault.FAILED_JOB:
            state.account.failing_jobs = 1
        status, answer = self._answered(body)
        state.after(number)
        if fault is Fault.DONE_RESET:
            self._reset()
        elif fault is Fault.DONE_500:
            self._say(500, _error(500, "made up"))
        else:
            self._say(status, answer, cut=fault is Fault.CUT)

    def _answered(self, body: bytes) -> tuple[int, bytes]:
        url = urlsplit(self.path)
        params = dict(parse_qsl(url.query)) | _form(self.headers, body)
        key = self.headers.get("Authorization", "").removeprefix("TD1 ")
        try:
            found = self.server_state.account.answer(unquote(url.path), params, body, key)
        except Refusal as refusal:
            return refusal.status, _error(refusal.status, refusal.message, refusal.details)
        return 200, found if isinstance(found, bytes) else json.dumps(found).encode()

    def _say(self, status: int, body: bytes, *, cut: bool = False) -> None:
        try:
            self.send_response(status)
            self.send_header("Content-Length", str(max(len(body), int(cut))))
            self.end_headers()
            self.wfile.write(body[: len(body) // 2] if cut else body)
        except OSError:  # the client was killed
            self.close_connection = True
        if cut:
            self.close_connection = True

    def _reset(self) -> None:
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close_connection = True


def _form(headers: Message, body: bytes) -> dict[str, str]:
    """The fields of a form; td-client sends multipart, we send urlencoded."""
    kind = headers.get("Content-Type", "")
    if kind.startswith("application/x-www-form-urlencoded"):
        return dict(parse_qsl(body.decode(), keep_blank_values=True))
    if not kind.startswith("multipart/form-data"):
        return {}
    parsed = BytesParser().parsebytes(f"Content-Type: {kind}\r\n\r\n".encode() + body)
    found = {}
    for part in parsed.walk():
        name = part.get_param("name", header="content-disposition")
        payload = part.get_payload(decode=True)
        if isinstance(name, str) and isinstance(payload, bytes):
            found[name] = payload.decode()
    return found


def _error(status: int, message: str, details: dict[str, str] | None = None) -> bytes:
    said: dict[str, Any] = {
        "error": message, "message": message, "text": message, "severity": "error",
        "status_code": status,
    }  # fmt: skip
    if details:
        said["details"] = details
    return json.dumps(said).encode()
