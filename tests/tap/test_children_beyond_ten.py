"""Events show the first ten children of a list; one that is removed behind them is missed too."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import pytest

from tap_stripe_td.state import MOST_CHILDREN, State, format_state, parse_state
from tests.fakes.following import FollowingTable

if TYPE_CHECKING:
    from tests.fakes.changing_stripe import ChangingStripe
    from tests.fakes.messages import Message, Messages
    from tests.fakes.reading import Tap

HOUR = 3600


def gone(run: Messages, stream: str) -> list[str]:
    return sorted(r["id"] for r in run.records(stream) if r["_sdc_deleted_at"] is not None)


def subscribe(stripe: ChangingStripe, items: int) -> None:
    stripe.create("subscription", id="sub_1", items=[{"id": f"si_{n:02}"} for n in range(items)])
    stripe.advance(HOUR)


@pytest.mark.parametrize(
    "streams", [("subscriptions", "subscription_items"), ("subscription_items",)]
)
def test_an_item_beyond_the_tenth_place_becomes_a_tombstone_when_it_is_removed(
    stripe: ChangingStripe, tap: Tap, streams: tuple[str, ...]
) -> None:
    subscribe(stripe, 14)
    first = tap.read(*streams)
    shown = [str(each["id"]) for each in stripe.objects("subscription_item")]
    for id_ in shown:
        stripe.delete("subscription_item", id_)
        stripe.advance(60)
    stripe.advance(HOUR)

    second = tap.read(*streams, state=first.state)
    stripe.update("subscription", "sub_1", description="again")
    stripe.advance(HOUR)
    third = tap.read(*streams, state=second.state)

    assert gone(second, "subscription_items") == sorted(shown)
    assert third.records("subscription_items") == []
    assert "children" not in third.state


def test_one_that_is_removed_first_of_fourteen_is_missed_wherever_it_stood(
    stripe: ChangingStripe, tap: Tap
) -> None:
    subscribe(stripe, 14)
    state: Message = tap.read("subscription_items").state

    for id_ in [str(each["id"]) for each in stripe.objects("subscription_item")]:
        stripe.delete("subscription_item", id_)
        stripe.advance(HOUR)
        run = tap.read("subscription_items", state=state)
        state = run.state
        assert gone(run, "subscription_items") == [id_]


def test_features_of_a_changed_product_are_missed_though_it_shows_none(
    stripe: ChangingStripe, tap: Tap
) -> None:
    stripe.create("product", id="prod_1")
    stripe.create("product_feature", id="feat_1", inside="prod_1")
    stripe.create("product_feature", id="feat_2", inside="prod_1")
    stripe.advance(HOUR)
    first = tap.read("product_features")
    stripe.delete("product_feature", "feat_1")
    stripe.update("product", "prod_1", name="changed")
    stripe.advance(HOUR)

    second = tap.read("product_features", state=first.state)

    assert gone(second, "product_features") == ["feat_1"]


def test_lines_of_a_deleted_draft_all_become_tombstones(stripe: ChangingStripe, tap: Tap) -> None:
    lines = [{"id": f"il_{n:02}"} for n in range(25)]
    stripe.create("invoice", id="in_1", status="draft", lines=lines)
    stripe.advance(HOUR)
    first = tap.read("invoice_lines")
    stripe.delete("invoice", "in_1")
    stripe.advance(HOUR)

    second = tap.read("invoice_lines", state=first.state)

    assert gone(second, "invoice_lines") == [line["id"] for line in lines]


def test_what_stays_as_it_is_weighs_nothing_in_the_state(stripe: ChangingStripe, tap: Tap) -> None:
    stripe.create("invoice", status="paid", lines=[{} for _ in range(25)])
    stripe.create("subscription", status="canceled", items=[{} for _ in range(15)])
    stripe.create("subscription", status="active", items=[{} for _ in range(9)])

    run = tap.read("invoice_lines", "subscription_items")

    assert "children" not in run.state


def test_no_more_children_are_remembered_than_a_state_should_hold() -> None:
    state = State()
    for number in range(50):
        ids = tuple(f"si_{number}_{n}" for n in range(MOST_CHILDREN // 20))
        state = state.remember("subscription_items", {f"sub_{number}": ids})

    known = state.children["subscription_items"]
    assert list(known) == [f"sub_{number}" for number in range(30, 50)]
    assert parse_state(format_state(state)) == state


@pytest.mark.parametrize("seed", range(6))
def test_whatever_comes_and_goes_the_table_has_the_items_that_are_there(
    stripe: ChangingStripe, tap: Tap, seed: int
) -> None:
    chance = random.Random(seed)
    table = FollowingTable(tap, "subscription_items", chance, beside=("subscriptions",))
    subscribe(stripe, 13)
    for _ in range(4):
        table.read(may_die=True)
        for _ in range(6):
            an_item_comes_or_goes(stripe, chance)
    stripe.advance(HOUR)

    table.read(may_die=False)

    assert sorted(table.there) == items_of(stripe)


def items_of(stripe: ChangingStripe) -> list[str]:
    return sorted(str(each["id"]) for each in stripe.objects("subscription_item"))


def an_item_comes_or_goes(stripe: ChangingStripe, chance: random.Random) -> None:
    there = items_of(stripe)
    if chance.random() < 0.5 or len(there) < 9:
        stripe.create("subscription_item", inside="sub_1")
    else:
        stripe.delete("subscription_item", chance.choice(there))
    stripe.advance(chance.choice((0, 1, 60, 700)))
