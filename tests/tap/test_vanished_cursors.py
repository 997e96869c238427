"""An object that is deleted while its list is read takes no other with it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.fakes.changing_stripe import ChangingStripe
    from tests.fakes.reading import Tap

HOUR = 3600

each_list = pytest.mark.parametrize(
    ("kind", "stream"),
    [("customer", "customers"), ("webhook_endpoint", "webhook_endpoints")],
    ids=["with a created filter", "without one"],
)


def make(stripe: ChangingStripe, kind: str, *, seconds: int) -> list[str]:
    """350 objects, newest first, which share these few seconds."""
    for number in range(350):
        created = stripe.now + number * seconds // 350
        stripe.create(kind, id=f"x_{number}", created=created, event_type=None)
    stripe.advance(HOUR)
    return [made["id"] for made in stripe.objects(kind)]


def delete(stripe: ChangingStripe, kind: str, ids: list[str]) -> None:
    for id_ in ids:
        stripe.delete(kind, id_, event_type=None)


@each_list
@pytest.mark.parametrize("seconds", [1, 7, 350], ids=lambda seconds: f"in {seconds} seconds")
def test_a_vanished_cursor_loses_and_doubles_nothing(
    stripe: ChangingStripe, tap: Tap, kind: str, stream: str, seconds: int
) -> None:
    ids = make(stripe, kind, seconds=seconds)
    stripe.before(f"/v1/{stream}", 2, lambda: delete(stripe, kind, [ids[99]]))

    assert tap.read(stream, workers=1).ids(stream) == ids


@each_list
def test_several_vanished_objects_before_the_cursor_lose_and_double_nothing(
    stripe: ChangingStripe, tap: Tap, kind: str, stream: str
) -> None:
    ids = make(stripe, kind, seconds=5)
    stripe.before(f"/v1/{stream}", 3, lambda: delete(stripe, kind, ids[190:200]))

    assert tap.read(stream, workers=1).ids(stream) == ids


@pytest.mark.parametrize("seconds", [1, 350], ids=["in one second", "in many seconds"])
def test_a_page_of_which_nothing_is_left_loses_and_doubles_nothing(
    stripe: ChangingStripe, tap: Tap, seconds: int
) -> None:
    ids = make(stripe, "customer", seconds=seconds)
    stripe.before("/v1/customers", 3, lambda: delete(stripe, "customer", ids[100:200]))

    read = tap.read("customers", workers=1).ids("customers")

    assert sorted(read) == sorted(ids)


@each_list
def test_a_cursor_of_the_state_that_vanished_between_two_runs_loses_nothing(
    stripe: ChangingStripe, tap: Tap, kind: str, stream: str
) -> None:
    ids = make(stripe, kind, seconds=5)
    part, state = tap.read(stream).up_to_each_state()[1]
    delete(stripe, kind, [part.ids(stream)[-1]])

    rest = tap.read(stream, state=state)

    assert {*part.ids(stream), *rest.ids(stream)} == set(ids)
    assert rest.exit_code == 0


def test_the_rest_of_a_list_is_not_read_from_the_start_when_a_cursor_vanishes(
    stripe: ChangingStripe, tap: Tap
) -> None:
    ids = make(stripe, "webhook_endpoint", seconds=5)
    path = "/v1/webhook_endpoints"
    stripe.before(path, 3, lambda: delete(stripe, "webhook_endpoint", [ids[199]]))

    tap.read("webhook_endpoints")

    assert stripe.asked(path) == 5
