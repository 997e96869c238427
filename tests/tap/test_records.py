"""Pages and records, whatever Stripe sends."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from stripe_sandbox.business import NAMES

if TYPE_CHECKING:
    from stripe_sandbox.world import FakeStripe
    from tests.fakes.reading import Tap

HOUR = 3600


def test_more_objects_than_a_page_holds_come_once(stripe: FakeStripe, tap: Tap) -> None:
    stripe.bulk("payout", 350, stripe.now - HOUR, stripe.now - HOUR + 5)

    run = tap.read("payouts")

    assert sorted(run.ids("payouts")) == sorted(p["id"] for p in stripe.objects("payout"))


def test_a_list_of_exactly_one_page_comes_in_one_request(stripe: FakeStripe, tap: Tap) -> None:
    stripe.bulk("tax_rate", 100, stripe.now - HOUR, stripe.now)

    assert len(tap.read("tax_rates").ids("tax_rates")) == 100
    assert sum(asked.path == "/v1/tax_rates" for asked in stripe.requests) == 1


def test_fields_that_no_schema_knows_are_delivered(stripe: FakeStripe, tap: Tap) -> None:
    stripe.create("tax_rate", id="txr_1", created=stripe.now - 1, brand_new={"a": [1, None]})

    records = {record["id"]: record for record in tap.read("tax_rates").records("tax_rates")}

    assert records["txr_1"]["brand_new"] == {"a": [1, None]}


@pytest.mark.parametrize("text", [*NAMES, "\u2028", "\x00", "a\r\nb", "\\u0041", '{"a": "b\n"}'])
def test_any_text_stays_on_one_line_and_comes_as_it_is(
    stripe: FakeStripe, tap: Tap, text: str
) -> None:
    stripe.create("coupon", id="any-text", created=stripe.now - 1, name=text, metadata={"k": text})

    records = {record["id"]: record for record in tap.read("coupons").records("coupons")}

    assert (records["any-text"]["name"], records["any-text"]["metadata"]) == (text, {"k": text})


def test_big_integers_and_decimals_keep_every_digit(stripe: FakeStripe, tap: Tap) -> None:
    digits: dict[str, Any] = {"amount": 2**63, "amount_decimal": "12.500000000001", "x": 0.1}
    stripe.create("plan", id="exact", created=stripe.now - 1, **digits)

    line = next(line for line in tap.read("plans").stdout.splitlines() if b'"exact"' in line)

    record = json.loads(line)["record"]
    assert {name: record[name] for name in digits} == digits


def test_objects_created_after_the_run_began_are_left_to_the_next(
    stripe: FakeStripe, tap: Tap
) -> None:
    stripe.create("tax_rate", id="txr_later", created=stripe.now)
    stripe.create("tax_rate", id="txr_just_before", created=stripe.now - 1)

    ids = tap.read("tax_rates").ids("tax_rates")

    assert "txr_just_before" in ids
    assert "txr_later" not in ids


def test_another_api_version_is_asked_for_when_it_is_set(stripe: FakeStripe, tap: Tap) -> None:
    tap.read("charges", api_version="2026-09-30.endive")

    assert {asked.headers["stripe-version"] for asked in stripe.requests} == {"2026-09-30.endive"}


def test_every_request_names_the_version_that_the_schemas_are_made_for(
    stripe: FakeStripe, tap: Tap
) -> None:
    tap.read("charges", "account")

    assert {asked.headers["stripe-version"] for asked in stripe.requests} == {"2026-10-28.endive"}
