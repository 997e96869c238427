"""Children follow their parents: what changed comes again, what is gone becomes a tombstone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tap_stripe_td.streams.row import Coverage
from tap_stripe_td.streams.table import STREAMS, listed_with
from tap_stripe_td.units import UnixSeconds, format_time
from tap_stripe_td.upkeep import follows, upkeep

if TYPE_CHECKING:
    from tap_stripe_td.streams.row import Stream
    from tests.fakes.changing_stripe import ChangingStripe
    from tests.fakes.messages import Messages
    from tests.fakes.reading import Tap

HOUR = 3600
DAY = 24 * HOUR
CHILDREN = [stream for stream in STREAMS if stream.parent]

each_child = pytest.mark.parametrize("stream", CHILDREN, ids=lambda stream: stream.name)


def gone(run: Messages, stream: str) -> list[str]:
    return [r["id"] for r in run.records(stream) if r["_sdc_deleted_at"] is not None]


def there(run: Messages, stream: str) -> list[str]:
    return sorted(r["id"] for r in run.records(stream) if r["_sdc_deleted_at"] is None)


@each_child
def test_a_child_that_is_kept_by_events_has_a_parent_that_is_too(stream: Stream) -> None:
    assert upkeep(stream) is upkeep(listed_with(stream))
    assert follows(stream) or (stream.coverage is Coverage.FULL and stream.events)


@pytest.mark.parametrize("streams", [("invoices", "invoice_lines"), ("invoice_lines",)])
def test_lines_of_a_changed_invoice_come_again_and_only_those(
    stripe: ChangingStripe, tap: Tap, streams: tuple[str, ...]
) -> None:
    for name in ("a", "b"):
        stripe.create("invoice", id=f"in_{name}", lines=[{"id": f"il_{name}{n}"} for n in "12"])
    stripe.advance(HOUR)
    first = tap.read(*streams)
    stripe.update("invoice", "in_a", description="changed")
    stripe.advance(HOUR)

    second = tap.read(*streams, state=first.state)
    stripe.advance(HOUR)
    third = tap.read(*streams, state=second.state)

    assert there(second, "invoice_lines") == ["il_a1", "il_a2"]
    assert gone(second, "invoice_lines") == []
    assert second.ids("invoices") == (["in_a"] if "invoices" in streams else [])
    assert third.of_type("RECORD") == []


def test_a_changed_invoice_is_fetched_once_for_itself_and_its_lines(
    stripe: ChangingStripe, tap: Tap
) -> None:
    stripe.create("invoice", id="in_1", lines=[{}])
    stripe.advance(HOUR)
    first = tap.read("invoices", "invoice_lines")
    stripe.update("invoice", "in_1", description="changed")
    stripe.advance(HOUR)
    before = len(stripe.requests)

    tap.read("invoices", "invoice_lines", state=first.state)

    asked = [request.path for request in stripe.requests[before:]]
    assert asked == ["/v1/account", "/v1/events", "/v1/invoices/in_1"]


@pytest.mark.parametrize("count", [2, 11, 105])
def test_all_items_of_a_new_subscription_come(stripe: ChangingStripe, tap: Tap, count: int) -> None:
    first = tap.read("subscriptions", "subscription_items")
    stripe.advance(HOUR)
    stripe.create("subscription", items=[{} for _ in range(count)])
    stripe.advance(HOUR)

    second = tap.read("subscriptions", "subscription_items", state=first.state)

    assert len(set(second.ids("subscription_items"))) == count
    assert len(second.ids("subscription_items")) == count


def test_an_item_that_was_removed_becomes_a_tombstone_with_its_parent(
    stripe: ChangingStripe, tap: Tap
) -> None:
    stripe.create("subscription", id="sub_1", items=[{"id": f"si_{n}"} for n in range(3)])
    stripe.advance(HOUR)
    first = tap.read("subscriptions", "subscription_items")
    stripe.delete("subscription_item", "si_1")
    stripe.advance(HOUR)

    second = tap.read("subscriptions", "subscription_items", state=first.state)

    assert there(second, "subscription_items") == ["si_0", "si_2"]
    (tombstone,) = (r for r in second.records("subscription_items") if r.get("deleted"))
    assert (tombstone["id"], tombstone["subscription"]) == ("si_1", "sub_1")
    assert tombstone["_sdc_deleted_at"] == format_time(UnixSeconds(stripe.now))


def test_lines_of_a_deleted_invoice_become_tombstones(stripe: ChangingStripe, tap: Tap) -> None:
    stripe.create("invoice", id="in_1", lines=[{"id": "il_1"}, {"id": "il_2"}])
    stripe.advance(HOUR)
    first = tap.read("invoice_lines")
    deleted_at = format_time(UnixSeconds(stripe.now))
    stripe.delete("invoice", "in_1")
    stripe.advance(HOUR)

    second = tap.read("invoice_lines", state=first.state)

    assert sorted(gone(second, "invoice_lines")) == ["il_1", "il_2"]
    assert {r["_sdc_deleted_at"] for r in second.records("invoice_lines")} == {deleted_at}


def test_a_child_with_events_of_its_own_is_fetched_by_itself(
    stripe: ChangingStripe, tap: Tap
) -> None:
    stripe.create("customer", id="cus_1")
    for name in ("txi_1", "txi_2", "txi_3"):
        stripe.create("tax_id", id=name, customer="cus_1")
    stripe.advance(HOUR)
    first = tap.read("customers", "customer_tax_ids")
    stripe.update("tax_id", "txi_1", country="DE")
    stripe.delete("tax_id", "txi_3")
    stripe.update("customer", "cus_1", name="new")
    stripe.advance(HOUR)

    second = tap.read("customers", "customer_tax_ids", state=first.state)

    assert second.ids("customers") == ["cus_1"]
    rows = {r["id"]: (r["customer"], r.get("country")) for r in second.records("customer_tax_ids")}
    assert rows == {"txi_1": ("cus_1", "DE"), "txi_3": ("cus_1", None)}
    assert gone(second, "customer_tax_ids") == ["txi_3"]
    assert stripe.asked("/v1/customers/cus_1/tax_ids") == 1


def test_a_child_that_its_own_and_its_parent_s_event_tell_of_comes_once(
    stripe: ChangingStripe, tap: Tap
) -> None:
    stripe.create("application_fee", id="fee_1", refunds=[{"id": "fr_1"}])
    stripe.advance(HOUR)
    first = tap.read("application_fee_refunds")
    stripe.update("fee_refund", "fr_1", metadata={"why": "changed"})
    stripe.update("application_fee", "fee_1", amount_refunded=7)
    stripe.advance(HOUR)

    second = tap.read("application_fee_refunds", state=first.state)

    assert second.ids("application_fee_refunds") == ["fr_1"]


def test_lines_of_a_session_that_did_not_change_are_not_sent_again(
    stripe: ChangingStripe, tap: Tap
) -> None:
    streams = ("checkout_sessions", "checkout_session_line_items")
    for name in ("cs_same", "cs_quiet"):
        stripe.create("checkout.session", id=name, line_items=[{"id": f"li_{name}"}])
    stripe.advance(HOUR)
    first = tap.read(*streams)
    stripe.update("checkout.session", "cs_quiet", metadata={"a": "b"}, event_type=None)
    stripe.advance(HOUR)

    second = tap.read(*streams, state=first.state)
    stripe.advance(HOUR)
    third = tap.read(*streams, state=second.state)

    assert second.ids("checkout_session_line_items") == ["li_cs_quiet"]
    assert third.of_type("RECORD") == []


def test_lines_alone_are_not_sent_again_when_their_session_told_of_itself(
    stripe: ChangingStripe, tap: Tap
) -> None:
    stripe.create("checkout.session", id="cs_1", line_items=[{"id": "li_1"}])
    stripe.advance(HOUR)
    first = tap.read("checkout_session_line_items")
    stripe.update("checkout.session", "cs_1", status="expired")
    stripe.advance(HOUR)

    second = tap.read("checkout_session_line_items", state=first.state)
    stripe.advance(HOUR)
    third = tap.read("checkout_session_line_items", state=second.state)

    assert second.ids("checkout_session_line_items") == ["li_1"]
    assert third.of_type("RECORD") == []


def test_items_of_a_list_without_events_follow_the_list(stripe: ChangingStripe, tap: Tap) -> None:
    stripe.create("radar.value_list", id="rsl_1")
    stripe.create("radar.value_list_item", id="rsli_1", inside="rsl_1")
    stripe.advance(HOUR)
    first = tap.read("radar_value_list_items")
    stripe.create("radar.value_list_item", id="rsli_2", inside="rsl_1")
    stripe.advance(HOUR)

    second = tap.read("radar_value_list_items", state=first.state)

    assert "rsli_2" in second.ids("radar_value_list_items")


def test_items_of_an_old_list_follow_it_and_those_that_are_gone_become_tombstones(
    stripe: ChangingStripe, tap: Tap
) -> None:
    streams = ("radar_value_lists", "radar_value_list_items")
    for name in ("1", "2"):
        stripe.create("radar.value_list", id=f"rsl_{name}")
        stripe.create("radar.value_list_item", id=f"rsli_{name}", inside=f"rsl_{name}")
    stripe.advance(100 * DAY)
    first = tap.read(*streams)
    stripe.create("radar.value_list_item", id="rsli_new", inside="rsl_1")
    stripe.delete("radar.value_list_item", "rsli_1")
    stripe.delete("radar.value_list", "rsl_2")
    stripe.advance(HOUR)

    second = tap.read(*streams, state=first.state)

    assert second.ids("radar_value_lists") == ["rsl_1", "rsl_2"]
    assert gone(second, "radar_value_lists") == ["rsl_2"]
    assert "rsli_new" in second.ids("radar_value_list_items")
    assert gone(second, "radar_value_list_items") == ["rsli_1", "rsli_2"]


def test_a_key_that_may_not_read_a_child_still_follows_its_parent(
    stripe: ChangingStripe, tap: Tap
) -> None:
    key = stripe.restrict("rk_test_links", "product_read", "event_read")
    tap = type(tap)(tap.base_url, key)
    stripe.create("product", id="prod_1")
    stripe.advance(HOUR)
    # Without a product nothing is refused, so both have a bookmark.
    first = tap.read("products", "product_features", end_datetime=stripe.now - DAY)
    stripe.update("product", "prod_1", name="new")
    stripe.advance(HOUR)

    second = tap.read("products", "product_features", state=first.state)

    assert second.ids("products") == ["prod_1"]
    assert second.exit_code == 1
    before, after = (run.state["bookmarks"] for run in (first, second))
    assert after["product_features"] == before["product_features"]
    assert after["products"] != before["products"]


def test_children_of_parents_outside_of_the_range_stay_out(
    stripe: ChangingStripe, tap: Tap
) -> None:
    for name, created in (("old", stripe.now - DAY), ("new", stripe.now)):
        stripe.create("customer", id=f"cus_{name}", created=created)
        stripe.create("tax_id", id=f"txi_{name}", customer=f"cus_{name}")
        stripe.create("invoice", id=f"in_{name}", created=created, lines=[{"id": f"il_{name}"}])
    stripe.advance(HOUR)
    streams, start = ("customer_tax_ids", "invoice_lines"), stripe.now - 2 * HOUR
    first = tap.read(*streams, start_datetime=start)
    for name in ("old", "new"):
        stripe.update("tax_id", f"txi_{name}", country="DE")
        stripe.update("invoice", f"in_{name}", description="changed")
    stripe.advance(HOUR)

    second = tap.read(*streams, state=first.state, start_datetime=start)

    for run in (first, second):
        assert run.ids("customer_tax_ids") == ["txi_new"]
        assert run.ids("invoice_lines") == ["il_new"]
