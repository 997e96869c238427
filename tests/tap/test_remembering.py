"""Recent objects are read again and never sent again unchanged, however many there are."""

from __future__ import annotations

import json
import logging
import random
from collections import Counter
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stripe_sandbox.server import serve
from tap_stripe_td.memory import digest_of
from tap_stripe_td.records import parse_object
from tap_stripe_td.streams.table import named
from tap_stripe_td.tap import TapStripeTd
from tests.fakes.changing_stripe import ChangingStripe
from tests.fakes.following import FollowingTable
from tests.fakes.reading import Tap

if TYPE_CHECKING:
    from tests.fakes.messages import Message, Messages

HOUR = 3600
DAY = 24 * HOUR
LIMIT = 120
NOW = 1_790_000_000
STREAM = "balance_transactions"


class Forgetful(TapStripeTd):
    """The tap with a state that holds fewer objects."""

    most_recent = LIMIT


@pytest.fixture
def tap(stripe: ChangingStripe, url: str) -> Tap:
    return Tap(url, stripe.key, Forgetful)


def fill(stripe: ChangingStripe, kind: str, count: int, *, days: int = 13) -> None:
    stripe.bulk(kind, count, stripe.now - days * DAY, stripe.now)
    stripe.advance(HOUR)


@pytest.mark.parametrize("count", [LIMIT - 10, LIMIT + 10, 3 * LIMIT])
@pytest.mark.parametrize(
    ("stream", "kind"),
    [
        ("balance_transactions", "balance_transaction"),
        ("payment_intents", "payment_intent"),
        ("files", "file"),
    ],
)
def test_three_runs_send_each_object_once(
    stripe: ChangingStripe, tap: Tap, stream: str, kind: str, count: int
) -> None:
    fill(stripe, kind, count)
    state: Message | None = None
    came: list[int] = []

    for _ in range(3):
        run = tap.read(stream, state=state)
        state = run.state
        came.append(len(run.ids(stream)))
        stripe.advance(HOUR)

    assert came == [count, 0, 0]


def test_what_is_new_comes_and_what_changed_of_those_that_are_remembered(
    stripe: ChangingStripe, tap: Tap, caplog: pytest.LogCaptureFixture
) -> None:
    fill(stripe, "balance_transaction", 3 * LIMIT)
    newest, *_, oldest = (str(each["id"]) for each in stripe.objects("balance_transaction"))
    first = tap.read(STREAM)
    for id_ in (newest, oldest):
        stripe.update("balance_transaction", id_, description="changed")
    stripe.create("balance_transaction", id="txn_new")
    stripe.advance(HOUR)

    with caplog.at_level(logging.WARNING):
        second = tap.read(STREAM, state=first.state)
    (warning,) = caplog.messages
    stripe.advance(HOUR)
    third = tap.read(STREAM, state=second.state)

    assert sorted(second.ids(STREAM)) == sorted([newest, "txn_new"])
    assert third.ids(STREAM) == []
    assert warning.startswith("Of `balance_transactions` only what was created since 2026-09-")
    assert "not the last 14 days" in warning


def test_nothing_is_warned_of_where_all_is_remembered(
    stripe: ChangingStripe, tap: Tap, caplog: pytest.LogCaptureFixture
) -> None:
    fill(stripe, "balance_transaction", LIMIT)

    with caplog.at_level(logging.WARNING):
        state = tap.read(STREAM).state
        stripe.advance(HOUR)
        tap.read(STREAM, state=state)
        tap.read(STREAM, state=state, start_datetime=stripe.now - DAY)

    assert caplog.messages == []


def test_more_days_than_before_are_read_again_as_they_come_to_be_remembered(
    stripe: ChangingStripe, tap: Tap
) -> None:
    fill(stripe, "balance_transaction", LIMIT)

    first = tap.read(STREAM, reconcile_days=1)
    second = tap.read(STREAM, state=first.state, reconcile_days=14)
    (newest, *_) = stripe.objects("balance_transaction")
    stripe.update("balance_transaction", str(newest["id"]), description="changed")
    stripe.advance(5 * DAY)
    third = tap.read(STREAM, state=second.state, reconcile_days=14)

    assert second.ids(STREAM) == []
    assert third.ids(STREAM) == [newest["id"]]


def test_streams_share_the_room_in_the_state(stripe: ChangingStripe, tap: Tap) -> None:
    streams = ("balance_transactions", "payment_intents", "files")
    for kind in ("balance_transaction", "payment_intent"):
        stripe.bulk(kind, 2 * LIMIT, stripe.now - 10 * DAY, stripe.now)
    fill(stripe, "file", 5)

    first = tap.read(*streams)
    stripe.advance(HOUR)
    second = tap.read(*streams, state=first.state)

    assert len(json.dumps(first.state)) < 2_000 + 10 * LIMIT
    assert [second.ids(stream) for stream in streams] == [[], [], []]
    assert {len(json.dumps(mark)) > 300 for mark in first.state["bookmarks"].values()} == {
        True,
        False,
    }


def test_connected_accounts_share_the_room_in_the_state(stripe: ChangingStripe, tap: Tap) -> None:
    for account in ("acct_one", "acct_two", "acct_three"):
        connected = stripe.connect(account)
        connected.bulk("balance_transaction", LIMIT, stripe.now - 10 * DAY, stripe.now)
    stripe.advance(HOUR)

    first = tap.read(STREAM, account_ids="all")
    stripe.advance(HOUR)
    second = tap.read(STREAM, account_ids="all", state=first.state)

    assert len(first.ids(STREAM)) == 3 * LIMIT
    assert second.ids(STREAM) == []
    assert len(json.dumps(first.state)) < 2_000 + 10 * LIMIT


def test_children_come_again_with_their_parents_only(stripe: ChangingStripe, tap: Tap) -> None:
    fill(stripe, "checkout.session", LIMIT)
    streams = ("checkout_sessions", "checkout_session_line_items")

    first = tap.read(*streams)
    stripe.advance(HOUR)
    second = tap.read(*streams, state=first.state)

    assert len(first.ids("checkout_sessions")) == LIMIT
    assert [second.ids(stream) for stream in streams] == [[], []]


@pytest.mark.parametrize("days", [1, 20])
def test_killed_while_much_was_new_all_comes_and_nothing_twice(
    stripe: ChangingStripe, tap: Tap, days: int
) -> None:
    fill(stripe, "balance_transaction", 2 * LIMIT)
    first = tap.read(STREAM)
    stripe.advance(days * DAY)
    fill(stripe, "balance_transaction", 5 * LIMIT, days=days)
    second = tap.read(STREAM, state=first.state, workers=4)
    there = sorted(str(each["id"]) for each in stripe.objects("balance_transaction"))

    assert len(second.states) > 3
    for part, state in second.up_to_each_state():
        stripe.advance(60)
        rest = tap.read(STREAM, state=state)
        assert sorted(first.ids(STREAM) + part.ids(STREAM) + rest.ids(STREAM)) == there


@pytest.mark.parametrize(
    ("stream", "kind"),
    [("balance_transactions", "balance_transaction"), ("payment_intents", "payment_intent")],
)
def test_a_state_of_an_earlier_release_is_gone_on_from(
    stripe: ChangingStripe, tap: Tap, stream: str, kind: str
) -> None:
    fill(stripe, kind, 50)
    state = tap.read(stream).state
    (bookmark,) = state["bookmarks"].values()
    del bookmark["recent"]
    objects = stripe.objects(kind)
    bookmark["digests"] = [digest_of(parse_object(json.dumps(each).encode())) for each in objects]
    stripe.update(kind, str(objects[7]["id"]), event_type=None, description="changed")
    stripe.advance(HOUR)

    second = tap.read(stream, state=state)
    third = tap.read(stream, state=second.state)

    assert second.ids(stream) == [objects[7]["id"]]
    assert third.ids(stream) == []
    assert "digests" not in second.state["bookmarks"][stream]


def test_of_a_state_of_an_earlier_release_that_forgot_all_nothing_is_sent_again(
    stripe: ChangingStripe, tap: Tap
) -> None:
    fill(stripe, "balance_transaction", 50)
    state = tap.read(STREAM).state
    del state["bookmarks"][STREAM]["recent"]
    stripe.create("balance_transaction", id="txn_new")
    stripe.advance(HOUR)

    second = tap.read(STREAM, state=state)
    stripe.update("balance_transaction", "txn_new", description="changed")
    third = tap.read(STREAM, state=second.state)

    assert second.ids(STREAM) == third.ids(STREAM) == ["txn_new"]


def test_what_was_read_again_before_its_event_comes_once(stripe: ChangingStripe, tap: Tap) -> None:
    fill(stripe, "payment_intent", 3)
    first = tap.read("payment_intents")
    stripe.advance(HOUR)
    stripe.create("payment_intent", id="pi_new", event_type="payment_intent.created")
    stripe.advance(5)

    second = tap.read("payment_intents", state=first.state)
    stripe.advance(HOUR)
    third = tap.read("payment_intents", state=second.state)

    assert second.ids("payment_intents") + third.ids("payment_intents") == ["pi_new"]


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize(
    ("stream", "told"),
    [
        ("payment_intents", "payment_intent.processing"),
        ("payment_intents", None),
        ("balance_transactions", None),
        ("webhook_endpoints", None),
    ],
)
def test_what_goes_back_to_how_it_was_comes_again_wherever_runs_are_cut(
    stripe: ChangingStripe, url: str, stream: str, told: str | None, seed: int
) -> None:
    (kind,) = [row.object for row in named(stream)]
    chance = random.Random(seed)
    table = FollowingTable(Tap(url, stripe.key), stream, chance)
    fill(stripe, kind, 220)
    ids = [str(each["id"]) for each in stripe.objects(kind)]
    for _ in range(6):
        for id_ in chance.sample(ids, 110):
            said = chance.choice(("one", "the other")) * 20
            stripe.update(kind, id_, event_type=told, description=said)
        stripe.advance(chance.choice((5, 70, HOUR)))
        table.read(may_die=True)
    stripe.advance(HOUR)

    for _ in range(2):
        table.read(may_die=False)
        stripe.advance(HOUR)

    truth = {each["id"]: each.get("description") for each in stripe.objects(kind)}
    assert {id_: row.get("description") for id_, row in table.there.items()} == truth


STEPS = st.one_of(
    st.tuples(st.just("create"), st.integers(1, 9)),
    st.tuples(st.just("change"), st.integers(0, 99)),
    st.tuples(st.just("wait"), st.sampled_from([1, 30, 61, HOUR, 5 * DAY])),
    st.tuples(st.just("run"), st.just(0)),
)


class Cramped(TapStripeTd):
    """The tap with a state that holds nearly nothing."""

    most_recent = 8


@settings(max_examples=25)
@given(
    st.sampled_from([("balance_transactions", "balance_transaction"), ("files", "file")]),
    st.lists(STEPS, max_size=14),
)
def test_whatever_happens_all_comes_and_no_version_of_anything_twice(
    kind_of: tuple[str, str], history: list[tuple[str, int]]
) -> None:
    stream, kind = kind_of
    stripe = ChangingStripe(NOW)
    state: Message | None = None
    came: Counter[tuple[str, str]] = Counter()
    with serve(stripe) as url:
        tap = Tap(url, stripe.key, Cramped)
        for name, number in [*history, ("wait", HOUR), ("run", 0), ("run", 0)]:
            there = stripe.objects(kind)
            if name == "create":
                for _ in range(number):
                    stripe.create(kind, event_type=None)
            elif name == "change" and there:
                chosen = str(there[number % len(there)]["id"])
                stripe.update(
                    kind, chosen, event_type=None, metadata={"n": str(sum(came.values()))}
                )
            elif name == "wait":
                stripe.advance(number)
            elif name == "run":
                run = tap.read(stream, state=state)
                state = run.state
                came.update((r["id"], json.dumps(r, sort_keys=True)) for r in untimed(run, stream))

    assert {id_ for id_, _ in came} == {str(each["id"]) for each in stripe.objects(kind)}
    assert set(came.values()) <= {1}


def untimed(run: Messages, stream: str) -> list[Message]:
    """The records without the time at which they were read."""
    return [{**record, "_updated_at": None} for record in run.records(stream)]
