"""Stripe's request limits: one budget for the account, one for each endpoint."""

from __future__ import annotations

from dataclasses import dataclass, field

from stripe_sandbox.errors import Refusal

RATE_LIMIT_MESSAGE = (
    "Request rate limit exceeded. You can learn more about rate limits here "
    "https://stripe.com/docs/rate-limits."
)


@dataclass
class Bucket:
    """Tokens that come back at a steady rate; a full bucket holds one second's worth."""

    per_second: float
    tokens: float
    refilled_at: float

    def take(self, now: float) -> bool:
        """Take a token, if there is one."""
        gained = (now - self.refilled_at) * self.per_second
        self.tokens = min(self.per_second, self.tokens + gained)
        self.refilled_at = now
        if self.tokens < 1:
            return False
        self.tokens -= 1
        return True


@dataclass
class Limits:
    """The budgets. `None` means that there is no limit."""

    account_per_second: float | None = None
    endpoint_per_second: float | None = None
    buckets: dict[tuple[str, str], Bucket] = field(default_factory=dict)

    def admit(self, account: str, operation: str, now: float) -> None:
        """Count a request.

        Raises:
            Refusal: With status 429, naming the budget in `Stripe-Rate-Limited-Reason`.
        """
        self._admit((account, operation), self.endpoint_per_second, now, "endpoint-rate")
        self._admit((account, ""), self.account_per_second, now, "global-rate")

    def _admit(
        self, name: tuple[str, str], per_second: float | None, now: float, reason: str
    ) -> None:
        if per_second is None:
            return
        bucket = self.buckets.setdefault(name, Bucket(per_second, per_second, now))
        if not bucket.take(now):
            raise rate_limited(reason)


def rate_limited(reason: str | None, retry_after_seconds: int | None = None) -> Refusal:
    """The refusal of a request that came too soon."""
    headers = {} if reason is None else {"Stripe-Rate-Limited-Reason": reason}
    if retry_after_seconds is not None:
        headers["Retry-After"] = str(retry_after_seconds)
    return Refusal(429, RATE_LIMIT_MESSAGE, code="rate_limit", headers=headers)
