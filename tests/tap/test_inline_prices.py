"""Prices that were made inline are in no list; whoever reads prices gets them all the same."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest

from stripe_sandbox.faults import Fault

if TYPE_CHECKING:
    from tests.fakes.changing_stripe import ChangingStripe
    from tests.fakes.messages import Message
    from tests.fakes.reading import Run, Tap

HOUR = 3600
DAY = 24 * HOUR
LONG_AGO = 400 * DAY


@dataclass
class Table:
    """What a target that appends has, and the state that it let out.

    Attributes:
        tap: What reads.
        streams: What is read.
        state: What the last run let out.
        rows: How often each price came.
    """

    tap: Tap
    streams: tuple[str, ...]
    state: Message | None = None
    rows: Counter[str] = field(default_factory=Counter)

    def read(self, cut: int = -1) -> int:
        """Run the tap, which dies after one of its states; return how many there are."""
        run = self.tap.read(*self.streams, state=self.state)
        cuts = run.up_to_each_state()
        kept, self.state = cuts[min(cut, len(cuts) - 1)]
        self.rows.update(kept.ids("prices"))
        return len(cuts)


def sell(stripe: ChangingStripe, name: str, *, items: int = 1, at: int | None = None) -> None:
    """Make a subscription with inline prices of which no event tells any more."""
    at = stripe.now - LONG_AGO if at is None else at
    prices = [
        stripe.create("price", id=f"price_{name}_{n}", listed=False, created=at, event_type=None)
        for n in range(items)
    ]
    stripe.create(
        "subscription",
        id=f"sub_{name}",
        created=at,
        items=[{"price": price, "created": at} for price in prices],
        event_type=None,
    )


def bill(stripe: ChangingStripe, name: str) -> None:
    """Make an invoice whose only line has an inline price of which no event tells any more."""
    at = stripe.now - LONG_AGO
    stripe.create("price", id=f"price_{name}", listed=False, created=at, event_type=None)
    details = {"price": f"price_{name}", "product": "prod_1"}
    line = {"pricing": {"type": "price_details", "price_details": details}}
    stripe.create("invoice", id=f"in_{name}", created=at, lines=[line], event_type=None)


def list_price(stripe: ChangingStripe, name: str) -> None:
    """Make a price that is listed, and that no event tells of any more."""
    at = stripe.now - LONG_AGO
    stripe.create("price", id=f"price_{name}", created=at, event_type=None)


def of_prices(stripe: ChangingStripe) -> list[str]:
    """The requests for prices, in order."""
    return [r.path for r in stripe.requests if r.path.startswith("/v1/prices")]


@pytest.mark.parametrize(
    "streams",
    [("prices", "subscriptions"), ("prices", "subscription_items")],
    ids=lambda streams: streams[-1],
)
def test_a_price_that_only_a_subscription_names_comes_once(
    stripe: ChangingStripe, tap: Tap, streams: tuple[str, ...]
) -> None:
    list_price(stripe, "listed")
    sell(stripe, "old", items=2)

    run = tap.read(*streams)

    assert sorted(run.ids("prices")) == ["price_listed", "price_old_0", "price_old_1"]
    assert sorted(of_prices(stripe)) == [
        "/v1/prices",
        "/v1/prices/price_old_0",
        "/v1/prices/price_old_1",
    ]
    assert stripe.asked("/v1/subscriptions") == 1


def test_a_price_beyond_the_tenth_item_comes_with_the_items(
    stripe: ChangingStripe, tap: Tap
) -> None:
    sell(stripe, "many", items=12)

    run = tap.read("prices", "subscription_items")

    assert len(run.ids("prices")) == 12


def test_a_price_that_only_an_invoice_line_names_comes(stripe: ChangingStripe, tap: Tap) -> None:
    bill(stripe, "billed")

    assert tap.read("prices", "invoices").ids("prices") == ["price_billed"]
    assert tap.read("prices", "invoice_lines").ids("prices") == ["price_billed"]


def test_a_harvested_price_is_whole(stripe: ChangingStripe, tap: Tap) -> None:
    sell(stripe, "old")

    run = tap.read("prices", "subscriptions")

    (asked,) = [r for r in stripe.requests if r.path == "/v1/prices/price_old_0"]
    assert ("expand[]", "tiers") in asked.query
    assert run.records("prices")[0]["_updated_at"]
    assert run.records("prices")[0]["object"] == "price"


def test_an_inline_plan_comes_too(stripe: ChangingStripe, tap: Tap) -> None:
    at = stripe.now - LONG_AGO
    plan = stripe.create("plan", id="plan_x", listed=False, created=at, event_type=None)
    items = [{"plan": plan, "created": at}]
    stripe.create("subscription", created=at, items=items, event_type=None)

    assert tap.read("plans", "subscriptions").ids("plans") == ["plan_x"]


def test_a_price_that_only_an_event_tells_of_comes_with_the_first_reading(
    stripe: ChangingStripe, tap: Tap
) -> None:
    stripe.create("price", id="price_told", listed=False)
    stripe.advance(1)

    first = tap.read("prices")
    stripe.advance(HOUR)
    second = tap.read("prices", state=first.state)

    assert first.ids("prices") == ["price_told"]
    assert second.ids("prices") == []


def test_nothing_is_asked_of_streams_that_are_not_selected(
    stripe: ChangingStripe, tap: Tap
) -> None:
    sell(stripe, "old")

    tap.read("prices")
    tap.read("subscriptions")

    assert stripe.asked("/v1/subscriptions") == 1
    assert of_prices(stripe) == ["/v1/prices"]


def test_a_later_run_asks_for_nothing_again(stripe: ChangingStripe, tap: Tap) -> None:
    sell(stripe, "old")
    first = tap.read("prices", "subscriptions")
    stripe.advance(HOUR)
    stripe.requests.clear()

    second = tap.read("prices", "subscriptions", state=first.state)

    assert second.ids("prices") == []
    assert of_prices(stripe) == []
    assert stripe.asked("/v1/subscriptions") == 0


def test_a_price_that_was_made_since_the_bookmark_comes_by_its_event_alone(
    stripe: ChangingStripe, tap: Tap
) -> None:
    def sold_meanwhile() -> None:
        stripe.advance(1)
        price = stripe.create("price", id="price_new", listed=False)
        stripe.create("subscription_item", inside="sub_old", price=price)

    sell(stripe, "old")
    stripe.before("/v1/subscriptions", 1, sold_meanwhile)

    first = tap.read("prices", "subscriptions")
    stripe.advance(HOUR)
    second = tap.read("prices", "subscriptions", state=first.state)

    assert first.ids("prices") == ["price_old_0"]
    assert second.ids("prices") == ["price_new"]


@pytest.mark.parametrize("cut", range(9))
def test_wherever_a_run_dies_each_price_comes_once(
    stripe: ChangingStripe, tap: Tap, cut: int
) -> None:
    for number in range(105):
        list_price(stripe, f"listed_{number:03}")
        sell(stripe, f"sold_{number:03}", items=2)
    bill(stripe, "billed")
    table = Table(tap, ("prices", "subscriptions", "invoices"))

    table.read(cut)
    stripe.advance(HOUR)
    table.read(cut)
    table.read()

    assert set(table.rows) == {str(price["id"]) for price in stripe.objects("price")}
    assert set(table.rows.values()) == {1}


def test_prices_whose_events_are_forgotten_are_harvested_again(
    stripe: ChangingStripe, tap: Tap
) -> None:
    sell(stripe, "old")
    first = tap.read("prices", "subscriptions")
    stripe.advance(60 * DAY)
    stripe.update("price", "price_old_0", event_type=None, nickname="new")

    second = tap.read("prices", "subscriptions", state=first.state)

    assert [record["nickname"] for record in second.records("prices")] == ["new"]


def test_prices_end_even_when_nothing_may_be_read_of_who_names_them(
    stripe: ChangingStripe, tap: Tap, caplog: pytest.LogCaptureFixture
) -> None:
    list_price(stripe, "listed")
    sell(stripe, "old")
    stripe.fail("/v1/subscriptions", Fault.FORBIDDEN, times=None)

    run = tap.read("prices", "subscriptions")

    assert run.exit_code == 1
    assert run.ids("prices") == ["price_listed"]
    assert "backfill" not in run.state["bookmarks"]["prices"]
    assert "Take their bookmarks out of the state" in caplog.text


def test_a_price_that_cannot_be_fetched_is_fetched_the_next_time(
    stripe: ChangingStripe, tap: Tap
) -> None:
    sell(stripe, "old", items=3)
    stripe.fail("/v1/prices/price_old_1", Fault.FORBIDDEN, times=1)

    first = tap.read("prices", "subscriptions")
    second = tap.read("prices", "subscriptions", state=first.state)

    assert first.exit_code == 1
    assert first.ids("prices") == []
    assert second.ids("prices") == ["price_old_0", "price_old_1", "price_old_2"]


def test_a_whole_reading_announces_the_harvested_prices_with_the_others(
    stripe: ChangingStripe, tap: Tap
) -> None:
    list_price(stripe, "listed")
    sell(stripe, "old")

    run: Run = tap.read("prices", "subscriptions")

    of_prices = [m for m in run.all if m.get("stream") == "prices" and m["type"] != "SCHEMA"]
    assert [m["type"] for m in of_prices] == ["RECORD", "RECORD", "ACTIVATE_VERSION"]
    assert len({m["version"] for m in of_prices}) == 1
