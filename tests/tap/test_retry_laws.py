"""Which answers are tried again, and after how long."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tap_stripe_td.retry import MAX_ATTEMPTS, MAX_THROTTLED_ATTEMPTS, wait_before_retry

PASSING = {408, 409, 425, 429}

statuses = st.none() | st.integers(300, 599)
attempts = st.integers(1, 20)
jitters = st.floats(0, 1)
should_retry = st.sampled_from([{}, *({"Stripe-Should-Retry": v} for v in ("true", "false", "?"))])


@given(statuses, attempts, jitters, should_retry)
def test_a_wait_is_never_negative_and_never_longer_than_32_seconds(
    status: int | None, attempt: int, jitter: float, headers: dict[str, str]
) -> None:
    wait = wait_before_retry(status=status, headers=headers, attempt=attempt, jitter=jitter)

    assert wait is None or 0 <= wait <= 32


@given(statuses, st.integers(1, MAX_ATTEMPTS - 2), jitters)
def test_the_longest_wait_doubles_with_every_attempt(
    status: int | None, attempt: int, jitter: float
) -> None:
    def wait(number: int) -> float | None:
        return wait_before_retry(status=status, headers={}, attempt=number, jitter=jitter)

    first, second = wait(attempt), wait(attempt + 1)
    assert (first is None) == (second is None)
    assert first is None or second == pytest.approx(2 * first)


@given(jitters, should_retry, st.integers(1, MAX_THROTTLED_ATTEMPTS - 1))
def test_a_429_is_always_tried_again_whatever_stripe_should_retry_says(
    jitter: float, headers: dict[str, str], attempt: int
) -> None:
    wait = wait_before_retry(status=429, headers=headers, attempt=attempt, jitter=jitter)

    assert wait is not None


@given(st.integers(300, 499).filter(lambda status: status not in PASSING), attempts, jitters)
def test_other_refusals_are_final(status: int, attempt: int, jitter: float) -> None:
    assert wait_before_retry(status=status, headers={}, attempt=attempt, jitter=jitter) is None


@given(st.none() | st.integers(500, 599) | st.sampled_from(sorted(PASSING)), jitters)
def test_what_may_pass_is_tried_again(status: int | None, jitter: float) -> None:
    assert wait_before_retry(status=status, headers={}, attempt=1, jitter=jitter) is not None


@given(st.integers(300, 599).filter(lambda status: status != 429), jitters)
def test_stripe_should_retry_is_obeyed(status: int, jitter: float) -> None:
    yes, no = ({"Stripe-Should-Retry": said} for said in ("true", "false"))

    assert wait_before_retry(status=status, headers=yes, attempt=1, jitter=jitter) is not None
    assert wait_before_retry(status=status, headers=no, attempt=1, jitter=jitter) is None


@given(statuses, st.integers(min_value=MAX_THROTTLED_ATTEMPTS), jitters, should_retry)
def test_every_failure_is_final_at_last(
    status: int | None, attempt: int, jitter: float, headers: dict[str, str]
) -> None:
    wait = wait_before_retry(status=status, headers=headers, attempt=attempt, jitter=jitter)

    assert wait is None


@given(st.integers(0, 10_000), jitters)
def test_retry_after_is_waited_for_but_not_beyond_a_minute(asked: int, jitter: float) -> None:
    headers = {"Retry-After": str(asked)}

    wait = wait_before_retry(status=503, headers=headers, attempt=1, jitter=jitter)

    assert wait is not None
    assert min(asked, 60) <= wait <= 60


def test_a_retry_after_that_is_a_date_does_no_harm() -> None:
    headers = {"Retry-After": "Wed, 21 Oct 2026 07:28:00 GMT"}

    assert wait_before_retry(status=503, headers=headers, attempt=1, jitter=1.0) == 0.5
