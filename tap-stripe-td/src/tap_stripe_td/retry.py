"""Whether a request is tried again and how long to wait before: decisions without I/O.

Every request of the tap is a GET and repeatable, so all that may pass by itself is tried again.
https://docs.stripe.com/error-low-level
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

MAX_ATTEMPTS = 7
"""How often a request is made before its failure is final."""

MAX_THROTTLED_ATTEMPTS = 12
"""The same for a 429, which only says that we are too fast."""

_FIRST_WAIT_SECONDS = 0.5
_LONGEST_WAIT_SECONDS = 32.0
_TOO_MANY_REQUESTS = 429
_PASSING = frozenset({408, 409, 425, _TOO_MANY_REQUESTS})


def wait_before_retry(
    *, status: int | None, headers: Mapping[str, str], attempt: int, jitter: float
) -> float | None:
    """Return the seconds to wait before the next attempt, or None when the failure is final.

    Args:
        status: The HTTP status; None when the answer was lost, cut short or not Stripe's.
        headers: The answer's headers, looked up by the names that Stripe writes.
        attempt: How many attempts were made, from 1.
        jitter: Chance, from 0 to 1: the wait is anything up to the exponential one, so that many
            clients do not come back together.
    """
    throttled = status == _TOO_MANY_REQUESTS
    if attempt >= (MAX_THROTTLED_ATTEMPTS if throttled else MAX_ATTEMPTS):
        return None
    if not throttled and not _may_pass(status, headers.get("Stripe-Should-Retry", "")):
        return None
    longest = min(_FIRST_WAIT_SECONDS * 2.0 ** (attempt - 1), _LONGEST_WAIT_SECONDS)
    return max(longest * jitter, _asked_for(headers.get("Retry-After", "")))


def _may_pass(status: int | None, should_retry: str) -> bool:
    if status is None:
        return True
    if should_retry in {"true", "false"}:
        return should_retry == "true"
    return status in _PASSING or status >= 500


def _asked_for(retry_after: str) -> float:
    """Stripe documents no `Retry-After`, but a proxy before it may send one, in seconds."""
    return min(float(retry_after), 60.0) if retry_after.isdecimal() else 0.0
