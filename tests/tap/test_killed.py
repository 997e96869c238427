"""kill -9 at any moment of a long first reading, and again, and again: nothing is missing.

Six kills by default. `STRIPE_TD_KILLS=50` tries as many, which takes minutes.
"""

from __future__ import annotations

import os
import random
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from tests.fakes.programs import start_tap

if TYPE_CHECKING:
    from pathlib import Path

    from tests.fakes.changing_stripe import ChangingStripe
    from tests.fakes.messages import Message

KILLS = int(os.environ.get("STRIPE_TD_KILLS", "6"))
OBJECTS = 20_000
PAGE_ROWS = 100
WORKERS = 8
DAY = 86_400


@dataclass
class Reader:
    """What reads the tap's lines, and the last state it saw, as a target would keep it.

    Attributes:
        folder: Where the tap runs.
        settings: What the tap is given.
        state: The last complete STATE.
        ids: Ids of all records that came in complete lines.
    """

    folder: Path
    settings: dict[str, Any]
    state: Message | None = None
    ids: set[str] = field(default_factory=set)

    def run(self, *, dies_after_rows: int | None = None) -> int:
        """Run the tap, which may be killed; return how many rows came that had come before."""
        tap = start_tap(self.folder, self.settings, state=self.state)
        assert tap.stdout is not None
        rows = again = 0
        for line in tap.stdout:
            if not line.endswith(b"\n"):
                break
            rows, again = self._take(line, rows, again)
            if rows == dies_after_rows:
                # What is in the pipe already is read all the same.
                tap.kill()
        assert tap.wait() == (0 if dies_after_rows is None else -9)
        tap.communicate()
        return again

    def _take(self, line: bytes, rows: int, again: int) -> tuple[int, int]:
        message = msgspec.json.decode(line)
        if message["type"] == "STATE":
            self.state = message["value"]
        if message["type"] != "RECORD":
            return rows, again
        id_ = message["record"]["id"]
        known = id_ in self.ids
        self.ids.add(id_)
        return rows + 1, again + known


@pytest.mark.timeout(60 + 12 * KILLS)
def test_killed_again_and_again_a_first_reading_loses_nothing_and_repeats_little(
    stripe: ChangingStripe, url: str, tmp_path: Path
) -> None:
    stripe.bulk("payout", OBJECTS, stripe.now - 300 * DAY, stripe.now - DAY)
    chance = random.Random(KILLS)
    reader = Reader(
        tmp_path,
        {
            "secret_key": stripe.key,
            "base_url": url,
            "target": ["payouts"],
            "workers": WORKERS,
            "requests_per_second": 10_000,
        },
    )

    for kill in range(KILLS):
        left = OBJECTS - len(reader.ids)
        rows = chance.randrange(1, max(2, left * 3 // (2 * (KILLS - kill) + 2)))
        again = reader.run(dies_after_rows=rows)
        assert again <= WORKERS * PAGE_ROWS
        stripe.advance(60)
    assert reader.run() <= WORKERS * PAGE_ROWS

    assert len(reader.ids) == OBJECTS
