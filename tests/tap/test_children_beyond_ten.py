"""Events show the first ten children of a list; one that is removed behind them is missed too."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest

from tap_stripe_td.state import MOST_CHILDREN, State, format_state, parse_state

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


@dataclass
class Story:
    """A subscription whose items come and go, and a table that follows them.

    Attributes:
        stripe: The account.
        tap: What reads it.
        chance: Decides what happens.
        state: What the last run let out.
        table: The newest record of every id.
    """

    stripe: ChangingStripe
    tap: Tap
    chance: random.Random
    state: Message | None = None
    table: dict[str, Message] = field(default_factory=dict)

    @property
    def items(self) -> list[str]:
        return sorted(str(each["id"]) for each in self.stripe.objects("subscription_item"))

    def happens(self) -> None:
        """An item is added or removed, or time passes."""
        if self.chance.random() < 0.5 or len(self.items) < 9:
            self.stripe.create("subscription_item", inside="sub_1")
        else:
            self.stripe.delete("subscription_item", self.chance.choice(self.items))
        self.stripe.advance(self.chance.choice((0, 1, 60, 700)))

    def read(self, *, may_die: bool) -> None:
        """Run the tap, which may die after any of its states."""
        cuts = self.tap.read("subscriptions", "subscription_items", state=self.state)
        kept, self.state = self.chance.choice(cuts.up_to_each_state()[0 if may_die else -1 :])
        for record in kept.records("subscription_items"):
            before = self.table.get(record["id"])
            if before is None or before["_updated_at"] <= record["_updated_at"]:
                self.table[record["id"]] = record


@pytest.mark.parametrize("seed", range(6))
def test_whatever_comes_and_goes_the_table_has_the_items_that_are_there(
    stripe: ChangingStripe, tap: Tap, seed: int
) -> None:
    subscribe(stripe, 13)
    story = Story(stripe, tap, random.Random(seed))
    for _ in range(4):
        story.read(may_die=True)
        for _ in range(6):
            story.happens()
    stripe.advance(HOUR)
    story.read(may_die=False)

    there = [id_ for id_, row in story.table.items() if row["_sdc_deleted_at"] is None]
    assert sorted(there) == story.items
