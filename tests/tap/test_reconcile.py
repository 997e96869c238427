"""What events do not tell is found by reading again, and only what changed is sent."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.fakes.changing_stripe import ChangingStripe
    from tests.fakes.reading import Tap

HOUR = 3600
DAY = 24 * HOUR


def test_a_status_that_changes_without_an_event_is_sent(stripe: ChangingStripe, tap: Tap) -> None:
    for number in range(3):
        stripe.create("balance_transaction", id=f"txn_{number}", status="pending")
    stripe.advance(HOUR)
    first = tap.read("balance_transactions")
    stripe.update("balance_transaction", "txn_1", status="available")
    stripe.advance(DAY)

    second = tap.read("balance_transactions", state=first.state)

    assert [(r["id"], r["status"]) for r in second.records("balance_transactions")] == [
        ("txn_1", "available")
    ]


@pytest.mark.parametrize("stream", ["payment_intents", "balance_transactions", "country_specs"])
def test_what_is_read_again_unchanged_is_not_sent_again(
    stripe: ChangingStripe, tap: Tap, stream: str
) -> None:
    for kind in ("payment_intent", "balance_transaction", "country_spec"):
        stripe.create(kind)
    stripe.advance(HOUR)
    first = tap.read(stream)
    stripe.advance(HOUR)

    second = tap.read(stream, state=first.state)
    third = tap.read(stream, state=second.state)

    assert len(first.ids(stream)) == 1
    assert second.ids(stream) == third.ids(stream) == []


def test_an_edit_that_sends_no_event_is_found(stripe: ChangingStripe, tap: Tap) -> None:
    stripe.create("payment_intent", id="pi_quiet")
    stripe.advance(HOUR)
    first = tap.read("payment_intents")
    stripe.update("payment_intent", "pi_quiet", metadata={"a": "b"}, event_type=None)
    stripe.advance(HOUR)

    second = tap.read("payment_intents", state=first.state)

    assert [r["metadata"] for r in second.records("payment_intents")] == [{"a": "b"}]


def test_a_change_that_has_an_event_is_sent_once(stripe: ChangingStripe, tap: Tap) -> None:
    stripe.create("payment_intent", id="pi_loud")
    stripe.advance(HOUR)
    first = tap.read("payment_intents")
    stripe.update(
        "payment_intent", "pi_loud", status="canceled", event_type="payment_intent.canceled"
    )
    stripe.advance(HOUR)

    second = tap.read("payment_intents", state=first.state)
    stripe.advance(HOUR)
    third = tap.read("payment_intents", state=second.state)

    assert second.ids("payment_intents") == ["pi_loud"]
    assert third.ids("payment_intents") == []


@pytest.mark.parametrize(("days", "found"), [(0, []), (1, []), (3, ["txn_old"])])
def test_only_the_last_days_are_read_again(
    stripe: ChangingStripe, tap: Tap, days: int, found: list[str]
) -> None:
    stripe.create("balance_transaction", id="txn_old", status="pending")
    stripe.advance(2 * DAY)
    first = tap.read("balance_transactions", reconcile_days=3)
    stripe.update("balance_transaction", "txn_old", status="available")
    stripe.advance(HOUR)

    second = tap.read("balance_transactions", state=first.state, reconcile_days=days)

    assert second.ids("balance_transactions") == found


def test_of_a_list_without_events_what_changed_is_sent_and_what_is_gone_is_told(
    stripe: ChangingStripe, tap: Tap
) -> None:
    for name in ("tml_same", "tml_changed", "tml_gone"):
        stripe.create("terminal.location", id=name)
    stripe.advance(HOUR)
    first = tap.read("terminal_locations")
    stripe.update("terminal.location", "tml_changed", display_name="new")
    stripe.delete("terminal.location", "tml_gone")
    stripe.advance(HOUR)

    second = tap.read("terminal_locations", state=first.state)

    rows = {row["id"]: row["_sdc_deleted_at"] for row in second.records("terminal_locations")}
    assert rows["tml_changed"] is None
    assert rows["tml_gone"] is not None
    assert rows.keys() == {"tml_changed", "tml_gone"}
    assert second.activated("terminal_locations") == []
