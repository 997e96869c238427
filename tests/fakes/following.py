"""A table that follows a stream, and the run that may die while it does."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import random

    from tests.fakes.messages import Message
    from tests.fakes.reading import Tap


@dataclass
class FollowingTable:
    """The newest record of every id of one stream.

    Attributes:
        tap: What reads.
        stream: The stream that it follows.
        beside: Streams that are read with it.
        chance: Decides when a run dies.
        state: What the last run let out.
        rows: The records, by id.
    """

    tap: Tap
    stream: str
    chance: random.Random
    beside: tuple[str, ...] = ()
    state: Message | None = None
    rows: dict[str, Message] = field(default_factory=dict)

    def read(self, *, may_die: bool) -> None:
        """Run the tap, which may die after any of its states."""
        run = self.tap.read(self.stream, *self.beside, state=self.state)
        assert run.failures == ()
        cuts = run.up_to_each_state()
        kept, self.state = self.chance.choice(cuts) if may_die else cuts[-1]
        for record in kept.records(self.stream):
            before = self.rows.get(record["id"])
            if before is None or before["_updated_at"] <= record["_updated_at"]:
                self.rows[record["id"]] = record

    @property
    def there(self) -> dict[str, Message]:
        """The records that are no tombstones, by id."""
        return {id_: row for id_, row in self.rows.items() if row["_sdc_deleted_at"] is None}
