"""Connected accounts are read with the platform's key, each as if it were alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tap_stripe_td.errors import ConfigError

if TYPE_CHECKING:
    from tests.fakes.changing_stripe import ChangingStripe
    from tests.fakes.reading import Tap

HOUR = 3600


@pytest.fixture
def _two_accounts(stripe: ChangingStripe) -> None:
    for account in ("acct_one", "acct_two"):
        stripe.connect(account).create("charge", id=f"ch_of_{account}")
    stripe.create("charge", id="ch_of_the_platform")
    stripe.advance(HOUR)


pytestmark = pytest.mark.usefixtures("_two_accounts")


@pytest.mark.parametrize("ids", ["all", ["acct_one", "acct_two"]])
def test_every_account_comes_and_says_whose_it_is(tap: Tap, ids: str | list[str]) -> None:
    run = tap.read("charges", account_ids=ids)

    assert sorted((row["_account"], row["id"]) for row in run.records("charges")) == [
        ("acct_one", "ch_of_acct_one"),
        ("acct_two", "ch_of_acct_two"),
    ]
    (schema,) = run.of_type("SCHEMA")
    assert schema["key_properties"] == ["id", "_account"]


def test_a_stream_is_announced_once_when_it_is_whole_of_all_accounts(tap: Tap) -> None:
    run = tap.read("charges", account_ids="all")

    of_charges = [m for m in run.all if m["type"] in {"RECORD", "ACTIVATE_VERSION", "STATE"}]
    kinds = [message["type"] for message in of_charges if message["type"] != "STATE"]
    assert kinds == ["RECORD", "RECORD", "ACTIVATE_VERSION"]
    assert [m["type"] for m in of_charges[-2:]] == ["ACTIVATE_VERSION", "STATE"]
    assert len({m["version"] for m in of_charges if "version" in m}) == 1


def test_what_is_whole_of_one_account_only_is_not_announced(
    stripe: ChangingStripe, tap: Tap
) -> None:
    refused = tap.read("charges", account_ids=["acct_none", "acct_two"])
    first = tap.read("charges", account_ids=["acct_one"])
    both = tap.read("charges", account_ids=["acct_one", "acct_two"], state=first.state)
    stripe.advance(HOUR)
    later = tap.read("charges", account_ids=["acct_two"], state=None)
    beside = tap.read("charges", account_ids=["acct_two"], state=first.state)

    assert refused.activated("charges") == []
    assert both.activated("charges") == []
    assert len(later.activated("charges")) == 1
    assert beside.activated("charges") == []


def test_a_reading_that_goes_on_is_not_announced_for_other_accounts(
    stripe: ChangingStripe, tap: Tap
) -> None:
    whole = tap.read("charges", account_ids="all")
    stripe.advance(60)

    for _, state in whole.up_to_each_state():
        rest = tap.read("charges", account_ids="all", state=state)

        whole_again = not any(each["bookmarks"] for each in state["accounts"].values())
        assert len(rest.activated("charges")) == int(whole_again)


def test_only_the_accounts_that_are_named_are_read(tap: Tap) -> None:
    run = tap.read("charges", account_ids="acct_two")

    assert run.ids("charges") == ["ch_of_acct_two"]


def test_the_next_run_brings_what_is_new_in_any_account(stripe: ChangingStripe, tap: Tap) -> None:
    first = tap.read("charges", account_ids="all")
    stripe.account("acct_two").create("charge", id="ch_new")
    stripe.account("acct_one").update("charge", "ch_of_acct_one", description="changed")
    stripe.advance(HOUR)

    second = tap.read("charges", account_ids="all", state=first.state)
    stripe.advance(HOUR)
    third = tap.read("charges", account_ids="all", state=second.state)

    assert sorted(second.ids("charges")) == ["ch_new", "ch_of_acct_one"]
    assert third.ids("charges") == []


def test_from_every_state_the_rest_can_be_read(stripe: ChangingStripe, tap: Tap) -> None:
    whole = tap.read("charges", "customers", account_ids="all")
    stripe.advance(60)

    for part, state in whole.up_to_each_state():
        rest = tap.read("charges", "customers", account_ids="all", state=state)

        assert {*part.ids("charges"), *rest.ids("charges")} == set(whole.ids("charges"))


def test_an_account_that_may_not_be_read_leaves_the_others(tap: Tap) -> None:
    run = tap.read("charges", account_ids=["acct_none", "acct_two"])

    assert run.ids("charges") == ["ch_of_acct_two"]
    assert run.exit_code == 1
    assert "acct_none" in str(run.failures[0])


def test_an_account_that_is_connected_later_is_read_from_the_start(
    stripe: ChangingStripe, tap: Tap
) -> None:
    first = tap.read("charges", account_ids="all")
    stripe.connect("acct_three").create("charge", id="ch_three")
    stripe.advance(HOUR)

    second = tap.read("charges", account_ids="all", state=first.state)

    assert second.ids("charges") == ["ch_three"]


def test_a_state_of_several_accounts_is_not_taken_for_that_of_one(tap: Tap) -> None:
    several = tap.read("charges", account_ids="all")

    with pytest.raises(ConfigError, match="`account_ids` is not set"):
        tap.read("charges", state=several.state)


def test_without_incremental_no_state_is_written(tap: Tap) -> None:
    run = tap.read("charges", account_ids="all", incremental=False)

    assert sorted(run.ids("charges")) == ["ch_of_acct_one", "ch_of_acct_two"]
    assert len(run.activated("charges")) == 1
    assert run.of_type("STATE") == []


def test_what_one_account_remembers_is_kept_when_it_becomes_one_of_several(
    stripe: ChangingStripe, tap: Tap
) -> None:
    items = [{"id": f"si_{n:02}"} for n in range(14)]
    stripe.create("subscription", id="sub_1", items=items)
    stripe.advance(HOUR)
    streams = ("subscription_items", "country_specs", "balance_transactions", "events")
    alone = tap.read(*streams)
    stripe.delete("subscription_item", "si_13")
    stripe.update("subscription", "sub_1", description="changed")
    stripe.advance(HOUR)

    ids = [stripe.ledger.account]
    several = tap.read(*streams, account_ids=ids, state=alone.state)
    own = tap.read(*streams, account_ids=ids, state=several.state)

    gone = [r["id"] for r in several.records("subscription_items") if r["_sdc_deleted_at"]]
    assert gone == ["si_13"]
    assert own.records("subscription_items") == []
    account = several.state["accounts"][stripe.ledger.account]
    assert account["children"].keys() == alone.state["children"].keys()
    assert account["bookmarks"].keys() == alone.state["bookmarks"].keys()


def test_ids_that_are_none_are_refused(tap: Tap) -> None:
    with pytest.raises(ConfigError, match="ids of accounts begin with `acct_`"):
        tap.read("charges", account_ids=["everyone"])


def test_each_account_has_a_budget_of_its_own(stripe: ChangingStripe, tap: Tap) -> None:
    stripe.limit(account_per_second=20)

    run = tap.read("charges", "customers", account_ids="all", requests_per_second=20)

    assert run.exit_code == 0
    assert all(asked.status == 200 for asked in stripe.requests)
