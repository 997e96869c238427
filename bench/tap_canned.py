"""A server that costs nearly nothing: lists of charges, of texts that were rendered before.

    python bench/tap_canned.py ROWS [LATENCY_SECONDS ENDPOINT_PER_SECOND ACCOUNT_PER_SECOND]

Prints its address and serves until it is ended. Any of `PATHS` shows the same charges. `/counts`
tells what was asked. Up to `KEPT_ROWS` texts are kept; more would not leave room for the reader.
"""

import json
import socket
import sys
import threading
import time
from bisect import bisect_right
from email.utils import formatdate
from urllib.parse import parse_qs, urlsplit

from stripe_sandbox.errors import Refusal
from stripe_sandbox.limits import Limits
from stripe_sandbox.messages import Request
from stripe_sandbox.runs import Bulk
from stripe_sandbox.world import FakeStripe

NOW = 1_790_000_000
FIRST = NOW - 365 * 86_400
KEPT_ROWS = 100_000
PATHS = tuple(
    f"/v1/{name}"
    for name in ("charges", "customers", "refunds", "payouts", "invoices", "payment_intents")
)
HEAD = (
    "HTTP/1.1 {status}\r\nContent-Type: application/json\r\nDate: {date}\r\n"
    "Request-Id: req_canned\r\n{more}Content-Length: {length}\r\n\r\n"
)
ACCOUNT = {
    "id": "acct_canned",
    "object": "account",
    "created": FIRST,
    "settings": {"dashboard": {"display_name": "Canned"}},
}
REFUSED = b'{"error": {"type": "invalid_request_error", "code": "rate_limit", "message": "slow"}}'


class Canned:
    """The answers, and how many were given."""

    def __init__(self, rows: int, latency_seconds: float, limits: Limits) -> None:
        self.run = Bulk("charge", rows, FIRST, NOW, 1, {})
        self.ages = [-self.run.created(number) for number in range(rows - 1, -1, -1)]
        self.texts = [self._text(place) for place in range(min(rows, KEPT_ROWS))]
        self.account = FakeStripe(NOW)
        self.latency_seconds = latency_seconds
        self.limits = limits
        self.lock = threading.Lock()
        self.times: list[float] = []
        self.refused = 0

    def _text(self, place: int) -> bytes:
        return self.run.pretty(self.run.count - 1 - place).encode()

    def admitted(self, path: str) -> str | None:
        """Count a request; return the header that refuses it, None when it may pass."""
        with self.lock:
            now = time.monotonic()
            self.times.append(now)
            try:
                self.limits.admit("account", path, now)
            except Refusal as refusal:
                self.refused += 1
                return "".join(f"{name}: {value}\r\n" for name, value in refusal.headers.items())
        return None

    def counts(self) -> bytes:
        """What was asked of the lists since the start, and how fast in its middle 80 %."""
        seconds = self.times[-1] - self.times[0] if self.times else 0
        middle = self.times[len(self.times) // 10 : len(self.times) * 9 // 10]
        steady = (len(middle) - 1) / (middle[-1] - middle[0]) if len(middle) > 1 else 0
        counts = {
            "requests": len(self.times),
            "refused": self.refused,
            "seconds": seconds,
            "steady": steady,
        }
        return json.dumps(counts).encode()

    def page(self, path: str, query: dict[str, list[str]]) -> bytes:
        """The body of a list request."""
        first, end = 0, len(self.ages)
        if "created[lt]" in query:
            first = bisect_right(self.ages, -int(query["created[lt]"][0]))
        if "created[gte]" in query:
            end = bisect_right(self.ages, -int(query["created[gte]"][0]))
        if "starting_after" in query:
            number = self.run.number_of(query["starting_after"][0]) or 0
            first = max(first, self.run.count - number)
        until = min(end, first + int(query.get("limit", ["10"])[0]))
        texts = self.texts[first:until]
        texts += [self._text(place) for place in range(first + len(texts), until)]
        more = b"true" if until < end else b"false"
        joined = b",\n".join(texts)
        return b'{"object": "list", "data": [%s], "has_more": %s, "url": "%s"}' % (
            joined,
            more,
            path.encode(),
        )

    def other(self, path: str, query: dict[str, list[str]]) -> bytes:
        """The account, or what the sandbox says of one with nothing else in it."""
        if path.startswith("/v1/account"):
            return json.dumps(ACCOUNT).encode()
        pairs = tuple((name, value) for name, values in query.items() for value in values)
        headers = {"authorization": f"Bearer {self.account.key}"}
        return self.account.answer(Request("GET", path, pairs, headers)).body

    def answer(self, target: str) -> bytes:
        """The whole answer to a request."""
        asked = urlsplit(target)
        query = parse_qs(asked.query)
        if asked.path == "/counts":
            return whole(self.counts())
        if asked.path not in PATHS:
            return whole(self.other(asked.path, query))
        refusal = self.admitted(asked.path)
        time.sleep(self.latency_seconds)
        if refusal is None:
            return whole(self.page(asked.path, query))
        return whole(REFUSED, "429 Too Many Requests", refusal)


def whole(body: bytes, status: str = "200 OK", more: str = "") -> bytes:
    """An answer with its head."""
    date = formatdate(NOW, usegmt=True)
    return HEAD.format(status=status, date=date, more=more, length=len(body)).encode() + body


def serve(connection: socket.socket, canned: Canned) -> None:
    """Answer one connection until it is closed."""
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    with connection, connection.makefile("rb") as reader:
        while line := reader.readline():
            while reader.readline() not in {b"\r\n", b""}:
                pass
            connection.sendall(canned.answer(line.split()[1].decode()))


def main() -> None:
    """Serve until the end."""
    rows, latency_seconds, endpoint, account = [*map(float, sys.argv[1:]), 0.0, 0.0, 0.0][:4]
    canned = Canned(int(rows), latency_seconds, Limits(account or None, endpoint or None))
    listener = socket.create_server(("127.0.0.1", 0), backlog=128)
    print(f"http://127.0.0.1:{listener.getsockname()[1]}", flush=True)
    while True:
        connection, _ = listener.accept()
        threading.Thread(target=serve, args=(connection, canned), daemon=True).start()


if __name__ == "__main__":
    main()
