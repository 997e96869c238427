"""Trying again: `retry` decides, `backoff` waits, and the log tells.

The jitter is chance, so that many clients do not come back together.
"""

from __future__ import annotations

import itertools
import logging
import random
from typing import TYPE_CHECKING, Any, TypeVar

import backoff

from tap_stripe_td.retry import wait_before_retry

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tap_stripe_td.errors import TapError

T = TypeVar("T")

_logger = logging.getLogger("tap-stripe-td.client")


class PassingError(Exception):
    """A failure that is tried again after a wait.

    Attributes:
        wait_seconds: How long to wait.
        status: The HTTP status; None when there was no answer of Stripe's.
        headers: The answer's headers.
    """

    def __init__(
        self,
        sentence: str,
        wait_seconds: float,
        status: int | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        self.wait_seconds = wait_seconds
        self.status = status
        self.headers = headers or {}
        super().__init__(sentence)


def repeated(attempt: Callable[[int], T]) -> T:
    """Return what an attempt returns; it is made again as long as it raises `PassingError`.

    Args:
        attempt: Takes its number, from 1.
    """
    numbers = itertools.count(1)

    @backoff.on_exception(
        backoff.runtime,
        PassingError,
        value=lambda failure: failure.wait_seconds,
        jitter=None,
        logger=None,
        on_backoff=_log_wait,
    )
    def once() -> T:
        return attempt(next(numbers))

    return once()


def again(
    failure: TapError, status: int | None, headers: Mapping[str, str], attempt: int
) -> Exception:
    """Return what to raise: the failure when it is final, else what makes it be tried again."""
    wait = wait_before_retry(
        status=status,
        headers=headers,
        attempt=attempt,
        jitter=random.SystemRandom().random(),
    )
    return failure if wait is None else PassingError(str(failure), wait, status, headers)


def _log_wait(details: Any) -> None:
    _logger.warning("%s Trying again in %.1f s.", details["exception"], details["wait"])
