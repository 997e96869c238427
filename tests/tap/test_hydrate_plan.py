"""Changed objects are fetched with the fewest requests that are known to be enough."""

from __future__ import annotations

from math import ceil
from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

from tap_stripe_td.fold import Change
from tap_stripe_td.hydrate import plan_hydrate
from tap_stripe_td.side_by_side import side_by_side
from tap_stripe_td.streams.table import named
from tap_stripe_td.units import UnixSeconds

if TYPE_CHECKING:
    from tests.fakes.changing_stripe import ChangingStripe
    from tests.fakes.reading import Tap

(CUSTOMERS,) = named("customers")
HOUR = 3600

changes = st.lists(
    st.builds(
        lambda number, created, deleted: Change(
            CUSTOMERS, f"cus_{number}", UnixSeconds(1_000), deleted, created
        ),
        st.integers(0, 500),
        st.none() | st.integers(0, 1_000),
        st.booleans(),
    ),
    unique_by=lambda change: change.object_id,
    max_size=300,
)


@given(changes, st.integers(0, 1_000))
def test_every_change_is_planned_once(found: list[Change], since: int) -> None:
    plan = plan_hydrate(found, UnixSeconds(since))

    planned = [*plan.gone, *plan.listed, *plan.single]
    assert sorted(planned, key=str) == sorted(found, key=str)
    assert all(change.deleted for change in plan.gone)


@given(changes, st.integers(0, 1_000))
def test_a_plan_never_costs_more_than_one_by_one(found: list[Change], since: int) -> None:
    plan = plan_hydrate(found, UnixSeconds(since))

    requests = ceil(len(plan.listed) / 100) + len(plan.single)
    assert requests <= sum(not change.deleted for change in found)


@given(changes, st.integers(0, 1_000))
def test_what_is_listed_lies_in_the_stretch(found: list[Change], since: int) -> None:
    plan = plan_hydrate(found, UnixSeconds(since))

    assert all(
        change.created is not None and plan.stretch.contains(change.created)
        for change in plan.listed
    )


def test_new_objects_come_a_hundred_to_a_request(stripe: ChangingStripe, tap: Tap) -> None:
    first = tap.read("customers")
    for number in range(250):
        stripe.create("customer", id=f"cus_{number}")
    stripe.advance(HOUR)
    stripe.requests.clear()

    second = tap.read("customers", state=first.state)

    assert len(second.ids("customers")) == 250
    assert stripe.asked("/v1/customers") == 3
    assert not [r for r in stripe.requests if r.path.startswith("/v1/customers/")]


def test_a_new_object_that_is_not_in_its_list_is_fetched_alone(
    stripe: ChangingStripe, tap: Tap
) -> None:
    first = tap.read("prices")
    stripe.create("price", id="price_listed")
    stripe.create("price", id="price_inline", listed=False)
    stripe.advance(HOUR)

    second = tap.read("prices", state=first.state)

    assert sorted(second.ids("prices")) == ["price_inline", "price_listed"]


@given(st.lists(st.integers(), max_size=60), st.integers(1, 8))
def test_work_side_by_side_is_done_once_for_every_item(items: list[int], threads: int) -> None:
    assert sorted(side_by_side(lambda item: item + 1, items, threads)) == sorted(
        item + 1 for item in items
    )
