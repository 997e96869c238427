"""What Stripe refuses ends in a sentence, and the other streams go on."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from stripe_sandbox.faults import Fault
from tap_stripe_td.errors import ConfigError, KeyRefusedError

if TYPE_CHECKING:
    from tests.fakes.changing_stripe import ChangingStripe
    from tests.fakes.reading import Tap

HOUR = 3600


@pytest.fixture
def _business(stripe: ChangingStripe) -> None:
    for kind in ("charge", "customer", "refund"):
        stripe.create(kind, id=f"{kind}_1", created=stripe.now - HOUR)
    stripe.advance(HOUR)


pytestmark = pytest.mark.usefixtures("_business")


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        (Fault.BAD_REQUEST, "(400, request req_"),
        (Fault.NOT_FOUND, "(/v1/charges, 404, request req_"),
        (Fault.FORBIDDEN, "(403, request req_"),
    ],
    ids=["400", "404", "403"],
)
def test_a_stream_that_is_refused_fails_with_the_request_id_and_the_others_are_whole(
    stripe: ChangingStripe, tap: Tap, fault: Fault, said: str
) -> None:
    stripe.fail("/v1/charges", fault, times=None)

    run = tap.read("customers", "charges", "refunds")

    (failure,) = run.failures
    assert said in str(failure)
    assert run.exit_code == 1
    assert (run.ids("customers"), run.ids("refunds")) == (["customer_1"], ["refund_1"])
    assert run.activated("customers")
    assert run.activated("refunds")


def test_a_refused_stream_is_neither_announced_as_whole_nor_remembered(
    stripe: ChangingStripe, tap: Tap
) -> None:
    stripe.bulk("charge", 150, stripe.now - HOUR, stripe.now)
    stripe.fail("/v1/charges", Fault.BAD_REQUEST, times=None, after=1)

    run = tap.read("charges")

    assert len(run.ids("charges")) == 100
    assert run.activated("charges") == []
    assert "replication_key_value" not in run.state["bookmarks"]["charges"]


def test_what_a_refused_stream_lacks_comes_with_the_next_run(
    stripe: ChangingStripe, tap: Tap
) -> None:
    stripe.bulk("charge", 150, stripe.now - HOUR, stripe.now)
    stripe.fail("/v1/charges", Fault.BAD_REQUEST, times=1, after=1)
    first = tap.read("charges")
    stripe.advance(HOUR)

    second = tap.read("charges", state=first.state)

    assert len({*first.ids("charges"), *second.ids("charges")}) == 151


def test_a_changed_object_that_may_not_be_fetched_is_tried_again_by_the_next_run(
    stripe: ChangingStripe, tap: Tap
) -> None:
    first = tap.read("customers", "charges")
    stripe.update("customer", "customer_1", name="new")
    stripe.update("charge", "charge_1", description="new")
    stripe.advance(HOUR)
    stripe.fail("/v1/charges/charge_1", Fault.FORBIDDEN)

    second = tap.read("customers", "charges", state=first.state)
    stripe.advance(HOUR)
    third = tap.read("customers", "charges", state=second.state)

    assert (second.ids("customers"), second.ids("charges")) == (["customer_1"], [])
    assert second.exit_code == 1
    assert (third.ids("customers"), third.ids("charges")) == ([], ["charge_1"])


def test_a_missing_permission_is_named(stripe: ChangingStripe, tap: Tap) -> None:
    key = stripe.restrict("rk_test_1", "customer_read", "event_read")

    run = tap.read("charges", "customers", secret_key=key)

    (failure,) = run.failures
    assert "the key may not read charges" in str(failure)
    assert "Give the restricted key the permission `charge_read`" in str(failure)
    assert run.ids("customers") == ["customer_1"]
    assert run.exit_code == 1


def test_a_restricted_key_that_may_only_read_charges_reads_charges(
    stripe: ChangingStripe, tap: Tap, caplog: pytest.LogCaptureFixture
) -> None:
    key = stripe.restrict("rk_test_1", "charge_read")

    run = tap.read("charges", secret_key=key)

    assert run.ids("charges") == ["charge_1"]
    assert run.exit_code == 0
    assert any("`event_read`" in record.getMessage() for record in caplog.records)


def test_a_key_that_may_not_read_events_is_told_so_when_changes_are_looked_for(
    stripe: ChangingStripe, tap: Tap
) -> None:
    key = stripe.restrict("rk_test_1", "charge_read")
    first = tap.read("charges", secret_key=key)
    stripe.advance(HOUR)

    second = tap.read("charges", secret_key=key, state=first.state)

    assert "permission `event_read`" in str(second.failures[0])
    assert second.exit_code == 1
    assert second.state["bookmarks"] == first.state["bookmarks"]


def test_a_key_that_may_not_read_the_account_leaves_it_unnamed(
    stripe: ChangingStripe, tap: Tap
) -> None:
    stripe.fail("/v1/account", Fault.FORBIDDEN, times=None)

    run = tap.read("charges")

    assert [(r["id"], r["_account"]) for r in run.records("charges")] == [("charge_1", None)]
    assert "account" not in run.state


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("issuing/cards", "Your account is not set up to use Issuing."),
        (
            "treasury/financial_accounts",
            (
                "Unrecognized request URL (GET: /v1/treasury/financial_accounts). Please see "
                "https://stripe.com/docs. Have you onboarded to Treasury?"
            ),
        ),
        ("test_helpers/test_clocks", "This endpoint is only available in testmode."),
    ],
)
def test_a_product_that_the_account_does_not_have_is_an_empty_stream_with_a_warning(
    stripe: ChangingStripe, tap: Tap, caplog: pytest.LogCaptureFixture, path: str, message: str
) -> None:
    stripe.disable(f"/v1/{path}", message)
    stream = path.replace("/", "_")

    run = tap.read(stream, "charges")

    # Not announced as whole: a target would take rows of better days for deleted.
    assert (run.ids(stream), run.activated(stream), run.exit_code) == ([], [], 0)
    assert run.ids("charges") == ["charge_1"]
    assert any(f"`{stream}` is empty" in record.getMessage() for record in caplog.records)


def test_a_wrong_key_ends_the_run_before_anything_is_written(
    stripe: ChangingStripe, tap: Tap
) -> None:
    with pytest.raises(KeyRefusedError, match=r"does not accept the key \(401, request req_"):
        tap.read("charges", secret_key="sk_test_wrong")

    assert len(stripe.requests) == 1


def test_a_key_that_is_revoked_in_the_middle_ends_the_run(stripe: ChangingStripe, tap: Tap) -> None:
    stripe.before("/v1/charges", 1, stripe.keys.clear)

    with pytest.raises(KeyRefusedError):
        tap.read("customers", "charges", "refunds")

    # Streams are read side by side: a request may have been on its way.
    assert stripe.asked("/v1/refunds") <= 1


def test_an_expired_key_is_the_users_to_replace(stripe: ChangingStripe, tap: Tap) -> None:
    stripe.keys[stripe.key] = replace(stripe.keys[stripe.key], expires_at=1)

    with pytest.raises(ConfigError, match="expired"):
        tap.read("charges")


def test_an_api_version_that_stripe_does_not_know_is_the_users_to_correct(tap: Tap) -> None:
    with pytest.raises(ConfigError, match="Check `api_version`"):
        tap.read("charges", api_version="2999-01-01.zebra")
