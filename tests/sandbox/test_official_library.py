"""Stripe's own library takes the sandbox for Stripe."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import stripe

from stripe_sandbox.business import grow
from stripe_sandbox.faults import Fault

if TYPE_CHECKING:
    from collections.abc import Callable

    from stripe_sandbox.world import FakeStripe


def test_lists_charges_newest_first(fake: FakeStripe, official: stripe.StripeClient) -> None:
    for n in range(3):
        fake.create("charge", id=f"ch_{n}", created=fake.now + n)

    listed = official.v1.charges.list()

    assert [charge.id for charge in listed.data] == ["ch_2", "ch_1", "ch_0"]
    assert not listed.has_more


def test_pages_through_everything(fake: FakeStripe, official: stripe.StripeClient) -> None:
    grow(fake, customers=30)

    paged = list(official.v1.payment_intents.list({"limit": 7}).auto_paging_iter())

    assert [intent.id for intent in paged] == [o["id"] for o in fake.objects("payment_intent")]


def test_pages_backwards_through_everything(
    fake: FakeStripe, official: stripe.StripeClient
) -> None:
    for n in range(25):
        fake.create("charge", id=f"ch_{n}")

    pages = official.v1.charges.list({"limit": 10, "ending_before": "ch_0"})

    assert [charge.id for charge in pages.auto_paging_iter()] == [f"ch_{n}" for n in range(1, 25)]


def test_a_created_range_holds_its_ends_as_asked(
    fake: FakeStripe, official: stripe.StripeClient
) -> None:
    for second in range(10):
        fake.create("charge", id=f"ch_{second}", created=1000 + second)

    half_open = official.v1.charges.list({"created": {"gt": 1002, "lte": 1005}})
    exact = official.v1.charges.list({"created": 1004})

    assert [charge.id for charge in half_open] == ["ch_5", "ch_4", "ch_3"]
    assert [charge.id for charge in exact] == ["ch_4"]


def test_retrieves_one_object(fake: FakeStripe, official: stripe.StripeClient) -> None:
    made = fake.create("customer", name='Zoë "Z" \\ 🌻')

    customer = official.v1.customers.retrieve(made["id"])

    assert customer.to_dict() == made


def test_expands_an_id_to_the_object(fake: FakeStripe, official: stripe.StripeClient) -> None:
    customer = fake.create("customer", name="Ana")
    fake.create("charge", customer=customer["id"])

    listed = official.v1.charges.list({"expand": ["data.customer"]})

    expanded = listed.data[0].customer
    assert isinstance(expanded, stripe.Customer)
    assert expanded.name == "Ana"


def test_a_deleted_customer_is_a_stub(fake: FakeStripe, official: stripe.StripeClient) -> None:
    customer = fake.create("customer")["id"]
    fake.delete("customer", customer)

    stub = official.v1.customers.retrieve(customer)

    assert stub.to_dict() == {"id": customer, "object": "customer", "deleted": True}
    assert official.v1.customers.list().data == []


def test_a_wrong_key_is_an_authentication_error(client: Callable[..., stripe.StripeClient]) -> None:
    with pytest.raises(
        stripe.AuthenticationError, match=r"Invalid API Key provided: sk_test_\*+xyz1"
    ):
        client("sk_test_wrong_key_xyz1").v1.charges.list()


def test_a_missing_permission_is_a_permission_error(
    fake: FakeStripe, client: Callable[..., stripe.StripeClient]
) -> None:
    restricted = client(fake.restrict("rk_test_x", "charge_read"))

    assert restricted.v1.charges.list().data == []
    with pytest.raises(stripe.PermissionError, match="Having the 'rak_customer_read' permission"):
        restricted.v1.customers.list()


def test_an_unknown_id_is_an_invalid_request_error(official: stripe.StripeClient) -> None:
    with pytest.raises(stripe.InvalidRequestError, match="No such charge: 'ch_x'") as refused:
        official.v1.charges.retrieve("ch_x")

    assert refused.value.http_status == 404
    assert refused.value.code == "resource_missing"


def test_too_many_requests_are_a_rate_limit_error(
    fake: FakeStripe, official: stripe.StripeClient
) -> None:
    fake.fail("/v1/charges", Fault.RATE_LIMIT)

    with pytest.raises(stripe.RateLimitError):
        official.v1.charges.list()


def test_the_library_retries_what_stripe_wants_retried(
    fake: FakeStripe, client: Callable[..., stripe.StripeClient]
) -> None:
    fake.create("charge", id="ch_1")
    fake.fail("/v1/charges", Fault.RESET)
    fake.fail("/v1/charges", Fault.SERVER_ERROR)

    patient = client()
    listed = patient.v1.charges.list(options={"max_network_retries": 2})

    assert [charge.id for charge in listed] == ["ch_1"]
    assert [asked.status for asked in fake.requests] == [200, 500, 200]


def test_events_come_as_the_library_expects_them(
    fake: FakeStripe, official: stripe.StripeClient
) -> None:
    customer = fake.create("customer", name="Ana")["id"]
    fake.update("customer", customer, name="Anna")

    event = official.v1.events.list({"types": ["customer.updated"]}).data[0]

    assert event.data.previous_attributes is not None
    assert event.data.previous_attributes["name"] == "Ana"
    assert event.data.object["name"] == "Anna"
    assert event.api_version == "2026-10-28.endive"


def test_a_connected_account_has_a_world_of_its_own(
    fake: FakeStripe, official: stripe.StripeClient
) -> None:
    fake.create("charge", id="ch_own")
    fake.connect("acct_other").create("charge", id="ch_other")

    here = official.v1.charges.list()
    there = official.v1.charges.list(options={"stripe_account": "acct_other"})

    assert [charge.id for charge in here] == ["ch_own"]
    assert [charge.id for charge in there] == ["ch_other"]
    assert [account.id for account in official.v1.accounts.list()] == ["acct_other"]
