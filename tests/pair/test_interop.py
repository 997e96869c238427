"""Our programs beside those that others wrote."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from stripe_sandbox.business import grow
from tests.pair.front import standing_before
from tests.pair.local_stripe import KEY, LocalStripe, running
from tests.pair.pipeline import Pair

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.fakes.changing_stripe import ChangingStripe
    from tests.pair.third_party import ThirdParty

HOUR = 3600
STREAMS = ["charges", "customers", "events", "subscriptions"]


@pytest.fixture
def business(stripe: ChangingStripe, pair: Pair) -> Pair:
    grow(stripe, customers=4)
    stripe.advance(HOUR)
    return pair.with_tap(target=STREAMS)


def test_target_jsonl_writes_a_line_for_each_object_and_gives_the_state_back(
    stripe: ChangingStripe, business: Pair, third_party: ThirdParty
) -> None:
    program = third_party.program("target-jsonl", "target-jsonl==0.1.4")
    pair = replace(business, target_program=program).with_target(do_timestamp_file=False)

    loaded = pair.run()

    assert loaded.exit_codes == (0, 0), loaded.target.stderr
    for kind in ("charge", "customer", "event", "subscription"):
        lines = (pair.folder / f"{kind}s.jsonl").read_text(encoding="utf-8").splitlines()
        ids = [json.loads(line)["id"] for line in lines]
        assert sorted(ids) == sorted(str(each["id"]) for each in stripe.objects(kind))
    assert set(loaded.states[-1]["bookmarks"]) == set(STREAMS)


def test_what_target_jsonl_gave_back_is_where_the_next_run_goes_on(
    stripe: ChangingStripe, business: Pair, third_party: ThirdParty
) -> None:
    program = third_party.program("target-jsonl", "target-jsonl==0.1.4")
    pair = replace(business, target_program=program).with_target(do_timestamp_file=False)
    first = pair.run()
    before = (pair.folder / "charges.jsonl").read_text(encoding="utf-8")
    stripe.create("charge", id="ch_new")
    stripe.advance(HOUR)

    assert pair.run(state=first.states[-1]).exit_codes == (0, 0)

    after = (pair.folder / "charges.jsonl").read_text(encoding="utf-8")
    assert [json.loads(line)["id"] for line in after.removeprefix(before).splitlines()] == [
        "ch_new"
    ]


def test_singer_check_tap_finds_nothing_wrong(business: Pair, third_party: ThirdParty) -> None:
    program = third_party.program("singer-check-tap", "singer-tools==0.4.1")

    loaded = replace(business, target_program=program).start().ended()

    assert loaded.exit_codes == (0, 0), loaded.target.stderr
    said = loaded.target.stdout.decode() + loaded.target.stderr
    assert "The output is valid" in said
    for stream in STREAMS:
        assert stream in said


@pytest.fixture
def local_stripe(third_party: ThirdParty, tmp_path: Path) -> Iterator[LocalStripe]:
    with running(third_party.program("localstripe", "localstripe==1.15.10"), tmp_path) as found:
        yield found


@pytest.fixture
def on_local_stripe(local_stripe: LocalStripe, tmp_path: Path) -> Iterator[Pair]:
    with standing_before(local_stripe.port) as url:
        yield Pair(tmp_path, {"secret_key": KEY, "base_url": url, "target": ["events"]})


# localstripe shows the oldest first, where Stripe shows the newest; within one page it is the same.
def test_the_events_of_localstripe_are_loaded_once_each(
    local_stripe: LocalStripe, on_local_stripe: Pair
) -> None:
    for number in range(3):
        local_stripe.create("/v1/customers", description=f"Zoë {number}")
    local_stripe.let_the_second_pass()
    first = on_local_stripe.run()
    assert first.exit_codes == (0, 0), first.tap.stderr
    assert on_local_stripe.tables.rows(BY_TYPE) == [("customer.created", 3)]
    local_stripe.create("/v1/products", name="Basic", type="service")
    local_stripe.let_the_second_pass()

    second = on_local_stripe.run(state=first.states[-1])

    assert second.exit_codes == (0, 0), second.tap.stderr
    assert on_local_stripe.tables.rows(BY_TYPE) == [("customer.created", 3), ("product.created", 1)]


def test_a_list_that_localstripe_refuses_is_named_and_events_are_loaded(
    local_stripe: LocalStripe, on_local_stripe: Pair
) -> None:
    local_stripe.create("/v1/customers", description="Zoë")
    local_stripe.let_the_second_pass()

    loaded = on_local_stripe.with_tap(target=["customers", "events"]).run()

    assert loaded.exit_codes == (1, 0), loaded.tap.stderr
    assert any("/v1/customers" in said and "400" in said for said in loaded.tap.sentences)
    assert on_local_stripe.tables.rows(BY_TYPE) == [("customer.created", 1)]


BY_TYPE = "SELECT type, count(DISTINCT id) FROM events GROUP BY type ORDER BY type"
