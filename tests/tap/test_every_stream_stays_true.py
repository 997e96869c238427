"""Each stream that Stripe sends events about ends as the account has it, whatever happened."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from tap_stripe_td.discovery import stream_schema
from tap_stripe_td.records import time_fields
from tap_stripe_td.streams.table import STREAMS
from tap_stripe_td.upkeep import Upkeep, upkeep
from tests.fakes.following import FollowingTable

if TYPE_CHECKING:
    from tap_stripe_td.streams.row import Stream
    from tests.fakes.changing_stripe import ChangingStripe
    from tests.fakes.reading import Tap

HOUR = 3600
DAY = 24 * HOUR
API_VERSIONS = ("2022-11-15", "2024-06-20", None)
LATE_SECONDS = (0, 0, 1, 59)
FOLLOWED = tuple(row for row in STREAMS if upkeep(row) is Upkeep.TAIL and row.parent is None)


@dataclass
class Followed:
    """A stream, what happens to its objects, and the table that follows it.

    Attributes:
        row: The stream.
        stripe: The account.
        table: What follows it.
        chance: Decides what happens.
    """

    row: Stream
    stripe: ChangingStripe
    table: FollowingTable
    chance: random.Random

    def happens(self) -> None:
        """Create, change or delete an object; several of them fall into one second."""
        act = self.chance.choice(("create", "change", "change", "delete", "time passes"))
        there = [str(each["id"]) for each in self.stripe.objects(self.row.object)]
        late, version = self.chance.choice(LATE_SECONDS), self.chance.choice(API_VERSIONS)
        told = self.chance.choice([t for t in self.row.events if t not in self.row.deletes])
        if act == "time passes":
            self.stripe.advance(self.chance.choice((1, 60, 600, DAY)))
        elif act == "delete" and self.row.deletes and there:
            chosen = self.chance.choice(there)
            self.stripe.delete(self.row.object, chosen, event_late_seconds=late)
        elif act == "change" and there:
            self.stripe.update(
                self.row.object,
                self.chance.choice(there),
                event_type=told,
                event_late_seconds=late,
                event_api_version=version,
                livemode=self.chance.choice((True, False)),
            )
        else:
            self.stripe.create(self.row.object, event_type=told, event_late_seconds=late)

    def difference(self) -> dict[str, tuple[object, object]]:
        """What the table says otherwise than the account, by id."""
        times = time_fields(stream_schema(self.row))
        truth = {
            str(each["id"]): {k: v for k, v in each.items() if k not in times}
            for each in self.stripe.objects(self.row.object)
        }
        there = {
            id_: {name: value for name, value in record.items() if name in truth.get(id_, record)}
            for id_, record in self.table.there.items()
        }
        return {
            id_: (truth.get(id_), there.get(id_))
            for id_ in truth.keys() | there.keys()
            if truth.get(id_) != there.get(id_)
        }


@pytest.mark.parametrize("row", FOLLOWED, ids=lambda row: row.name)
def test_it_ends_as_the_account_has_it(row: Stream, stripe: ChangingStripe, tap: Tap) -> None:
    chance = random.Random(row.name)
    followed = Followed(row, stripe, FollowingTable(tap, row.name, chance), chance)
    for _ in range(3):
        for _ in range(8):
            followed.happens()
        followed.table.read(may_die=True)
    stripe.advance(HOUR)

    followed.table.read(may_die=False)

    assert followed.difference() == {}
