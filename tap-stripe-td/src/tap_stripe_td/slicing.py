"""Stretches of creation time.

A slice is half-open, `[since, until)`, so that slices side by side neither overlap nor leave a gap.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from tap_stripe_td.streams.row import CreatedFilter
from tap_stripe_td.units import UnixSeconds

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True)
class Slice:
    """A stretch of `created` time that is read newest first.

    Attributes:
        since: The first second; None when there is no lower bound.
        until: The second after the last; None when there is no upper bound.
        cursor: The id of the last object that was read, when part of it was read already.
    """

    since: UnixSeconds | None = None
    until: UnixSeconds | None = None
    cursor: str | None = None

    @property
    def is_empty(self) -> bool:
        """Whether no second lies in it."""
        return self.since is not None and self.until is not None and self.since >= self.until

    def contains(self, created: int) -> bool:
        """Whether an object of that second belongs to it."""
        return (self.since is None or created >= self.since) and (
            self.until is None or created < self.until
        )

    def intersect(self, other: Slice) -> Slice:
        """Return the stretch that lies in both; the cursor stays this one's."""
        return replace(
            self,
            since=_latest(self.since, other.since),
            until=_earliest(self.until, other.until),
        )

    def after(self, *, cursor: str, created: int | None) -> Slice:
        """Return what is left when the object `cursor`, of that second, was the last one read.

        Objects of the same second may follow it, so that second stays in.
        """
        if created is None:
            return replace(self, cursor=cursor)
        return replace(self, until=_earliest(self.until, UnixSeconds(created + 1)), cursor=cursor)

    def split(self, at: UnixSeconds) -> tuple[Slice, Slice]:
        """Return the older and the newer part; together they are this slice.

        Raises:
            ValueError: If `at` is not inside, or there is a cursor: it belongs to neither part.
        """
        inside = self.contains(at) and at != self.since
        if not inside or self.cursor is not None:
            raise ValueError(f"{self} cannot be split at {at}")
        return replace(self, until=at), replace(self, since=at)

    def params(self, created_filter: CreatedFilter) -> Mapping[str, str]:
        """Return the query parameters that ask Stripe for this stretch.

        Nothing is returned for a list without a filter: it is walked whole. The bounds of
        `created_after` and `created_before` are asked for one second wider, as Stripe does not
        say whether they count themselves; `contains` decides.
        """
        if created_filter is CreatedFilter.NONE:
            return {}
        if created_filter is CreatedFilter.AFTER_BEFORE:
            lower, upper, widened = "created_after", "created_before", 1
        else:
            lower, upper, widened = "created[gte]", "created[lt]", 0
        bounds = {}
        if self.since is not None:
            bounds[lower] = str(self.since - widened)
        if self.until is not None:
            bounds[upper] = str(self.until + widened)
        return bounds


def _latest(one: UnixSeconds | None, other: UnixSeconds | None) -> UnixSeconds | None:
    return other if one is None else one if other is None else max(one, other)


def _earliest(one: UnixSeconds | None, other: UnixSeconds | None) -> UnixSeconds | None:
    return other if one is None else one if other is None else min(one, other)
