"""What Stripe refuses, the sandbox refuses in the same shape."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

import pytest

from stripe_sandbox.messages import Request

if TYPE_CHECKING:
    from collections.abc import Callable

    from stripe_sandbox.messages import Response
    from stripe_sandbox.world import FakeStripe


@pytest.mark.parametrize(
    ("target", "status", "code", "message"),
    [
        ("/v1/charges?limit=0", 400, "parameter_invalid_integer", "greater than or equal to 1"),
        ("/v1/charges?limit=101", 400, "parameter_invalid_integer", "less than or equal to 100"),
        ("/v1/charges?limit=many", 400, "parameter_invalid_integer", "Invalid integer: many"),
        ("/v1/charges?created[gte]=noon", 400, "parameter_invalid_integer", "Invalid integer"),
        ("/v1/charges?created[after]=5", 400, "parameter_unknown", "created[after]"),
        ("/v1/charges?colour=red", 400, "parameter_unknown", "Received unknown parameter: colour"),
        ("/v1/charges?starting_after=ch_x", 400, "resource_missing", "No such charge: 'ch_x'"),
        ("/v1/charges?ending_before=ch_x", 400, "resource_missing", "No such charge: 'ch_x'"),
        ("/v1/charges?starting_after=a&ending_before=b", 400, None, "only specify one of these"),
        ("/v1/charges?expand[]=customer", 400, None, "try expanding 'data.customer'"),
        ("/v1/charges?expand[]=data.amount", 400, None, "cannot be expanded"),
        ("/v1/payment_links?created=5", 400, "parameter_unknown", "created"),
        ("/v1/reporting/report_types?limit=5", 400, "parameter_unknown", "limit"),
        ("/v1/payment_records?created=5", 400, "parameter_unknown", "created"),
        (
            "/v1/subscription_items",
            400,
            "parameter_missing",
            "Missing required param: subscription",
        ),
        ("/v1/subscription_items?subscription=sub_x", 400, "resource_missing", "'sub_x'"),
        ("/v1/invoices/in_x/lines", 404, "resource_missing", "No such invoice: 'in_x'"),
        ("/v1/charges/ch_x", 404, "resource_missing", "No such charge: 'ch_x'"),
        ("/v1/charges/ch_x?limit=3", 400, "parameter_unknown", "limit"),
        ("/v1/orders", 404, None, "Unrecognized request URL (GET: /v1/orders)"),
        ("/v1/events?type=a&types[]=b", 400, None, "only specify one of these"),
        ("/v1/events?" + "types[]=charge.updated&" * 21, 400, None, "up to 20"),
        ("/v1/events?types[]=charge.*", 400, None, "Invalid event type"),
    ],
)
def test_a_bad_request_gets_a_sentence(  # noqa: PLR0917 - a row of the table
    ask: Callable[..., Response],
    body: Callable[..., Any],
    target: str,
    status: int,
    code: str | None,
    message: str,
) -> None:
    error = body(target)["error"]

    assert ask(target).status == status
    assert message in error["message"]
    assert error.get("code") == code
    assert error["type"] == "invalid_request_error"


def test_a_refusal_names_its_parameter_and_its_log(body: Callable[..., Any]) -> None:
    error = body("/v1/charges?limit=0")["error"]

    assert error["param"] == "limit"
    assert error["doc_url"].endswith("/parameter-invalid-integer")
    assert "/logs/req_" in error["request_log_url"]


def test_no_key_is_refused_with_a_challenge(fake: FakeStripe) -> None:
    refused = fake.answer(Request("GET", "/v1/charges"))

    assert refused.status == 401
    assert b"You did not provide an API key" in refused.body
    assert refused.headers["WWW-Authenticate"].startswith("Bearer")


def test_basic_authorization_is_taken(ask: Callable[..., Response], fake: FakeStripe) -> None:
    basic = base64.b64encode(f"{fake.key}:".encode()).decode()

    assert ask("/v1/charges", Authorization=f"Basic {basic}").status == 200
    assert ask("/v1/charges", Authorization="Basic !!").status == 401


def test_a_wrong_key_is_masked(body: Callable[..., Any]) -> None:
    message = body("/v1/charges", "sk_live_abcdefghijkl")["error"]["message"]

    assert message == "Invalid API Key provided: sk_live_********ijkl"


def test_a_restricted_key_is_told_what_it_lacks(fake: FakeStripe, body: Callable[..., Any]) -> None:
    key = fake.restrict("rk_test_small", "event_read")

    error = body("/v1/payouts", key)["error"]

    assert error["code"] == "more_permissions_required"
    assert "rak_payout_read" in error["message"]
    assert "data" in body("/v1/events", key)


def test_the_asked_version_is_echoed_and_an_unknown_one_refused(
    ask: Callable[..., Response],
) -> None:
    assert ask("/v1/charges").headers["Stripe-Version"] == "2026-10-28.endive"
    assert ask("/v1/charges", Stripe_Version="2020-08-27").headers["Stripe-Version"] == "2020-08-27"
    assert ask("/v1/charges", Stripe_Version="2099-01-01").status == 400


def test_a_product_that_is_not_enabled_says_so(fake: FakeStripe, body: Callable[..., Any]) -> None:
    fake.disable("/v1/issuing/cards", "Your account is not set up to use Issuing.")

    assert body("/v1/issuing/cards")["error"]["message"].endswith("set up to use Issuing.")


def test_a_key_of_one_account_does_not_open_another(
    fake: FakeStripe, ask: Callable[..., Response]
) -> None:
    fake.connect("acct_1")

    assert ask("/v1/charges", Stripe_Account="acct_1").status == 200
    assert ask("/v1/charges", Stripe_Account="acct_2").status == 403


def test_requests_above_the_account_limit_are_refused_with_the_reason(fake: FakeStripe) -> None:
    clock = [0.0]
    fake.monotonic = lambda: clock[0]
    fake.limit(account_per_second=5, endpoint_per_second=3)
    authorization = {"Authorization": f"Bearer {fake.key}"}

    def reasons(*paths: str) -> list[str | None]:
        answers = [fake.answer(Request.parse("GET", path, authorization)) for path in paths]
        return [answer.headers.get("Stripe-Rate-Limited-Reason") for answer in answers]

    assert reasons(*["/v1/charges"] * 4) == [None, None, None, "endpoint-rate"]
    assert reasons("/v1/refunds", "/v1/refunds", "/v1/refunds") == [None, None, "global-rate"]
    clock[0] = 1.0
    assert reasons("/v1/charges", "/v1/refunds") == [None, None]
