"""One program dies in the middle; the pair is started again."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import pytest

from stripe_sandbox.business import grow
from tests.fakes.programs import start_tap

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.fakes.changing_stripe import ChangingStripe
    from tests.pair.pipeline import Loaded, Pair, Running

HOUR = 3600
PAGE_ROWS = 100
PATIENCE_SECONDS = 30
STREAMS = ["customers", "coupons", "events"]


@pytest.fixture
def pair(pair: Pair, stripe: ChangingStripe) -> Pair:
    """A pair that has much to load and publishes often."""
    grow(stripe, customers=4)
    stripe.bulk("customer", 1500, stripe.now - 40 * HOUR, stripe.now - 20 * HOUR)
    stripe.advance(HOUR)
    return pair.with_tap(target=STREAMS, workers=1).with_target(batch_size_rows=PAGE_ROWS)


def killed(stripe: ChangingStripe, running: Running, page: int) -> tuple[Loaded, dict[str, Any]]:
    """Kill the target when it has let out a STATE and the tap wants this page.

    Returns how both ended, and the last STATE.
    """
    states: list[dict[str, Any]] = []

    def kill() -> None:
        states.append(running.next_state())
        running.target.kill()

    stripe.before("/v1/customers", page, kill)
    loaded = running.ended()
    assert states
    return loaded, loaded.states[-1]


def customers(stripe: ChangingStripe) -> list[tuple[str]]:
    return sorted((str(each["id"]),) for each in stripe.objects("customer"))


def test_when_the_target_dies_the_tap_ends_quietly(stripe: ChangingStripe, pair: Pair) -> None:
    loaded, _ = killed(stripe, pair.start(), page=8)

    assert loaded.exit_codes == (141, -9)
    assert loaded.tap.sentences == []
    assert "Traceback" not in loaded.tap.stderr


def test_a_tap_that_nobody_reads_ends_when_it_is_asked_to(
    tmp_path: Path, stripe: ChangingStripe, pair: Pair
) -> None:
    with start_tap(tmp_path, pair.tap_settings) as tap:
        wait_until(lambda: stripe.asked("/v1/customers") >= 3)

        tap.terminate()

        assert tap.wait(PATIENCE_SECONDS) == 143


def wait_until(happened: Callable[[], bool]) -> None:
    until = time.monotonic() + PATIENCE_SECONDS
    while not happened() and time.monotonic() < until:
        time.sleep(0.05)
    # The pipe holds less than a page, so by then the tap waits for somebody to read it.
    time.sleep(1)


def test_from_the_last_state_the_killed_target_let_out_nothing_is_missing(
    stripe: ChangingStripe, pair: Pair
) -> None:
    pair = pair.with_target(mode="merge")
    _, state = killed(stripe, pair.start(), page=8)
    assert 0 < len(pair.tables.rows("SELECT id FROM customers")) < len(customers(stripe))
    stripe.advance(HOUR)

    loaded = pair.run(state=state)

    assert loaded.exit_codes == (0, 0)
    assert pair.tables.rows("SELECT id FROM customers ORDER BY id") == customers(stripe)


@pytest.mark.parametrize("page", [4, 12])
def test_from_the_state_the_killed_target_kept_nothing_is_missing_or_doubled(
    stripe: ChangingStripe, pair: Pair, page: int
) -> None:
    killed(stripe, pair.start(), page)
    stripe.create("customer", id="cus_new")
    stripe.advance(HOUR)

    loaded = pair.run(state=pair.kept_state())

    assert loaded.exit_codes == (0, 0)
    assert pair.tables.rows("SELECT id FROM customers ORDER BY id") == customers(stripe)
    assert pair.tables.rows("SELECT count(*) - count(DISTINCT id) FROM events") == [(0,)]
    assert len(pair.tables.rows("SELECT id FROM events")) == len(stripe.objects("event"))


@pytest.mark.parametrize("page", [1, 8])
def test_when_the_tap_is_killed_nothing_is_missing_or_doubled(
    stripe: ChangingStripe, pair: Pair, page: int
) -> None:
    running = pair.start()
    stripe.before("/v1/customers", page, running.tap.kill)
    broken = running.ended()
    assert broken.tap.exit_code == -9
    # Killed after a STATE it leaves nothing to tell of.
    assert broken.target.exit_code in (0, 1)
    stripe.advance(HOUR)

    loaded = pair.run(state=pair.kept_state())

    assert loaded.exit_codes == (0, 0)
    assert pair.tables.rows("SELECT id FROM customers ORDER BY id") == customers(stripe)
