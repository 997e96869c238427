"""A Stripe where something happens between two requests."""

from __future__ import annotations

import threading
from collections import Counter
from typing import TYPE_CHECKING

from stripe_sandbox.world import FakeStripe

if TYPE_CHECKING:
    from collections.abc import Callable

    from stripe_sandbox.messages import Request, Response


class ChangingStripe(FakeStripe):
    """A FakeStripe that is changed by its owner while it is read."""

    def __init__(self, now: int | None = None) -> None:
        super().__init__(now)
        self._meanwhile: list[tuple[str, int, Callable[[], object]]] = []
        self._begun: Counter[str] = Counter()
        self._counting = threading.Lock()

    def before(self, path: str, nth: int, happens: Callable[[], object]) -> None:
        """Let something happen just before the nth request (from 1) of this very path."""
        self._meanwhile.append((path, nth, happens))

    def asked(self, path: str) -> int:
        """How many requests of this very path were answered."""
        return sum(request.path == path for request in self.requests)

    def answer(self, request: Request) -> Response:
        """Answer a request, after what happens before it."""
        # Several may ask at once: each has a number of its own, and none is passed over.
        with self._counting:
            self._begun[request.path] += 1
            nth = self._begun[request.path]
        for path, number, happens in self._meanwhile:
            if (path, number) == (request.path, nth):
                happens()
        return super().answer(request)
