"""What can go wrong between Stripe and a reader, on demand."""

from __future__ import annotations

import enum
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from stripe_sandbox.errors import Refusal
from stripe_sandbox.limits import rate_limited
from stripe_sandbox.messages import Request, Response, Wire

if TYPE_CHECKING:
    import random
    from collections.abc import Callable


class Fault(enum.Enum):
    """One way to fail. The first group spoils a good answer, the second answers instead."""

    RESET = "the connection is reset before the first byte"
    RESET_MID_BODY = "the connection is reset in mid-body"
    CUT = "the connection is closed in mid-body"
    SLOW = "the body takes seconds"
    TRUNCATED_JSON = "half of the JSON, with a matching Content-Length"
    MALFORMED_JSON = "a body that is not JSON, with status 200"
    HTML = "a web page, with status 200"
    EMPTY = "no body, with status 200"
    LYING_PAGE = "an empty page although more follows the cursor"

    HTML_502 = "a proxy's web page, with status 502"
    SERVER_ERROR = "500"
    UNAVAILABLE = "503"
    RATE_LIMIT = "429 without Retry-After"
    RATE_LIMIT_RETRY_AFTER = "429 with Retry-After: 1"
    LOCK_TIMEOUT = "429 because another request holds the object"
    BAD_REQUEST = "400"
    NOT_FOUND = "404"
    FORBIDDEN = "403"


WIRES = {
    Fault.RESET: Wire.RESET,
    Fault.RESET_MID_BODY: Wire.RESET_MID_BODY,
    Fault.CUT: Wire.CUT,
    Fault.SLOW: Wire.SLOW,
}
PAGE = b"<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body>nginx</body>\r\n</html>\r\n"
LOCKED = (
    "This object cannot be accessed right now because another API request or Stripe process is "
    "currently accessing it. If you see this error intermittently, retry the request."
)
REFUSALS: dict[Fault, Callable[[], Refusal]] = {
    Fault.SERVER_ERROR: lambda: Refusal(500, "An unknown error occurred", kind="api_error"),
    Fault.UNAVAILABLE: lambda: Refusal(503, "Stripe is not available", kind="api_error"),
    Fault.RATE_LIMIT: lambda: rate_limited("global-rate"),
    Fault.RATE_LIMIT_RETRY_AFTER: lambda: rate_limited("global-rate", 1),
    Fault.LOCK_TIMEOUT: lambda: Refusal(429, LOCKED, code="lock_timeout"),
    Fault.BAD_REQUEST: lambda: Refusal(400, "Something about the request is wrong", param="x"),
    Fault.NOT_FOUND: lambda: Refusal(404, "No such thing: 'x'", code="resource_missing"),
    Fault.FORBIDDEN: lambda: Refusal(403, "This account may not do that.", code="forbidden"),
}
EMPTY_PAGE = b'{\n  "object": "list",\n  "data": [],\n  "has_more": false,\n  "url": "%s"\n}'


@dataclass
class Planned:
    """A fault that waits for its requests. `times` is `None` for one that never ends."""

    path: str
    fault: Fault
    times: int | None
    after: int
    probability: float
    chance: random.Random
    seen: int = 0
    done: int = 0

    def strikes(self, request: Request) -> bool:
        """Whether this request is hit; counts it."""
        if not request.path.startswith(self.path) or not _can_hit(self.fault, request):
            return False
        self.seen += 1
        if self.seen <= self.after or (self.times is not None and self.done >= self.times):
            return False
        if self.probability < 1 and self.chance.random() >= self.probability:
            return False
        self.done += 1
        return True


@dataclass
class Faults:
    """All planned faults; the first that strikes decides."""

    planned: list[Planned] = field(default_factory=list)

    def strike(self, request: Request) -> Fault | None:
        """The fault of this request."""
        return next((plan.fault for plan in self.planned if plan.strikes(request)), None)


def _can_hit(fault: Fault, request: Request) -> bool:
    """A page lies only when a cursor and a created filter meet."""
    names = {name.split("[")[0] for name, _ in request.query}
    return fault is not Fault.LYING_PAGE or {"created", "starting_after"} <= names


def refusal(fault: Fault) -> Refusal | None:
    """The refusal that a fault answers instead of the truth."""
    made = REFUSALS.get(fault)
    return made() if made else None


def spoiled(response: Response, fault: Fault, path: str) -> Response:
    """A good answer as it looks after the fault."""
    html = {**response.headers, "Content-Type": "text/html"}
    if fault in WIRES:
        return replace(response, wire=WIRES[fault])
    if fault is Fault.TRUNCATED_JSON:
        return replace(response, body=response.body[: len(response.body) // 2])
    if fault is Fault.MALFORMED_JSON:
        return replace(response, body=response.body.replace(b'"object":', b'"object"', 1))
    if fault is Fault.EMPTY:
        return replace(response, body=b"")
    if fault is Fault.LYING_PAGE:
        return replace(response, body=EMPTY_PAGE % path.encode())
    status = 502 if fault is Fault.HTML_502 else 200
    return replace(response, status=status, headers=html, body=PAGE)
