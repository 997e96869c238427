"""`created` decides about every record, wherever it comes from."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tap_stripe_td.units import UnixSeconds, format_time

if TYPE_CHECKING:
    from tests.fakes.changing_stripe import ChangingStripe
    from tests.fakes.reading import Tap

HOUR = 3600
EDGE = 1_789_000_000


@pytest.fixture
def _around_the_edge(stripe: ChangingStripe) -> None:
    for name, second in (("before", EDGE - 1), ("at", EDGE), ("after", EDGE + 1)):
        stripe.create("charge", id=f"ch_{name}", created=second)
        stripe.create("customer", id=f"cus_{name}", created=second)
        stripe.create("payment_method", id=f"pm_{name}", created=second)
    stripe.advance(HOUR)


pytestmark = pytest.mark.usefixtures("_around_the_edge")

each_list = pytest.mark.parametrize(
    ("stream", "prefix"),
    [("charges", "ch"), ("payment_methods", "pm")],
    ids=["with a created filter", "without one"],
)


@each_list
@pytest.mark.parametrize(
    ("formula", "names"),
    [
        ("gt", ["after"]),
        ("gte", ["after", "at"]),
        ("lt", ["before"]),
        ("lte", ["at", "before"]),
    ],
)
def test_a_formula_chooses_the_records_of_a_list(
    tap: Tap, stream: str, prefix: str, formula: str, names: list[str]
) -> None:
    run = tap.read(stream, formula=formula, start_datetime=format_time(UnixSeconds(EDGE)))

    assert run.ids(stream) == [f"{prefix}_{name}" for name in names]


@each_list
def test_an_end_leaves_out_the_records_from_then_on(tap: Tap, stream: str, prefix: str) -> None:
    run = tap.read(stream, end_datetime=format_time(UnixSeconds(EDGE + 1)))

    assert run.ids(stream) == [f"{prefix}_at", f"{prefix}_before"]


def test_stripe_is_not_asked_for_what_nobody_wants(stripe: ChangingStripe, tap: Tap) -> None:
    tap.read("charges", start_datetime=EDGE, end_datetime=EDGE + 1)

    (asked,) = [request for request in stripe.requests if request.path == "/v1/charges"]
    assert ("created[gte]", f"{EDGE}") in asked.query
    assert ("created[lt]", f"{EDGE + 1}") in asked.query


def test_a_change_to_an_object_from_outside_of_the_range_is_not_sent(
    stripe: ChangingStripe, tap: Tap
) -> None:
    first = tap.read("customers", start_datetime=EDGE)
    for name in ("before", "at"):
        stripe.update("customer", f"cus_{name}", name="changed")
    stripe.advance(HOUR)

    second = tap.read("customers", start_datetime=EDGE, state=first.state)

    assert second.ids("customers") == ["cus_at"]


def test_what_is_created_after_the_end_is_not_sent(stripe: ChangingStripe, tap: Tap) -> None:
    end = stripe.now + HOUR
    first = tap.read("customers", end_datetime=end)
    stripe.create("customer", id="cus_in_time", created=end - 1)
    stripe.create("customer", id="cus_too_late", created=end)
    stripe.advance(2 * HOUR)

    second = tap.read("customers", end_datetime=end, state=first.state)

    assert second.ids("customers") == ["cus_in_time"]


def test_tombstones_are_sent_as_nobody_knows_when_their_object_was_created(
    stripe: ChangingStripe, tap: Tap
) -> None:
    first = tap.read("customers", start_datetime=EDGE)
    stripe.delete("customer", "cus_before")
    stripe.advance(HOUR)

    second = tap.read("customers", start_datetime=EDGE, state=first.state)

    assert second.ids("customers") == ["cus_before"]


def test_an_object_that_does_not_say_when_it_was_created_is_sent(
    stripe: ChangingStripe, tap: Tap
) -> None:
    stripe.create("country_spec", id="DE")
    stripe.create("account", id="acct_unknown", created=None)

    assert "DE" in tap.read("country_specs", start_datetime=EDGE).ids("country_specs")


def test_events_from_outside_of_the_range_are_not_sent(tap: Tap) -> None:
    run = tap.read("events", start_datetime=EDGE)

    assert len(run.ids("events")) > 0
    assert {record["data"]["object"]["id"].split("_")[1] for record in run.records("events")} == {
        "at",
        "after",
    }


def test_a_whole_reading_says_which_stretch_it_covers(tap: Tap) -> None:
    run = tap.read("charges", start_datetime=EDGE, end_datetime=EDGE + 1)

    (activated,) = run.of_type("ACTIVATE_VERSION")
    assert activated["within"] == {
        "field": "created",
        "gte": format_time(UnixSeconds(EDGE)),
        "lt": format_time(UnixSeconds(EDGE + 1)),
    }


def test_a_reading_of_everything_says_nothing_of_a_stretch(tap: Tap) -> None:
    (activated,) = tap.read("charges").of_type("ACTIVATE_VERSION")

    assert "within" not in activated


def test_children_cannot_say_which_of_them_lie_in_a_stretch(tap: Tap) -> None:
    run = tap.read("customer_tax_ids", start_datetime=EDGE)

    (activated,) = run.of_type("ACTIVATE_VERSION")
    assert activated["within"] is None


def test_a_list_that_leaves_objects_out_says_of_none_that_it_is_gone(tap: Tap) -> None:
    (activated,) = tap.read("prices").of_type("ACTIVATE_VERSION")

    assert activated["within"] is None


def test_a_list_whose_objects_have_no_creation_time_is_whole_whatever_was_asked_for(
    tap: Tap,
) -> None:
    (activated,) = tap.read("payment_links", start_datetime=EDGE).of_type("ACTIVATE_VERSION")

    assert "within" not in activated
