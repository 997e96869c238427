"""Whatever happens in the account, whenever the tap runs or dies: the table becomes the account."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from hypothesis import given, settings
from hypothesis import strategies as st

from stripe_sandbox.server import serve
from tests.fakes.changing_stripe import ChangingStripe
from tests.fakes.reading import Tap

if TYPE_CHECKING:
    from tests.fakes.messages import Message, Messages

NOW = 1_790_000_000
HOUR = 3600
KINDS = {"customers": "customer", "coupons": "coupon"}
STREAMS = (*KINDS, "events")


@dataclass
class Story:
    """An account with a table that follows it.

    Attributes:
        stripe: The account.
        tap: What reads it.
        state: What the last run let out.
        tables: The last record of every id, by stream.
        events: Ids of the events in the order in which they came.
    """

    stripe: ChangingStripe
    tap: Tap
    state: Message | None = None
    tables: dict[str, dict[str, Message]] = field(default_factory=lambda: {k: {} for k in KINDS})
    events: list[str] = field(default_factory=list)

    def create(self, kind: str) -> None:
        self.stripe.create(kind)

    def change(self, kind: str, nth: int) -> None:
        if objects := self.stripe.objects(kind):
            chosen = objects[nth % len(objects)]["id"]
            self.stripe.update(kind, chosen, name=f"name {len(self.stripe.requests)}.{nth}")

    def delete(self, kind: str, nth: int) -> None:
        if objects := self.stripe.objects(kind):
            self.stripe.delete(kind, objects[nth % len(objects)]["id"])

    def wait(self, seconds: int) -> None:
        self.stripe.advance(seconds)

    def run(self, *, dies_after: int | None = None) -> None:
        """Run the tap; it may die after one of its states."""
        read: Messages = self.tap.read(*STREAMS, state=self.state)
        cuts = read.up_to_each_state()
        kept, self.state = cuts[-1 if dies_after is None else dies_after % len(cuts)]
        for stream, table in self.tables.items():
            table.update({record["id"]: record for record in kept.records(stream)})
        self.events += kept.ids("events")


kinds = st.sampled_from(sorted(KINDS.values()))
some = st.integers(0, 50)
steps = st.one_of(
    st.tuples(st.just("create"), kinds),
    st.tuples(st.just("change"), kinds, some),
    st.tuples(st.just("delete"), kinds, some),
    st.tuples(st.just("wait"), st.sampled_from([1, 59, 60, 61, 599, 600, 660, 90_000])),
    st.tuples(st.just("run")),
    st.tuples(st.just("die"), some),
)


def act(story: Story, step: tuple[str, ...]) -> None:
    name, *arguments = step
    if name == "die":
        story.run(dies_after=int(arguments[0]))
    else:
        getattr(story, name)(*arguments)


@settings(max_examples=15)
@given(st.lists(steps, max_size=12), st.booleans())
def test_the_last_record_of_every_id_is_the_account_and_no_event_comes_twice(
    history: list[tuple[str, ...]],
    late: bool,  # noqa: FBT001
) -> None:
    stripe = ChangingStripe(NOW)
    stripe.late_events(50 if late else 0)
    stripe.bulk("customer", 150, NOW - HOUR, NOW - HOUR + 2)
    with serve(stripe) as url:
        story = Story(stripe, Tap(url, stripe.key))
        for step in history:
            act(story, step)
        story.wait(HOUR)
        story.run()
        story.run()

    for stream, kind in KINDS.items():
        table = story.tables[stream].values()
        there = {row["id"]: row["name"] for row in table if row["_sdc_deleted_at"] is None}
        assert there == {truth["id"]: truth["name"] for truth in stripe.objects(kind)}
    assert sorted(story.events) == sorted(event["id"] for event in stripe.objects("event"))
