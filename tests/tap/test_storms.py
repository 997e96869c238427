"""A Stripe that refuses, hangs up and tells late, all the time: the rows do not show it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from stripe_sandbox.faults import Fault

if TYPE_CHECKING:
    from tests.fakes.changing_stripe import ChangingStripe
    from tests.fakes.messages import Message
    from tests.fakes.reading import Tap

HOUR = 3600
LATE_SECONDS = 3


@pytest.mark.parametrize(
    ("fault", "probability"),
    [
        (Fault.RATE_LIMIT, 0.3),
        (Fault.LOCK_TIMEOUT, 0.3),
        (Fault.RESET, 0.1),
        (Fault.RESET_MID_BODY, 0.1),
        (Fault.TRUNCATED_JSON, 0.1),
    ],
    ids=["30 % 429", "30 % locks", "10 % resets", "10 % resets in mid-body", "10 % cut JSON"],
)
def test_every_row_comes_once_through_a_storm(
    stripe: ChangingStripe, tap: Tap, fault: Fault, probability: float
) -> None:
    stripe.bulk("payout", 1_500, stripe.now - 90 * HOUR, stripe.now - HOUR)
    stripe.bulk("refund", 400, stripe.now - HOUR, stripe.now - HOUR + 1)
    stripe.fail("/v1/", fault, times=None, probability=probability, seed=3)

    run = tap.read("payouts", "refunds", workers=8)

    assert run.failures == ()
    for stream, kind in (("payouts", "payout"), ("refunds", "refund")):
        assert sorted(run.ids(stream)) == sorted(str(o["id"]) for o in stripe.objects(kind))
    assert len([asked for asked in stripe.requests if asked.status == 200]) >= 20


class Business:
    """An account in which something happens just before every request, told three seconds late."""

    def __init__(self, stripe: ChangingStripe) -> None:
        self.stripe = stripe
        self.done = 0
        self.is_closed = False

    def goes_on(self) -> None:
        """A customer comes, another changes, and a second passes."""
        if self.is_closed:
            return
        self.done += 1
        self.stripe.create("customer", id=f"cus_{self.done}", name="new")
        changed = f"cus_{1 + self.done // 2}"
        self.stripe.update("customer", changed, name=f"change {self.done}")
        self.stripe.advance(1)

    def is_busy_during(self, requests: int) -> None:
        for path in ("/v1/account", "/v1/events", "/v1/customers", "/v1/charges"):
            asked = self.stripe.asked(path)
            for number in range(1, requests + 1):
                self.stripe.before(path, asked + number, self.goes_on)


def test_events_told_late_while_the_account_is_busy_leave_nothing_missing_or_stale(
    stripe: ChangingStripe, tap: Tap
) -> None:
    stripe.late_events(LATE_SECONDS)
    business = Business(stripe)
    for _ in range(120):
        business.goes_on()
    table: dict[str, Message] = {}
    state: Message | None = None

    for wait_seconds in (40, 40, 40, HOUR):
        business.is_busy_during(requests=5)
        run = tap.read("customers", "charges", state=state)
        table.update({row["id"]: row for row in run.records("customers")})
        state = run.state
        stripe.advance(wait_seconds)
    business.is_closed = True
    last = tap.read("customers", "charges", state=state)
    table.update({row["id"]: row for row in last.records("customers")})

    truth = {str(each["id"]): each["name"] for each in stripe.objects("customer")}
    assert business.done > 120
    assert {id_: row["name"] for id_, row in table.items()} == truth
