"""The next run: only what is new, changed or gone since the last."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from stripe_sandbox.business import grow
from tap_stripe_td.errors import ConfigError
from tap_stripe_td.streams.table import STREAMS
from tap_stripe_td.units import UnixSeconds, format_time
from tap_stripe_td.upkeep import Upkeep, upkeep

if TYPE_CHECKING:
    from tests.fakes.changing_stripe import ChangingStripe
    from tests.fakes.reading import Tap

HOUR = 3600
DAY = 24 * HOUR


@pytest.fixture
def _business(stripe: ChangingStripe) -> None:
    for number in range(5):
        stripe.create("customer", id=f"cus_{number}", name="old", created=stripe.now - DAY)
        stripe.create("charge", id=f"ch_{number}", created=stripe.now - DAY)
    stripe.advance(HOUR)


pytestmark = pytest.mark.usefixtures("_business")


def test_nothing_comes_when_nothing_happened(stripe: ChangingStripe, tap: Tap) -> None:
    first = tap.read("charges", "customers", "events")
    stripe.advance(HOUR)

    second = tap.read("charges", "customers", "events", state=first.state)

    assert second.of_type("RECORD") == []
    assert second.of_type("ACTIVATE_VERSION") == []


def test_nothing_comes_twice_when_runs_follow_each_other_at_once(
    stripe: ChangingStripe, tap: Tap
) -> None:
    grow(stripe, customers=3, since=stripe.now - 300)
    stripe.advance(1)
    run = tap.read("charges", "customers", "events")

    for _ in range(4):
        stripe.advance(200)
        run = tap.read("charges", "customers", "events", state=run.state)
        assert run.of_type("RECORD") == []


def test_what_was_created_comes(stripe: ChangingStripe, tap: Tap) -> None:
    first = tap.read("customers")
    stripe.create("customer", id="cus_new", name="new")
    stripe.advance(HOUR)

    second = tap.read("customers", state=first.state)

    assert [(r["id"], r["name"]) for r in second.records("customers")] == [("cus_new", "new")]


def test_what_was_changed_comes_once_and_as_it_is_now(stripe: ChangingStripe, tap: Tap) -> None:
    first = tap.read("customers")
    for name in ("newer", "newest"):
        stripe.update("customer", "cus_1", name=name)
        stripe.advance(HOUR)
    stripe.update("customer", "cus_1", event_type=None, phone="changed in silence")

    second = tap.read("customers", state=first.state)

    (record,) = second.records("customers")
    assert (record["id"], record["name"]) == ("cus_1", "newest")
    assert record["phone"] == "changed in silence"
    assert record["_updated_at"] == format_time(UnixSeconds(stripe.now))


def test_a_deleted_object_comes_as_a_tombstone(stripe: ChangingStripe, tap: Tap) -> None:
    first = tap.read("customers")
    stripe.advance(HOUR)
    deleted_at = format_time(UnixSeconds(stripe.now))
    stripe.delete("customer", "cus_1")
    stripe.advance(HOUR)

    second = tap.read("customers", state=first.state)

    assert second.records("customers") == [
        {
            "id": "cus_1",
            "deleted": True,
            "_updated_at": deleted_at,
            "_account": stripe.ledger.account,
            "_sdc_deleted_at": deleted_at,
        }
    ]


@pytest.mark.parametrize(("kind", "stream"), [("customer", "customers"), ("coupon", "coupons")])
def test_an_object_that_was_gone_before_it_could_be_fetched_is_a_tombstone(
    stripe: ChangingStripe, tap: Tap, kind: str, stream: str
) -> None:
    first = tap.read(stream)
    stripe.create(kind, id="short-lived")
    stripe.advance(HOUR)
    path = f"/v1/{stream}/short-lived"
    stripe.before(path, 1, lambda: stripe.delete(kind, "short-lived"))

    (record,) = tap.read(stream, state=first.state).records(stream)

    assert (record["id"], record["deleted"]) == ("short-lived", True)
    assert record["_sdc_deleted_at"] is not None


def test_a_delete_and_an_update_of_one_second_are_decided_by_fetching(
    stripe: ChangingStripe, tap: Tap
) -> None:
    first = tap.read("customers")
    stripe.advance(HOUR)
    stripe.update("customer", "cus_1", name="last words")
    stripe.delete("customer", "cus_1")
    stripe.advance(HOUR)

    (record,) = tap.read("customers", state=first.state).records("customers")

    assert record["deleted"]
    assert stripe.asked("/v1/customers/cus_1") == 1


def test_a_canceled_subscription_is_no_tombstone(stripe: ChangingStripe, tap: Tap) -> None:
    made = stripe.create("subscription", customer="cus_1", items=[])["id"]
    stripe.advance(HOUR)
    first = tap.read("subscriptions")
    stripe.update("subscription", made, status="canceled")
    stripe.advance(HOUR)

    (record,) = tap.read("subscriptions", state=first.state).records("subscriptions")

    assert (record["id"], record["status"], record["_sdc_deleted_at"]) == (made, "canceled", None)


def test_an_event_that_stripe_shows_late_is_found(stripe: ChangingStripe, tap: Tap) -> None:
    first = tap.read("customers", "events")
    stripe.advance(HOUR)
    stripe.update("customer", "cus_1", name="told late", event_late_seconds=500)
    stripe.advance(120)
    second = tap.read("customers", "events", state=first.state)
    stripe.advance(HOUR)

    third = tap.read("customers", "events", state=second.state)

    assert (second.ids("customers"), second.ids("events")) == ([], [])
    assert third.ids("customers") == ["cus_1"]
    assert len(third.ids("events")) == 1


def test_every_event_comes_once_though_the_lookback_reads_it_again(
    stripe: ChangingStripe, tap: Tap
) -> None:
    run = tap.read("events")
    ids = run.ids("events")
    for number in range(6):
        stripe.update("customer", "cus_1", name=f"{number}")
        stripe.advance(200)
        run = tap.read("events", state=run.state)
        ids += run.ids("events")

    assert sorted(ids) == sorted(event["id"] for event in stripe.objects("event"))


@pytest.mark.parametrize("stream", ["events", "balance_transactions", "customers"])
def test_the_state_does_not_grow_from_run_to_run(
    stripe: ChangingStripe, tap: Tap, stream: str
) -> None:
    run = tap.read(stream)
    remembered = []
    for number in range(4):
        stripe.update("customer", "cus_1", name=f"{number}")
        stripe.create("balance_transaction")
        stripe.advance(60)
        run = tap.read(stream, state=run.state)
        remembered.append(len(run.state["bookmarks"][stream].get("seen", [])))
        stripe.advance(HOUR)

    assert max(remembered) <= 1


def test_balance_transactions_are_read_on_from_the_newest(stripe: ChangingStripe, tap: Tap) -> None:
    old = stripe.create("balance_transaction")["id"]
    stripe.advance(1)
    first = tap.read("balance_transactions")
    new = stripe.create("balance_transaction")["id"]
    stripe.advance(1)

    second = tap.read("balance_transactions", state=first.state)

    assert (first.ids("balance_transactions"), second.ids("balance_transactions")) == ([old], [new])


def test_a_list_of_which_no_event_tells_is_kept_true_all_the_same(
    stripe: ChangingStripe, tap: Tap
) -> None:
    for name in ("stays", "changes", "goes"):
        stripe.create("webhook_endpoint", id=name, created=stripe.now - 9)
    first = tap.read("webhook_endpoints")
    stripe.update("webhook_endpoint", "changes", description="changed")
    stripe.delete("webhook_endpoint", "goes")
    stripe.create("webhook_endpoint", id="comes")
    stripe.advance(HOUR)

    second = tap.read("webhook_endpoints", state=first.state)

    # A version that is activated takes the place of all rows before it.
    before = [] if second.activated("webhook_endpoints") else first.records("webhook_endpoints")
    rows = {row["id"]: row for row in (*before, *second.records("webhook_endpoints"))}
    there = {id_: row for id_, row in rows.items() if row["_sdc_deleted_at"] is None}
    assert there.keys() == {"stays", "changes", "comes"}
    assert there["changes"]["description"] == "changed"


def test_a_bookmark_older_than_stripes_events_leads_to_a_new_start_and_a_warning(
    stripe: ChangingStripe, tap: Tap, caplog: pytest.LogCaptureFixture
) -> None:
    first = tap.read("customers")
    stripe.update("customer", "cus_1", name="long forgotten")
    stripe.advance(31 * DAY)

    second = tap.read("customers", state=first.state)

    assert second.ids("customers") == [o["id"] for o in stripe.objects("customer")]
    assert len(second.activated("customers")) == 1
    assert [r.message for r in caplog.records if "older than the events" in r.message] == [
        (
            "The bookmark of `customers` is older than the events that Stripe keeps (30 days), so it "
            "is read from the start again."
        )
    ]


def test_a_bookmark_of_28_days_is_still_read_from_events(stripe: ChangingStripe, tap: Tap) -> None:
    first = tap.read("customers")
    stripe.update("customer", "cus_1", name="just in time")
    stripe.advance(28 * DAY)

    assert tap.read("customers", state=first.state).ids("customers") == ["cus_1"]


def test_the_bookmark_of_a_stream_that_is_not_read_is_carried_on(
    stripe: ChangingStripe, tap: Tap
) -> None:
    first = tap.read("charges", "customers")
    stripe.advance(HOUR)

    second = tap.read("charges", state=first.state)

    before, after = first.state["bookmarks"], second.state["bookmarks"]
    assert after["customers"] == before["customers"]
    assert after["charges"] != before["charges"]


def test_a_state_of_this_tap_that_does_not_tell_its_version_is_gone_on_from(
    stripe: ChangingStripe, tap: Tap
) -> None:
    streams = [row.name for row in STREAMS if upkeep(row) is Upkeep.WHOLE and row.parent is None]
    state = tap.read("customers", "charges", *streams).state
    del state["version"]
    stripe.advance(HOUR)

    second = tap.read("customers", "charges", *streams, state=state)

    assert second.of_type("RECORD") == []


def test_a_stream_that_joins_later_is_read_whole(stripe: ChangingStripe, tap: Tap) -> None:
    first = tap.read("charges")
    stripe.advance(HOUR)

    second = tap.read("charges", "customers", state=first.state)

    assert second.ids("charges") == []
    assert len(second.ids("customers")) == 5


def test_no_bookmark_passes_a_minute_before_stripes_clock(stripe: ChangingStripe, tap: Tap) -> None:
    state = tap.read("charges").state

    assert state["bookmarks"]["charges"]["replication_key_value"] == format_time(
        UnixSeconds(stripe.now - 60)
    )


def test_one_reading_of_the_events_serves_all_streams(stripe: ChangingStripe, tap: Tap) -> None:
    streams = ("charges", "customers", "refunds", "coupons")
    first = tap.read(*streams)
    before = stripe.asked("/v1/events")
    stripe.advance(HOUR)

    tap.read(*streams, state=first.state)

    assert stripe.asked("/v1/events") == before + 1


def test_without_incremental_all_is_read_every_time_and_no_state_is_written(
    stripe: ChangingStripe, tap: Tap
) -> None:
    state = tap.read("customers").state
    stripe.advance(HOUR)

    for given in (None, state):
        run = tap.read("customers", state=given, incremental=False)

        assert len(run.ids("customers")) == len(stripe.objects("customer"))
        assert run.states == []
        assert len(run.activated("customers")) == 1


def test_a_bookmark_in_the_future_is_refused_as_nothing_would_be_read_until_then(
    stripe: ChangingStripe, tap: Tap
) -> None:
    stripe.advance(3 * HOUR)
    state = tap.read("charges").state
    stripe.advance(-2 * HOUR)

    with pytest.raises(ConfigError) as refused:
        tap.read("charges", state=state)

    assert "The bookmark of `charges`, " in str(refused.value)
    assert "lies after Stripe's clock" in str(refused.value)


def test_a_state_of_another_account_is_refused(stripe: ChangingStripe, tap: Tap) -> None:
    state = {**tap.read("charges").state, "account": "acct_other"}

    with pytest.raises(ConfigError) as refused:
        tap.read("charges", state=state)

    assert "written for the account acct_other, but the key reads acct_" in str(refused.value)
    assert stripe.ledger.account in str(refused.value)
