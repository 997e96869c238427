"""Replace puts the whole stream in the place of the old rows, or nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from stripe_sandbox.faults import Fault

if TYPE_CHECKING:
    from tests.fakes.changing_stripe import ChangingStripe
    from tests.pair.pipeline import Pair

HOUR = 3600


@pytest.fixture
def pair(pair: Pair, stripe: ChangingStripe) -> Pair:
    """A pair that has loaded the customers once."""
    stripe.bulk("customer", 350, stripe.now - 40 * HOUR, stripe.now - 20 * HOUR)
    stripe.advance(HOUR)
    pair = pair.with_tap(target=["customers"], incremental=False).with_target(mode="replace")
    assert pair.run().exit_codes == (0, 0)
    return pair


def test_replace_keeps_a_column_that_a_person_added(stripe: ChangingStripe, pair: Pair) -> None:
    pair.tables.run("ALTER TABLE customers ADD COLUMN segment VARCHAR DEFAULT 'unknown'")
    stripe.create("customer", id="cus_new")
    stripe.advance(HOUR)

    assert pair.run().exit_codes == (0, 0)

    assert pair.tables.rows("SELECT segment, count(*) FROM customers GROUP BY segment") == [
        ("unknown", 351)
    ]


def test_when_the_tap_fails_in_the_middle_the_old_rows_stay(
    stripe: ChangingStripe, pair: Pair
) -> None:
    stripe.create("customer", id="cus_new")
    stripe.advance(HOUR)
    stripe.fail("/v1/customers", Fault.BAD_REQUEST, times=None, after=2)

    loaded = pair.run()

    assert loaded.exit_codes == (1, 1)
    assert pair.tables.rows("SELECT count(*), count(DISTINCT id) FROM customers") == [(350, 350)]
    assert pair.tables.rows("FROM customers WHERE id = 'cus_new'") == []


def test_when_the_tap_is_killed_the_old_rows_stay(stripe: ChangingStripe, pair: Pair) -> None:
    stripe.bulk("customer", 2000, stripe.now - 20 * HOUR, stripe.now - 10 * HOUR)
    asked = stripe.asked("/v1/customers")
    running = pair.start()
    # More pages than wait inside the tap, so that the target has rows to throw away.
    stripe.before("/v1/customers", asked + 20, running.tap.kill)

    loaded = running.ended()

    assert loaded.exit_codes == (-9, 1)
    assert pair.tables.rows("SELECT count(*), count(DISTINCT id) FROM customers") == [(350, 350)]
