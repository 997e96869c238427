"""Killed anywhere and started again with the last STATE: nothing missing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from stripe_sandbox.business import grow

if TYPE_CHECKING:
    from tests.fakes.changing_stripe import ChangingStripe
    from tests.fakes.messages import Messages
    from tests.fakes.reading import Tap

HOUR = 3600
STREAMS = ("customers", "payment_methods", "events", "coupons")


@pytest.fixture
def _business(stripe: ChangingStripe) -> None:
    grow(stripe, customers=4)
    stripe.bulk("customer", 350, stripe.now - 40 * HOUR, stripe.now - 39 * HOUR)
    stripe.bulk("payment_method", 210, stripe.now - HOUR, stripe.now - HOUR + 2)
    stripe.advance(HOUR)


pytestmark = pytest.mark.usefixtures("_business")


def table(*parts: Messages, stream: str) -> dict[str, object]:
    """What a reader has who keeps the last record of every id."""
    rows = {record["id"]: record for part in parts for record in part.records(stream)}
    return {key: row["object"] for key, row in rows.items() if row["_sdc_deleted_at"] is None}


def test_from_every_state_the_rest_of_a_first_run_can_be_read(
    stripe: ChangingStripe, tap: Tap
) -> None:
    whole = tap.read(*STREAMS)
    stripe.advance(60)

    for part, state in whole.up_to_each_state():
        rest = tap.read(*STREAMS, state=state)

        for stream in STREAMS:
            assert table(part, rest, stream=stream) == table(whole, stream=stream)


def test_what_was_read_before_the_last_state_is_not_read_again(
    stripe: ChangingStripe, tap: Tap
) -> None:
    whole = tap.read("customers")
    stripe.advance(60)

    for part, state in whole.up_to_each_state():
        rest = tap.read("customers", state=state)

        assert sorted(part.ids("customers") + rest.ids("customers")) == sorted(
            whole.ids("customers")
        )


def test_a_page_that_was_sent_but_not_confirmed_is_all_that_is_sent_again(
    stripe: ChangingStripe, tap: Tap
) -> None:
    whole = tap.read("customers")
    _, (_, early), (later, _), *_ = whole.up_to_each_state()
    stripe.advance(60)

    again = tap.read("customers", state=early)

    assert len(set(later.ids("customers")) & set(again.ids("customers"))) <= 100


def test_there_is_a_state_within_every_few_pages(tap: Tap) -> None:
    whole = tap.read("customers")

    assert len(whole.states) >= 5


def test_a_run_begins_with_the_state_that_it_starts_from(stripe: ChangingStripe, tap: Tap) -> None:
    first = tap.read("customers", "coupons")
    stripe.create("customer", id="cus_new")
    stripe.advance(HOUR)
    second = tap.read("customers", "coupons", state=first.state)

    for run, start in ((first, {}), (second, first.state["bookmarks"])):
        part, state = run.up_to_each_state()[0]
        assert part.of_type("RECORD") == []
        assert state["bookmarks"] == start


def test_a_reading_that_is_resumed_keeps_its_version_and_says_that_it_began_before(
    stripe: ChangingStripe, tap: Tap
) -> None:
    part, state = tap.read("customers").up_to_each_state()[1]
    stripe.advance(60)

    rest = tap.read("customers", state=state)

    (version,) = {message["version"] for message in part.of_type("RECORD")}
    assert {message["version"] for message in rest.of_type("RECORD")} == {version}
    (activated,) = rest.of_type("ACTIVATE_VERSION")
    assert (activated["version"], activated["resumed"]) == (version, True)


def test_a_reading_without_a_break_does_not_say_that_it_was_resumed(tap: Tap) -> None:
    (activated,) = tap.read("customers").of_type("ACTIVATE_VERSION")

    assert "resumed" not in activated


def test_a_state_from_before_versions_were_kept_resumes_as_a_part(
    stripe: ChangingStripe, tap: Tap
) -> None:
    _, state = tap.read("customers").up_to_each_state()[1]
    del state["bookmarks"]["customers"]["backfill"]["version"]
    stripe.advance(60)

    rest = tap.read("customers", state=state)

    assert len(rest.ids("customers")) > 0
    assert rest.activated("customers") == []
    assert not any("version" in message for message in rest.of_type("RECORD"))


def test_changes_to_what_was_read_before_the_interruption_come_with_the_rest(
    stripe: ChangingStripe, tap: Tap
) -> None:
    part, state = tap.read("customers").up_to_each_state()[1]
    changed, deleted = part.ids("customers")[:2]
    stripe.update("customer", changed, name="changed meanwhile")
    stripe.delete("customer", deleted)
    stripe.advance(HOUR)

    rest = tap.read("customers", state=state)

    rows = {record["id"]: record for record in rest.records("customers")}
    assert rows[changed]["name"] == "changed meanwhile"
    assert rows[deleted]["_sdc_deleted_at"] is not None
    assert table(part, rest, stream="customers").keys() == {
        customer["id"] for customer in stripe.objects("customer")
    }


def test_an_interrupted_second_run_goes_on_with_every_change(
    stripe: ChangingStripe, tap: Tap
) -> None:
    first = tap.read("customers", "coupons")
    for customer in stripe.objects("customer")[:110]:
        stripe.update("customer", customer["id"], name="changed")
    stripe.create("coupon", id="new")
    stripe.advance(HOUR)
    second = tap.read("customers", "coupons", state=first.state)
    assert len(second.ids("customers")) == 110

    for part, state in second.up_to_each_state():
        rest = tap.read("customers", "coupons", state=state)

        for stream in ("customers", "coupons"):
            assert {*part.ids(stream), *rest.ids(stream)} == {*second.ids(stream)}


def test_a_first_run_whose_events_are_too_old_by_now_begins_anew(
    stripe: ChangingStripe, tap: Tap
) -> None:
    _, state = tap.read("customers").up_to_each_state()[1]
    stripe.advance(31 * 24 * HOUR)

    rest = tap.read("customers", state=state)

    assert len(rest.ids("customers")) == len(stripe.objects("customer"))
    assert len(rest.activated("customers")) == 1
