"""Every change is told by the event that Stripe would send, for thirty days."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from stripe_sandbox.world import FakeStripe

DAY = 24 * 3600


def types(body: Callable[..., Any], query: str = "") -> list[str]:
    return [event["type"] for event in body(f"/v1/events?{query}")["data"]]


@pytest.mark.parametrize(
    ("kind", "fields", "event"),
    [
        ("customer", {}, "customer.created"),
        ("charge", {}, "charge.succeeded"),
        ("charge", {"status": "failed"}, "charge.failed"),
        ("dispute", {}, "charge.dispute.created"),
        ("subscription", {}, "customer.subscription.created"),
        ("payment_method", {"customer": "cus_1"}, "payment_method.attached"),
        ("card", {"customer": "cus_1"}, "customer.source.created"),
        ("review", {}, "review.opened"),
        ("payment_method", {}, None),
        ("balance_transaction", {}, None),
        ("checkout.session", {}, None),
    ],
)
def test_a_new_object_is_told(
    fake: FakeStripe,
    body: Callable[..., Any],
    kind: str,
    fields: dict[str, Any],
    event: str | None,
) -> None:
    fake.create(kind, **fields)

    assert types(body) == ([event] if event else [])


@pytest.mark.parametrize(
    ("kind", "change", "event"),
    [
        ("customer", {"name": "Zoë"}, "customer.updated"),
        ("charge", {"amount_refunded": 5}, "charge.refunded"),
        ("charge", {"metadata": {"a": "b"}}, "charge.updated"),
        ("invoice", {"status": "paid"}, "invoice.paid"),
        ("invoice", {"metadata": {"a": "b"}}, "invoice.updated"),
        ("subscription", {"status": "canceled"}, "customer.subscription.deleted"),
        ("payment_intent", {"status": "succeeded"}, "payment_intent.succeeded"),
        ("payment_intent", {"metadata": {"a": "b"}}, None),
        ("payout", {"status": "paid"}, "payout.paid"),
        ("dispute", {"status": "won"}, "charge.dispute.closed"),
        ("balance_transaction", {"status": "pending"}, None),
    ],
)
def test_a_change_is_told_where_stripe_tells_it(
    fake: FakeStripe,
    body: Callable[..., Any],
    kind: str,
    change: dict[str, Any],
    event: str | None,
) -> None:
    made = fake.create(kind, event_type=None)

    fake.update(kind, made["id"], **change)

    assert types(body) == ([event] if event else [])


def test_an_update_that_changes_nothing_is_silent(
    fake: FakeStripe, body: Callable[..., Any]
) -> None:
    customer = fake.create("customer", name="Ana", event_type=None)["id"]

    fake.update("customer", customer, name="Ana")

    assert types(body) == []


def test_a_deletion_carries_the_last_snapshot(fake: FakeStripe, body: Callable[..., Any]) -> None:
    product = fake.create("product", name="Basic")["id"]

    fake.delete("product", product)

    event = body("/v1/events?type=product.deleted")["data"][0]
    assert event["data"]["object"]["name"] == "Basic"
    assert "deleted" not in event["data"]["object"]
    assert body(f"/v1/products/{product}")["error"]["code"] == "resource_missing"


def test_what_cannot_be_deleted_is_not(fake: FakeStripe) -> None:
    charge = fake.create("charge")["id"]

    with pytest.raises(ValueError, match="no way to delete a charge"):
        fake.delete("charge", charge)


def test_an_unknown_object_cannot_change(fake: FakeStripe) -> None:
    with pytest.raises(LookupError, match="no charge with the id ch_x"):
        fake.update("charge", "ch_x", amount=5)


def test_previous_attributes_hold_only_what_changed(
    fake: FakeStripe, body: Callable[..., Any]
) -> None:
    customer = fake.create("customer", name="Ana", metadata={"a": "1", "b": "2"})["id"]

    fake.update("customer", customer, metadata={"a": "1", "b": "3", "c": "4"})

    data = body("/v1/events?type=customer.updated")["data"][0]["data"]
    assert data["previous_attributes"] == {"metadata": {"b": "2", "c": None}}


def test_a_snapshot_stays_as_it_was(fake: FakeStripe, body: Callable[..., Any]) -> None:
    customer = fake.create("customer", name="first")["id"]
    fake.update("customer", customer, name="second")

    event = body("/v1/events?type=customer.created")["data"][0]

    assert event["data"]["object"]["name"] == "first"


def test_the_embedded_lists_of_a_snapshot_are_cut_at_ten(
    fake: FakeStripe, body: Callable[..., Any]
) -> None:
    fake.create("invoice", lines=[{"amount": n} for n in range(12)])

    lines = body("/v1/events")["data"][0]["data"]["object"]["lines"]

    assert len(lines["data"]) == 10
    assert lines["has_more"]


def test_a_changed_child_is_told_by_its_parent(fake: FakeStripe, body: Callable[..., Any]) -> None:
    subscription = fake.create("subscription", items=[{"quantity": 1}])
    item = subscription["items"]["data"][0]["id"]

    fake.update("subscription_item", item, quantity=2)

    event = body("/v1/events")["data"][0]
    assert event["type"] == "customer.subscription.updated"
    assert event["data"]["object"]["items"]["data"][0]["quantity"] == 2


def test_events_go_after_thirty_days(fake: FakeStripe, body: Callable[..., Any]) -> None:
    fake.create("customer")
    event = body("/v1/events")["data"][0]["id"]

    fake.advance(31 * DAY)

    assert types(body) == []
    error = body(f"/v1/events?starting_after={event}")["error"]
    assert "aged out of our retention policy" in error["message"]
    assert body(f"/v1/events/{event}")["error"]["code"] == "resource_missing"


def test_an_object_made_long_ago_has_no_event(fake: FakeStripe, body: Callable[..., Any]) -> None:
    fake.create("customer", created=fake.now - 31 * DAY)

    assert types(body) == []


def test_events_are_filtered_by_type_and_group(fake: FakeStripe, body: Callable[..., Any]) -> None:
    fake.create("customer")
    charge = fake.create("charge")["id"]
    fake.update("charge", charge, amount_refunded=1)

    assert types(body, "type=charge.*") == ["charge.refunded", "charge.succeeded"]
    assert types(body, "type=customer.created") == ["customer.created"]
    two = "types[]=customer.created&types[]=charge.refunded"
    assert types(body, two) == ["charge.refunded", "customer.created"]


def test_a_late_event_is_hidden_until_its_time(fake: FakeStripe, body: Callable[..., Any]) -> None:
    fake.late_events(3)
    fake.create("customer")
    fake.create("charge", event_late_seconds=0)

    assert types(body) == ["charge.succeeded"]
    fake.advance(3)
    assert types(body) == ["charge.succeeded", "customer.created"]


def test_an_event_keeps_the_api_version_of_its_moment(
    fake: FakeStripe, body: Callable[..., Any]
) -> None:
    fake.create("customer", event_api_version="2020-08-27")

    assert body("/v1/events")["data"][0]["api_version"] == "2020-08-27"


def test_an_old_snapshot_is_written_as_its_version_wrote_it(
    fake: FakeStripe, body: Callable[..., Any]
) -> None:
    charge = fake.create("charge", event_api_version="2020-08-27")

    snapshot = body("/v1/events")["data"][0]["data"]["object"]

    assert set(snapshot) - set(charge) == {"invoice", "refunds"}


def test_a_silent_change_of_a_child_is_silent(fake: FakeStripe, body: Callable[..., Any]) -> None:
    subscription = fake.create("subscription", items=[{"quantity": 1}], event_type=None)
    item = subscription["items"]["data"][0]["id"]

    fake.update("subscription_item", item, quantity=2, event_type=None)
    fake.delete("subscription_item", item, event_type=None)

    assert types(body) == []
