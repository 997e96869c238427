"""One growth of a business: where, since when, and by what chance."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import random

    from stripe_sandbox.account import Account
    from stripe_sandbox.json_types import JsonObject, UnixSeconds

DAY_SECONDS = 24 * 3600


@dataclass(frozen=True)
class Growth:
    """One growth: the account it happens in, its chance, and since when."""

    account: Account
    chance: random.Random
    since: UnixSeconds
    until: UnixSeconds

    def moment(self) -> UnixSeconds:
        """Some second of the growth; a quarter of them are shared by several objects."""
        second = self.chance.randrange(self.since, self.until)
        return second - second % 3600 if self.chance.random() < 0.25 else second

    def later(self, than: UnixSeconds, most_seconds: int = 5 * DAY_SECONDS) -> UnixSeconds:
        """Some second after another, but not in the future.

        Where little time is left, it is shared out: else all that is late would come at once.
        """
        drawn, left = self.chance.randrange(1, most_seconds), self.until - than
        return min(self.until, than + max(1, drawn * min(left, most_seconds) // most_seconds))

    def create(self, kind: str, /, **fields: object) -> JsonObject:
        """Make an object in the account."""
        return self.account.create(kind, **fields)  # type: ignore[arg-type]
