"""A platform's connected accounts stay true though no event of the platform tells of them."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import pytest

from tests.fakes.following import FollowingTable

if TYPE_CHECKING:
    from tests.fakes.changing_stripe import ChangingStripe
    from tests.fakes.messages import Messages
    from tests.fakes.reading import Tap

HOUR = 3600
DAY = 24 * HOUR
STREAMS = ("accounts", "capabilities", "external_accounts", "persons")


def gone(run: Messages, stream: str) -> list[str]:
    return sorted(r["id"] for r in run.records(stream) if r["_sdc_deleted_at"] is not None)


@pytest.fixture
def _platform(stripe: ChangingStripe) -> None:
    for name in ("one", "two"):
        account = f"acct_{name}"
        stripe.connect(account)
        stripe.create("person", id=f"person_{name}", account=account)
        stripe.create("bank_account", id=f"ba_{name}", account=account)
        stripe.create("capability", id="card_payments", account=account)
    stripe.advance(100 * DAY)


pytestmark = pytest.mark.usefixtures("_platform")


def test_an_old_account_that_changes_comes_again_and_the_others_do_not(
    stripe: ChangingStripe, tap: Tap
) -> None:
    first = tap.read("accounts")
    stripe.update("account", "acct_one", payouts_enabled=False)
    stripe.advance(HOUR)
    second = tap.read("accounts", state=first.state)
    stripe.advance(HOUR)
    third = tap.read("accounts", state=second.state)

    assert [(r["id"], r["payouts_enabled"]) for r in second.records("accounts")] == [
        ("acct_one", False)
    ]
    assert third.records("accounts") == []


def test_a_new_account_comes_and_one_that_is_gone_becomes_a_tombstone(
    stripe: ChangingStripe, tap: Tap
) -> None:
    first = tap.read("accounts")
    stripe.connect("acct_three")
    stripe.delete("account", "acct_two")
    stripe.advance(HOUR)

    second = tap.read("accounts", state=first.state)

    assert sorted(second.ids("accounts")) == ["acct_three", "acct_two"]
    assert gone(second, "accounts") == ["acct_two"]


def test_what_hangs_on_an_account_is_asked_for_when_the_account_changed(
    stripe: ChangingStripe, tap: Tap
) -> None:
    first = tap.read(*STREAMS)
    stripe.update("person", "person_one", email="new@example.com")
    stripe.update("capability", "acct_one/card_payments", status="inactive")
    stripe.update("account", "acct_one", capabilities={"card_payments": "inactive"})
    stripe.delete("bank_account", "ba_one")
    stripe.advance(HOUR)
    stripe.requests.clear()

    second = tap.read(*STREAMS, state=first.state)

    assert [r["email"] for r in second.records("persons")] == ["new@example.com"]
    assert [r["status"] for r in second.records("capabilities")] == ["inactive"]
    assert gone(second, "external_accounts") == ["ba_one"]
    assert {r["account"] for r in second.records("external_accounts")} == {"acct_one"}
    assert sum(asked.path.startswith("/v1/accounts/acct_two") for asked in stripe.requests) == 0
    assert stripe.asked("/v1/accounts") == 1


def test_what_hung_on_an_account_that_is_gone_becomes_tombstones(
    stripe: ChangingStripe, tap: Tap
) -> None:
    first = tap.read("persons", "external_accounts")
    stripe.delete("account", "acct_two")
    stripe.advance(HOUR)

    second = tap.read("persons", "external_accounts", state=first.state)
    stripe.advance(HOUR)
    third = tap.read("persons", "external_accounts", state=second.state)

    assert gone(second, "persons") == ["person_two"]
    assert gone(second, "external_accounts") == ["ba_two"]
    assert third.records("persons") == []
    assert "acct_two" not in str(third.state["children"])


def test_a_later_start_takes_no_account_for_gone(stripe: ChangingStripe, tap: Tap) -> None:
    first = tap.read("accounts")
    stripe.connect("acct_three")
    stripe.advance(HOUR)

    start = stripe.now - DAY
    second = tap.read("accounts", state=first.state, start_datetime=start)
    third = tap.read("accounts", state=second.state)

    assert second.ids("accounts") == ["acct_three"]
    assert third.records("accounts") == []


def test_accounts_before_the_start_come_when_it_is_taken_away_and_are_not_gone_before_they_came(
    stripe: ChangingStripe, tap: Tap
) -> None:
    start = stripe.now - DAY
    first = tap.read("accounts", start_datetime=start)
    stripe.delete("account", "acct_two")
    stripe.advance(HOUR)
    second = tap.read("accounts", state=first.state, start_datetime=start)
    stripe.advance(HOUR)
    third = tap.read("accounts", state=second.state)

    assert first.ids("accounts") == second.ids("accounts") == []
    assert third.ids("accounts") == ["acct_one"]


def test_what_changed_about_an_account_before_the_start_comes_when_it_is_taken_away(
    stripe: ChangingStripe, tap: Tap
) -> None:
    first = tap.read("accounts")
    stripe.update("account", "acct_one", payouts_enabled=False)
    stripe.advance(HOUR)
    second = tap.read("accounts", state=first.state, start_datetime=stripe.now - DAY)
    stripe.advance(HOUR)
    third = tap.read("accounts", state=second.state)

    assert second.records("accounts") == []
    assert third.ids("accounts") == ["acct_one"]


def test_whenever_runs_die_accounts_and_their_persons_end_as_the_platform_has_them(
    stripe: ChangingStripe, tap: Tap
) -> None:
    chance = random.Random(7)
    accounts = FollowingTable(tap, "accounts", chance)
    persons = FollowingTable(tap, "persons", chance, beside=("accounts",))
    for number in range(110):
        stripe.connect(f"acct_{number:03}")
    for number in range(4):
        stripe.update("account", f"acct_{number:03}", email=f"{number}@example.com")
        stripe.create("person", id=f"person_{number}", account=f"acct_{number:03}")
        stripe.advance(HOUR)
        accounts.read(may_die=number < 3)
        persons.read(may_die=number < 3)

    truth = {each["id"]: each["email"] for each in stripe.objects("account")}
    assert {id_: record["email"] for id_, record in accounts.there.items()} == truth
    assert set(persons.there) == {each["id"] for each in stripe.objects("person")}
