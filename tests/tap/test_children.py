"""Lists that hang on objects: every child comes, with and after its parent."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from jsonschema import Draft7Validator

from stripe_sandbox.endpoints import endpoints
from stripe_sandbox.owners import owner_kind
from stripe_sandbox.shapes import shape
from tap_stripe_td.preview import Preview
from tap_stripe_td.streams.table import STREAMS
from tap_stripe_td.tap import TapStripeTd

if TYPE_CHECKING:
    from stripe_sandbox.endpoints import Endpoint
    from tap_stripe_td.streams.row import Stream
    from tests.fakes.changing_stripe import ChangingStripe
    from tests.fakes.reading import Tap

HOUR = 3600
CHILDREN = [stream for stream in STREAMS if stream.parent]

each_child = pytest.mark.parametrize("stream", CHILDREN, ids=lambda stream: stream.name)


def endpoint_of(stream: Stream) -> Endpoint:
    return next(e for e in endpoints() if e.path == stream.path)


def owner_of(stream: Stream) -> str:
    return owner_kind(endpoint_of(stream)) or ""


def make_parent(stripe: ChangingStripe, stream: Stream) -> str:
    made: str = stripe.create(owner_of(stream))["id"]
    return made


def make_child(stripe: ChangingStripe, stream: Stream, parent: str, **fields: Any) -> str:
    kind = stream.object
    assert stream.parent is not None
    field = stream.parent.key_field
    if field in shape(kind):
        fields = {field: parent, **fields}
    made: str = stripe.create(kind, inside=parent, **fields)["id"]
    return made


@each_child
def test_every_child_list_is_read_and_its_records_name_their_parent(
    stripe: ChangingStripe, tap: Tap, stream: Stream
) -> None:
    assert stream.parent is not None
    parents = [make_parent(stripe, stream) for _ in range(2)]
    made = {make_child(stripe, stream, parent): parent for parent in parents}
    stripe.advance(HOUR)

    run = tap.read(stream.name)

    assert run.failures == ()
    assert {r["id"]: r[stream.parent.key_field] for r in run.records(stream.name)} == made
    assert run.streams == {stream.name}
    assert len(run.activated(stream.name)) == 1
    validator = Draft7Validator(run.schema(stream.name)["schema"])
    for record in run.records(stream.name):
        validator.validate(record)


@pytest.mark.parametrize("count", [0, 9, 10, 11, 100, 101, 250])
@pytest.mark.parametrize(
    ("parent", "child"),
    [("invoices", "invoice_lines"), ("checkout_sessions", "checkout_session_line_items")],
)
def test_a_list_of_any_length_comes_whole_and_each_child_once(
    stripe: ChangingStripe, tap: Tap, parent: str, child: str, count: int
) -> None:
    (stream,) = (row for row in CHILDREN if row.name == child)
    owner = make_parent(stripe, stream)
    made = [make_child(stripe, stream, owner) for _ in range(count)]
    make_parent(stripe, stream)
    stripe.advance(HOUR)

    run = tap.read(parent, child)

    assert sorted(run.ids(child)) == sorted(made)
    assert len(run.ids(parent)) == 2


def test_a_list_that_its_parent_carries_whole_costs_no_request(
    stripe: ChangingStripe, tap: Tap
) -> None:
    for _ in range(5):
        stripe.create("invoice", lines=[{"amount": n} for n in range(10)])
    stripe.advance(HOUR)
    before = len(stripe.requests)

    run = tap.read("invoices", "invoice_lines")

    assert len(run.ids("invoice_lines")) == 50
    asked = [request.path for request in stripe.requests[before:]]
    assert not [path for path in asked if path.endswith("/lines")]


def test_children_are_written_before_the_bookmark_that_covers_their_parents(
    stripe: ChangingStripe, tap: Tap
) -> None:
    for number in range(250):
        stripe.create("invoice", id=f"in_{number}", lines=[{}], created=stripe.now - number)
    stripe.advance(HOUR)
    whole = tap.read("invoices", "invoice_lines", workers=1)

    for had, state in whole.up_to_each_state():
        rest = tap.read("invoices", "invoice_lines", state=state)
        ids = {*had.ids("invoice_lines"), *rest.ids("invoice_lines")}
        assert ids == {line["id"] for line in stripe.objects("line_item")}


def test_a_child_is_read_without_its_parent_and_joins_later(
    stripe: ChangingStripe, tap: Tap
) -> None:
    stripe.create("subscription", items=[{}, {}])
    stripe.advance(HOUR)
    first = tap.read("subscriptions")
    stripe.advance(HOUR)

    second = tap.read("subscriptions", "subscription_items", state=first.state)
    stripe.advance(HOUR)
    third = tap.read("subscriptions", "subscription_items", state=second.state)

    assert second.ids("subscriptions") == []
    assert len(second.ids("subscription_items")) == 2
    assert third.of_type("RECORD") == []


def test_children_are_kept_to_the_created_range_of_their_parents(
    stripe: ChangingStripe, tap: Tap
) -> None:
    stripe.create("invoice", id="in_old", created=stripe.now - 9 * HOUR, lines=[{"id": "il_old"}])
    stripe.create("invoice", id="in_new", created=stripe.now - HOUR, lines=[{"id": "il_new"}])

    run = tap.read("invoice_lines", start_datetime=stripe.now - 2 * HOUR)

    assert run.ids("invoice_lines") == ["il_new"]


def test_a_key_that_may_not_read_a_child_still_reads_its_parent(
    stripe: ChangingStripe, tap: Tap
) -> None:
    payment_links = stripe.restrict("rk_test_links", "issuing_card_read", "event_read")
    card = stripe.create("issuing.card")["id"]
    stripe.create("issuing.token", card=card)
    stripe.advance(HOUR)
    restricted = type(tap)(tap.base_url, payment_links)

    run = restricted.read("issuing_cards", "issuing_tokens")

    assert run.ids("issuing_cards") == [card]
    assert run.exit_code == 1
    assert "the key may not read issuing tokens" in str(run.failures[0])
    assert "issuing_tokens" not in run.state["bookmarks"]
    assert run.state["bookmarks"]["issuing_cards"]["replication_key_value"]


def test_old_sessions_without_line_items_are_no_error(stripe: ChangingStripe, tap: Tap) -> None:
    gone = stripe.create("checkout.session", id="cs_old", created=stripe.now - 2)["id"]
    kept = stripe.create("checkout.session", id="cs_new", created=stripe.now - 1)["id"]
    stripe.create("item", id="li_1", inside=kept)
    stripe.disable(
        f"/v1/checkout/sessions/{gone}/line_items",
        "Could not find line items for this Checkout Session. They may be missing for old "
        "testmode Checkout Sessions.",
    )
    stripe.advance(HOUR)

    run = tap.read("checkout_sessions", "checkout_session_line_items")

    assert run.failures == ()
    assert run.ids("checkout_session_line_items") == ["li_1"]


def test_a_parent_that_is_gone_before_its_children_are_read_has_none(
    stripe: ChangingStripe, tap: Tap
) -> None:
    customer = stripe.create("customer", id="cus_1")["id"]
    stripe.create("customer_balance_transaction", customer=customer)
    stripe.advance(HOUR)
    path = "/v1/customers/cus_1/balance_transactions"
    stripe.before(path, 1, lambda: stripe.delete("customer", "cus_1"))

    run = tap.read("customer_balance_transactions")

    assert run.failures == ()


def test_one_account_s_capability_is_not_another_s(stripe: ChangingStripe, tap: Tap) -> None:
    for account in ("acct_1", "acct_2"):
        stripe.connect(account)
        stripe.create("capability", id="card_payments", account=account)
    stripe.advance(HOUR)

    run = tap.read("capabilities")

    assert run.schema("capabilities")["key_properties"] == ["account", "id"]
    keys = [(r["account"], r["id"]) for r in run.records("capabilities")]
    assert sorted(keys) == [("acct_1", "card_payments"), ("acct_2", "card_payments")]


def test_a_preview_shows_children_of_the_newest_parents(stripe: ChangingStripe, tap: Tap) -> None:
    stripe.create("invoice", lines=[{"id": "il_1"}])

    settings = {**tap.settings, "target": "invoice_lines"}

    (preview,) = TapStripeTd(config=settings).previews()

    assert isinstance(preview, Preview)
    assert [row["id"] for row in preview.rows] == ["il_1"]
