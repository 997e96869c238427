"""Whatever breaks between Stripe and the tap and passes by itself leaves no trace in the rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from stripe_sandbox.faults import Fault

if TYPE_CHECKING:
    from tests.fakes.changing_stripe import ChangingStripe
    from tests.fakes.reading import Tap

HOUR = 3600

PASSING = (
    Fault.RESET,
    Fault.RESET_MID_BODY,
    Fault.CUT,
    Fault.TRUNCATED_JSON,
    Fault.MALFORMED_JSON,
    Fault.HTML,
    Fault.EMPTY,
    Fault.HTML_502,
    Fault.SERVER_ERROR,
    Fault.UNAVAILABLE,
    Fault.RATE_LIMIT,
    Fault.RATE_LIMIT_RETRY_AFTER,
    Fault.LOCK_TIMEOUT,
)

each_fault = pytest.mark.parametrize("fault", PASSING, ids=lambda fault: fault.value)


@pytest.fixture
def _business(stripe: ChangingStripe) -> None:
    stripe.bulk("charge", 250, stripe.now - HOUR, stripe.now - HOUR + 9)
    stripe.create("customer", id="cus_1", created=stripe.now - HOUR)
    stripe.advance(HOUR)


pytestmark = pytest.mark.usefixtures("_business")


@each_fault
def test_every_row_of_a_list_comes_once_through(
    stripe: ChangingStripe, tap: Tap, fault: Fault
) -> None:
    stripe.fail("/v1/charges", fault, after=1)

    run = tap.read("charges")

    assert sorted(run.ids("charges")) == sorted(c["id"] for c in stripe.objects("charge"))
    assert run.exit_code == 0


@each_fault
def test_every_change_comes_once_through(stripe: ChangingStripe, tap: Tap, fault: Fault) -> None:
    first = tap.read("customers")
    stripe.update("customer", "cus_1", name="new")
    stripe.advance(HOUR)
    stripe.fail("/v1/events", fault)
    stripe.fail("/v1/customers/cus_1", fault)

    second = tap.read("customers", state=first.state)

    assert second.ids("customers") == ["cus_1"]
    assert second.exit_code == 0


def test_a_fault_of_the_first_request_does_no_harm(stripe: ChangingStripe, tap: Tap) -> None:
    stripe.fail("/v1/account", Fault.RESET)

    assert tap.read("account").ids("account") == [stripe.ledger.account]


def test_a_retry_is_told_with_its_wait(
    stripe: ChangingStripe, tap: Tap, caplog: pytest.LogCaptureFixture
) -> None:
    stripe.fail("/v1/charges", Fault.HTML_502)

    tap.read("charges")

    (said,) = [r.getMessage() for r in caplog.records if "Trying again" in r.getMessage()]
    assert said.startswith("/v1/charges was answered by something that is not Stripe's API (502")


def test_a_page_that_claims_to_be_empty_although_more_follows_loses_nothing(
    stripe: ChangingStripe, tap: Tap
) -> None:
    stripe.fail("/v1/charges", Fault.LYING_PAGE)

    run = tap.read("charges")

    assert sorted(run.ids("charges")) == sorted(c["id"] for c in stripe.objects("charge"))


def test_a_page_of_events_that_claims_to_be_empty_although_more_follows_loses_no_change(
    stripe: ChangingStripe, tap: Tap
) -> None:
    first = tap.read("customers")
    for number in range(150):
        stripe.create("customer", id=f"cus_new_{number}")
    stripe.advance(HOUR)
    stripe.fail("/v1/events", Fault.LYING_PAGE)

    second = tap.read("customers", state=first.state)

    assert sorted(second.ids("customers")) == sorted(f"cus_new_{n}" for n in range(150))


@pytest.mark.timeout(60)
def test_a_list_that_goes_on_but_shows_nothing_fails_and_is_not_taken_for_whole(
    stripe: ChangingStripe, tap: Tap
) -> None:
    stripe.bulk("payout", 250, stripe.now - 9, stripe.now - 8)
    stripe.fail("/v1/payouts", Fault.LYING_PAGE, times=None)

    run = tap.read("payouts", "customers")

    assert "Rows may be missing" in str(run.failures[0])
    assert run.exit_code == 1
    assert run.activated("payouts") == []
    assert run.ids("customers") == ["cus_1"]


def test_a_stripe_that_keeps_its_limits_is_read_whole(stripe: ChangingStripe, tap: Tap) -> None:
    stripe.limit(account_per_second=20, endpoint_per_second=10)
    stripe.bulk("charge", 1_500, stripe.now - HOUR, stripe.now - 1)

    run = tap.read("charges")

    assert len(set(run.ids("charges"))) == len(run.ids("charges")) == 1_750
    assert run.exit_code == 0
