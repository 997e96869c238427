"""Many workers read, the target is killed again and again: every row is there once."""

from __future__ import annotations

import os
import random
from typing import TYPE_CHECKING

import pytest

from tests.pair.test_crashes import HOUR, PAGE_ROWS

if TYPE_CHECKING:
    from tests.fakes.changing_stripe import ChangingStripe
    from tests.pair.pipeline import Pair

ROUNDS = int(os.environ.get("PAIR_KILLS", "1"))
"""How many stories are told; each has two deaths."""

DEATHS = 2
CROWDED_SECONDS = (50, 300, 1_000)
"""How many charges may be of one second: a part of a page, some pages, many."""


def history(stripe: ChangingStripe, chance: random.Random) -> int:
    """Charges of a few months, some seconds of which are crowded; how many they are."""
    charges = 0
    for _ in range(6):
        last = stripe.now - chance.randint(HOUR, 10_000_000)
        crowd = chance.choice(CROWDED_SECONDS)
        stripe.bulk("charge", crowd, last - 1, last)
        stripe.bulk("charge", 400, last - chance.choice((60, 100_000)), last - 2)
        charges += crowd + 400
    stripe.advance(HOUR)
    return charges


@pytest.mark.parametrize("seed", range(ROUNDS))
def test_whenever_the_target_dies_every_row_is_appended_once(
    stripe: ChangingStripe, pair: Pair, seed: int
) -> None:
    chance = random.Random(seed)
    charges = history(stripe, chance)
    stripe.latency_seconds = 0.005
    workers, rows = chance.choice((2, 8, 32)), chance.choice((1, 5, 50)) * PAGE_ROWS
    pair = pair.with_tap(target="charges", workers=workers, requests_per_second=10_000)
    pair = pair.with_target(batch_size_rows=rows)
    state = None
    for _ in range(DEATHS):
        running = pair.start(state=state)
        stripe.before(
            "/v1/charges", stripe.asked("/v1/charges") + chance.randint(2, 25), running.target.kill
        )
        running.ended()
        state = pair.kept_state() or None

    loaded = pair.run(state=state)

    assert loaded.exit_codes == (0, 0)
    counted = pair.tables.rows("SELECT count(*), count(DISTINCT id) FROM charges")
    assert counted == [(charges, charges)]
