"""Keeping to the paces: threads wait here until their request may start."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

from tap_stripe_td.rate_limit import Pace, endpoint_per_second

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

REASON_HEADER = "Stripe-Rate-Limited-Reason"


class Limiter:
    """The account's budget and that of every endpoint, shared by all threads."""

    def __init__(
        self,
        account_per_second: float,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """Start with full budgets.

        Args:
            account_per_second: What Stripe allows the account.
            clock: Tells the time.
            sleep: Waits.
        """
        self._clock = clock
        self._sleep = sleep
        self._lock = threading.Lock()
        self.account_per_second = account_per_second
        self._account = Pace(account_per_second)
        self._endpoints: dict[str, Pace] = {}
        self._endpoint_ceiling = endpoint_per_second(account_per_second)
        self.requests = 0

    def wait(self, endpoint: str) -> None:
        """Return when a request to the endpoint may start.

        The endpoint's turn is waited for first: a busy endpoint must not hold the account's turns.
        """
        with self._lock:
            start, self._endpoints[endpoint] = self._pace(endpoint).reserve(self._clock())
        self._sleep_until(start)
        with self._lock:
            start, self._account = self._account.reserve(self._clock())
        self._sleep_until(start)
        with self._lock:
            self.requests += 1

    def slow_down(self, endpoint: str, headers: Mapping[str, str]) -> None:
        """Take note of a 429, which names the budget that was exceeded.

        Without a reason nothing is too fast: another request holds a lock on the object.
        """
        reason = headers.get(REASON_HEADER, "")
        with self._lock:
            if reason.startswith("global"):
                self._account = self._account.slowed(self._clock())
            elif reason:
                self._endpoints[endpoint] = self._pace(endpoint).slowed(self._clock())

    def has_room(self, endpoint: str) -> bool:
        """Whether one more request in flight would be used: neither budget has a queue."""
        with self._lock:
            now = self._clock()
            paces = (self._account, self._pace(endpoint))
            return all(pace.backlog_seconds(now) <= 1 / pace.rate(now) for pace in paces)

    def _pace(self, endpoint: str) -> Pace:
        return self._endpoints.get(endpoint, Pace(self._endpoint_ceiling))

    def _sleep_until(self, start: float) -> None:
        if (seconds := start - self._clock()) > 0:
            self._sleep(seconds)
