"""Changed objects are fetched with the fewest requests that are known to be enough."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil
from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

from tap_stripe_td.fold import Change
from tap_stripe_td.hydrate import plan_hydrate
from tap_stripe_td.pagination import MAX_LIMIT
from tap_stripe_td.side_by_side import side_by_side
from tap_stripe_td.streams.table import named
from tap_stripe_td.sweep import Sweep, after_page, sweeps_of
from tap_stripe_td.units import UnixSeconds
from tests.tap.test_splitting_laws import NOW, Listed, limits, lists

if TYPE_CHECKING:
    import random

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


@given(changes)
def test_every_change_is_planned_once(found: list[Change]) -> None:
    plan = plan_hydrate(found)

    planned = [*plan.gone, *plan.listed, *plan.single]
    assert sorted(planned, key=str) == sorted(found, key=str)
    assert all(change.deleted for change in plan.gone)


@dataclass
class Found:
    """What sweeps found, with how many pages, and what they left to be fetched one by one."""

    ids: list[str]
    missed: list[str]
    pages: int = 0
    empty_pages: int = 0


def swept(listed: Listed, wanted: list[Change], limit: int = MAX_LIMIT) -> Found:
    result = Found([], [])
    sweeps = sweeps_of(wanted, 8) if len(wanted) > 1 else []
    while sweeps:
        sweep = sweeps.pop()
        outcome = after_page(sweep, listed.page(sweep.stretch, limit), "created")
        result.pages += 1
        result.empty_pages += not outcome.found
        result.ids += [change.object_id for change, _ in outcome.found]
        result.missed += [change.object_id for change in outcome.missed]
        sweeps += [] if outcome.rest is None else [outcome.rest]
    return result


def change_of(place: int, created: int) -> Change:
    return Change(CUSTOMERS, str(place), UnixSeconds(1_000), deleted=False, created=created)


@given(lists, limits, st.data())
def test_a_sweep_finds_what_the_list_shows_and_never_costs_more_than_one_by_one(
    listed: Listed, limit: int, data: st.DataObject
) -> None:
    every = [change_of(place, created) for place, created in enumerate(listed.created)]
    wanted = data.draw(st.lists(st.sampled_from(every), unique=True)) if every else []
    hidden = data.draw(st.sets(st.integers(0, 40)))
    listed.gone = hidden

    found = swept(listed, wanted, limit)

    if len(wanted) > 1:
        assert sorted([*found.ids, *found.missed]) == sorted(each.object_id for each in wanted)
    # A page that shows nothing, as of prices that are in no list, ends its sweep.
    assert found.empty_pages <= 1
    assert found.pages + len(found.missed) <= len(wanted) + found.empty_pages


@given(st.integers(2, 5_000), st.integers(1, 100), st.randoms(use_true_random=False))
def test_a_sweep_never_costs_more_than_reading_the_stretch_again(
    rows: int, gap: int, chance: random.Random
) -> None:
    listed = Listed([NOW - gap * place for place in range(rows)])
    places = sorted(chance.sample(range(rows), chance.randint(2, min(rows, 900))))
    wanted = [change_of(place, listed.created[place]) for place in places]

    found = swept(listed, wanted)

    stretch = places[-1] - places[0] + 1
    assert found.pages + len(found.missed) <= ceil(stretch / MAX_LIMIT) + 1


def test_when_the_place_in_a_crowded_second_is_lost_the_rest_of_it_is_fetched_alone() -> None:
    wanted = tuple(change_of(place, NOW - place // 3) for place in range(5))

    outcome = Sweep(wanted, cursor="gone").without_cursor

    assert [change.object_id for change in outcome.missed] == ["0", "1", "2"]
    assert outcome.rest == Sweep(wanted[3:])


def test_objects_that_change_together_come_a_hundred_to_a_request(
    stripe: ChangingStripe, tap: Tap
) -> None:
    for number in range(250):
        stripe.create("customer", id=f"cus_{number}", created=stripe.now - 1_000 + number)
    stripe.advance(HOUR)
    first = tap.read("customers")
    for number in range(250):
        stripe.update("customer", f"cus_{number}", name="new")
    stripe.advance(HOUR)
    stripe.requests.clear()

    second = tap.read("customers", state=first.state)

    assert sorted(second.ids("customers")) == sorted(f"cus_{number}" for number in range(250))
    assert stripe.asked("/v1/customers") == 3
    assert not [r for r in stripe.requests if r.path.startswith("/v1/customers/")]


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
