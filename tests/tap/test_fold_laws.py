"""Many events about one object say one thing."""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

from tap_stripe_td.fold import Change, Event, EventData, EventObject, changes_of, fold
from tap_stripe_td.streams.table import named
from tap_stripe_td.units import UnixSeconds

if TYPE_CHECKING:
    import random

CHARGES, CUSTOMERS = named("charges")[0], named("customers")[0]
BY_TYPE = {name: [stream] for stream in (CHARGES, CUSTOMERS) for name in stream.events}

changes = st.lists(
    st.builds(
        Change,
        st.sampled_from([CHARGES, CUSTOMERS]),
        st.sampled_from(["x_1", "x_2"]),
        st.integers(1, 4).map(UnixSeconds),
        st.booleans(),
    ),
    max_size=12,
)


def event(kind: str, carries: str, object_id: str | None = "cus_1", created: int = 7) -> Event:
    return Event("evt_1", kind, created, EventData(EventObject(object_id, carries)))


@given(changes, st.randoms(use_true_random=False))
def test_the_order_of_events_does_not_matter(told: list[Change], chance: random.Random) -> None:
    shuffled = chance.sample(told, len(told))

    assert fold({}, shuffled) == fold({}, told)


@given(changes, st.integers(0, 12))
def test_it_does_not_matter_how_events_are_cut_into_pages(told: list[Change], cut: int) -> None:
    assert fold(fold({}, told[:cut]), told[cut:]) == fold({}, told)


@given(changes)
def test_every_object_that_changed_is_told_of_once_with_its_newest_second(
    told: list[Change],
) -> None:
    folded = fold({}, told)

    assert folded.keys() == {change.identity for change in told}
    for identity, change in folded.items():
        assert change.at == max(one.at for one in told if one.identity == identity)


@given(changes)
def test_an_object_is_gone_only_when_all_of_its_newest_second_says_so(told: list[Change]) -> None:
    for identity, change in fold({}, told).items():
        newest = [one for one in told if one.identity == identity and one.at == change.at]

        assert change.deleted == all(one.deleted for one in newest)


def test_every_way_to_meet_a_delete_and_an_update_in_one_second_is_undecided() -> None:
    deleted, updated = (Change(CUSTOMERS, "cus_1", UnixSeconds(5), gone) for gone in (True, False))

    for pair in (*combinations((deleted, updated), 2), (updated, deleted)):
        assert not fold({}, pair)[deleted.identity].deleted


def test_a_delete_event_says_that_its_object_is_gone() -> None:
    (change,) = changes_of([event("customer.deleted", "customer")], BY_TYPE)

    assert change == Change(
        CUSTOMERS, "cus_1", UnixSeconds(7), deleted=True, told=frozenset({CUSTOMERS})
    )


def test_events_of_other_streams_other_objects_and_without_an_id_change_nothing() -> None:
    others = [
        event("payout.paid", "payout"),
        event("customer.updated", "discount"),
        event("customer.updated", "customer", object_id=None),
    ]

    assert changes_of(others, BY_TYPE) == []
