"""How fast requests may follow each other. Pure: the clock is passed in.

Stripe allows a number of requests a second for the account and for each endpoint, and says in a
429 which of the two was exceeded: https://docs.stripe.com/rate-limits
"""

from __future__ import annotations

from dataclasses import dataclass, replace

ENDPOINT_PER_SECOND = 25.0
LIVE_ACCOUNT_PER_SECOND = 100.0
SANDBOX_ACCOUNT_PER_SECOND = 25.0

_BURST_SECONDS = 0.2
_SLOWEST_PER_SECOND = 1.0
_RECOVERY_SECONDS = 20.0
_SLOWED_TOGETHER_SECONDS = 1.0


@dataclass(frozen=True)
class Pace:
    """A budget of requests, handed out as moments.

    The rate is halved when Stripe says that it is too high, and comes back evenly: additive
    increase, multiplicative decrease.

    Attributes:
        ceiling: Requests a second that Stripe allows.
        next_at: When the next request may start, in seconds of the clock that is passed in.
        slowed_rate: The rate right after it was last slowed.
        slowed_at: When that was.
    """

    ceiling: float
    next_at: float = 0.0
    slowed_rate: float = 0.0
    slowed_at: float = float("-inf")

    def rate(self, now: float) -> float:
        """Return the requests a second that are allowed now."""
        recovered = self.ceiling * (now - self.slowed_at) / _RECOVERY_SECONDS
        return min(self.ceiling, self.slowed_rate + recovered)

    def reserve(self, now: float) -> tuple[float, Pace]:
        """Return when a request may start, at the earliest now, and the pace after it.

        After a pause a fifth of a second's requests may start at once.
        """
        rate = self.rate(now)
        earliest = max(self.next_at, now - _BURST_SECONDS)
        return max(earliest, now), replace(self, next_at=earliest + 1 / rate)

    def backlog_seconds(self, now: float) -> float:
        """Return how long a request that comes now would have to wait."""
        return max(0.0, self.next_at - now)

    def slowed(self, now: float) -> Pace:
        """Return the pace after a 429. Those of one second are one message, not several."""
        if now - self.slowed_at < _SLOWED_TOGETHER_SECONDS:
            return self
        rate = max(self.rate(now) / 2, min(_SLOWEST_PER_SECOND, self.ceiling))
        return replace(self, slowed_rate=rate, slowed_at=now, next_at=max(self.next_at, now))


def endpoint_per_second(account: float) -> float:
    """Return what an endpoint is allowed when the account is allowed so much.

    A quarter when Stripe raised the account's limit, but never more than the account.
    """
    return min(account, max(ENDPOINT_PER_SECOND, account / 4))


def account_per_second(key: str) -> float:
    """Return what Stripe allows the account of a key: sandboxes get less than live mode."""
    return LIVE_ACCOUNT_PER_SECOND if "_live_" in key else SANDBOX_ACCOUNT_PER_SECOND
