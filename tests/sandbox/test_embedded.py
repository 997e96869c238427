"""Lists inside objects stop at ten; their url leads to the rest."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from stripe_sandbox.embedded import EMBEDDED, EmbeddedList
from stripe_sandbox.endpoints import endpoints
from stripe_sandbox.shapes import shape

if TYPE_CHECKING:
    from collections.abc import Callable

    from stripe_sandbox.world import FakeStripe


@pytest.mark.parametrize("row", EMBEDDED, ids=lambda row: f"{row.object}.{row.field}")
def test_an_embedded_list_stops_at_ten_and_its_url_has_all(
    fake: FakeStripe, body: Callable[..., Any], row: EmbeddedList
) -> None:
    kind = row.lists[0]
    bank: dict[str, Any] = {}
    if "financial_account" in shape(kind):
        bank = {"financial_account": fake.create("treasury.financial_account")["id"]}
    owner = fake.create(row.object, **bank)["id"]
    belongs: dict[str, Any] = {"inside": owner} if row.by == "parent" else {row.by: owner}
    made = [fake.create(kind, **belongs, **bank)["id"] for _ in range(12)]

    shown = fake.objects(row.object)[0].get(row.field)
    if shown is None:
        listing = next(e.path for e in endpoints() if row.object in e.object and not e.nested)
        shown = body(f"{listing}/{owner}?expand[]={row.field}")[row.field]
    joiner = "&" if "?" in shown["url"] else "?"

    assert [member["id"] for member in shown["data"]] == made[:1:-1]
    assert shown["has_more"]
    rest = body(f"{shown['url']}{joiner}limit=100&starting_after={shown['data'][-1]['id']}")
    assert [member["id"] for member in rest["data"]] == made[1::-1]


def test_includable_lists_are_absent_until_asked_for(
    fake: FakeStripe, body: Callable[..., Any]
) -> None:
    charge = fake.create("charge")["id"]
    fake.create("refund", charge=charge, id="re_1")

    assert "refunds" not in body("/v1/charges")["data"][0]
    expanded = body("/v1/charges?expand[]=data.refunds")["data"][0]["refunds"]
    assert [refund["id"] for refund in expanded["data"]] == ["re_1"]
    assert expanded["url"] == f"/v1/charges/{charge}/refunds"


def test_lists_given_with_an_object_become_its_children(fake: FakeStripe) -> None:
    invoice = fake.create("invoice", lines=[{"amount": 1}, {"amount": 2}])

    assert [line["amount"] for line in invoice["lines"]["data"]] == [1, 2]
    assert [line["invoice"] for line in fake.objects("line_item")] == [invoice["id"]] * 2


def test_a_listed_parent_shows_its_changed_child(
    fake: FakeStripe, body: Callable[..., Any]
) -> None:
    invoice = fake.create("invoice", lines=[{"amount": 1}])
    assert body("/v1/invoices")["data"][0]["lines"]["data"][0]["amount"] == 1

    fake.update("line_item", invoice["lines"]["data"][0]["id"], amount=7)

    assert body("/v1/invoices")["data"][0]["lines"]["data"][0]["amount"] == 7


def test_expansion_goes_through_objects_and_lists(
    fake: FakeStripe, body: Callable[..., Any]
) -> None:
    customer = fake.create("customer", name="Ana")["id"]
    intent = fake.create("payment_intent", customer=customer)["id"]
    charge = fake.create("charge", payment_intent=intent)["id"]
    fake.create("refund", charge=charge)

    refund = body("/v1/refunds?expand[]=data.charge.payment_intent.customer")["data"][0]

    assert refund["charge"]["payment_intent"]["customer"]["name"] == "Ana"


def test_canceled_subscriptions_are_listed_on_request_only(
    fake: FakeStripe, ids: Callable[[str], list[str]]
) -> None:
    fake.create("subscription", id="sub_a")
    fake.create("subscription", id="sub_c", status="canceled")

    assert ids("/v1/subscriptions") == ["sub_a"]
    assert ids("/v1/subscriptions?status=all") == ["sub_c", "sub_a"]
    assert ids("/v1/subscriptions?status=canceled") == ["sub_c"]
    assert ids("/v1/subscriptions?status=ended") == ["sub_c"]


def test_inline_prices_are_not_listed_but_found(
    fake: FakeStripe, body: Callable[..., Any], ids: Callable[[str], list[str]]
) -> None:
    fake.create("price", id="price_inline", listed=False)
    fake.create("price", id="price_1")

    assert ids("/v1/prices") == ["price_1"]
    assert body("/v1/prices/price_inline")["id"] == "price_inline"


def test_the_own_account_is_not_a_connected_one(
    fake: FakeStripe, body: Callable[..., Any], ids: Callable[[str], list[str]]
) -> None:
    assert body("/v1/account")["id"] == fake.ledger.account
    assert ids("/v1/accounts") == []


def test_what_happens_to_a_connected_account_is_listed_among_its_own_events(
    fake: FakeStripe, body: Callable[..., Any]
) -> None:
    fake.connect("acct_1")
    fake.create("person", id="person_1", account="acct_1")
    fake.update("account", "acct_1", email="new@example.com")
    fake.update("account", fake.ledger.account, email="own@example.com")

    own = body("/v1/events")["data"]
    connected = body("/v1/events", stripe_account="acct_1")["data"]

    told = [(event["type"], event["data"]["object"]["id"]) for event in connected]
    assert told == [("account.updated", "acct_1"), ("person.created", "person_1")]
    assert [event["data"]["object"]["id"] for event in own] == [fake.ledger.account]


def test_capabilities_share_ids_and_have_no_paging(
    fake: FakeStripe, body: Callable[..., Any]
) -> None:
    for account in ("acct_1", "acct_2"):
        fake.connect(account)
        fake.create("capability", id="card_payments", account=account)

    page = body("/v1/accounts/acct_1/capabilities")

    assert [(c["account"], c["id"]) for c in page["data"]] == [("acct_1", "card_payments")]
    assert body("/v1/accounts/acct_2/capabilities/card_payments")["account"] == "acct_2"
    assert (
        "unknown parameter" in body("/v1/accounts/acct_1/capabilities?limit=1")["error"]["message"]
    )


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("customer=cus_1", ["ch_2", "ch_0"]),
        ("customer=cus_none", []),
        ("customer=cus_1&created[lt]=12", ["ch_0"]),
        ("transfer_group=g", ["ch_1"]),
    ],
)
def test_lists_are_filtered_by_field(
    fake: FakeStripe, ids: Callable[[str], list[str]], query: str, found: list[str]
) -> None:
    fake.create("charge", id="ch_0", customer="cus_1", created=10)
    fake.create("charge", id="ch_1", transfer_group="g", created=11)
    fake.create("charge", id="ch_2", customer="cus_1", created=12)

    assert ids(f"/v1/charges?{query}") == found


@pytest.mark.parametrize(
    ("path", "field"),
    [
        ("/v1/prices", "currency_options"),
        ("/v1/prices", "tiers"),
        ("/v1/plans", "tiers"),
        ("/v1/coupons", "applies_to"),
        ("/v1/customers", "cash_balance"),
    ],
)
def test_a_field_that_is_included_on_request_is_absent_otherwise(
    fake: FakeStripe, body: Callable[..., Any], path: str, field: str
) -> None:
    fake.create(path.removeprefix("/v1/").removesuffix("s"))

    assert field not in body(path)["data"][0]
    assert field in body(f"{path}?expand[]=data.{field}")["data"][0]


def test_older_paths_still_list(fake: FakeStripe, body: Callable[..., Any]) -> None:
    charge = fake.create("charge")["id"]
    fake.create("refund", id="re_1", charge=charge)
    fake.create("refund", id="re_2")
    fake.create("balance_transaction", id="txn_1")

    refunds = body(f"/v1/charges/{charge}/refunds")

    assert [refund["id"] for refund in refunds["data"]] == ["re_1"]
    assert refunds["url"] == f"/v1/charges/{charge}/refunds"
    assert body("/v1/balance/history")["data"][0]["id"] == "txn_1"
