"""Reading one stream by its list: from the start, or what was created since the bookmark.

Who reads which part, and when, is the `crew`'s; here is what a page means for the stream.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import TYPE_CHECKING

from tap_stripe_td.records import integer_of, text_of
from tap_stripe_td.source import narrows_by_created
from tap_stripe_td.splitting import Share, after_page, fullest, halved, without_cursor
from tap_stripe_td.state import Backfill, Bookmark

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tap_stripe_td.pagination import Page
    from tap_stripe_td.records import Record
    from tap_stripe_td.slicing import Slice
    from tap_stripe_td.streams.row import Stream
    from tap_stripe_td.units import UnixSeconds


@dataclass(frozen=True)
class Reading:
    """One stream that is read by its list.

    Attributes:
        stream: The stream.
        start: Where it stands: its `backfill` is what is read.
        end: How far it is read when nothing of that is left.
        version: Sent with every record when the whole stream is read; None for a part.
        remember_since: Ids of records created from then on are kept in the bookmark, so that
            reading that stretch again does not send them again; None to keep those of `end`.
        remembered: Ids that an earlier part of this reading kept.
    """

    stream: Stream
    start: Bookmark
    end: Bookmark
    version: int | None = None
    remember_since: UnixSeconds | None = None
    remembered: tuple[str, ...] = ()


@dataclass(frozen=True)
class Progress:
    """How far a reading is.

    Attributes:
        reading: What is read.
        shares: The parts that are not read yet, by number.
        remembered: Ids that the bookmark keeps when all is read.
        next_number: The number of the next share.
        rows: How many rows were read.
        seconds: How much creation time they covered.
    """

    reading: Reading
    shares: Mapping[int, Share]
    remembered: tuple[str, ...] = ()
    next_number: int = 0
    rows: int = 0
    seconds: int = 0

    @classmethod
    def of(cls, reading: Reading) -> Progress:
        """Return the progress of a reading that has not begun."""
        backfill = reading.start.backfill
        unread = () if backfill is None else backfill.unread
        shares = {number: Share(slice_) for number, slice_ in enumerate(unread)}
        return cls(reading, MappingProxyType(shares), reading.remembered, len(shares))

    @property
    def is_finished(self) -> bool:
        """Whether nothing is left."""
        return not self.shares

    @property
    def bookmark(self) -> Bookmark:
        """How far the stream is read once everything up to now is written."""
        if self.is_finished:
            return self.end
        start = self.reading.start
        unread = tuple(share.unread for share in self.shares.values() if share.unread is not None)
        signpost = None if start.backfill is None else start.backfill.signpost
        backfill = None if signpost is None else Backfill(signpost, unread)
        seen = _united(start.seen, self.remembered)
        return replace(start, backfill=backfill, seen=seen)

    @property
    def end(self) -> Bookmark:
        """How far the stream is read once nothing is left."""
        if self.reading.remember_since is None:
            return self.reading.end
        return replace(self.reading.end, seen=self.remembered)

    def after(
        self, number: int, asked: Slice, page: Page, floor: UnixSeconds
    ) -> tuple[Progress, tuple[Record, ...]]:
        """Return the progress after a page of a share, and the rows that are to be sent."""
        stream = self.reading.stream
        created_field = stream.created_field if narrows_by_created(stream) else ""
        share, records = after_page(self.shares[number], asked, page, created_field, floor)
        remembered = _united(self.remembered, self._to_remember(records))
        if self.reading.start.seen:
            known = frozenset(self.reading.start.seen)
            records = tuple(record for record in records if text_of(record, "id") not in known)
        return replace(self._with(number, share), remembered=remembered), records

    def after_vanished_cursor(self, number: int) -> Progress:
        """Return the progress when Stripe no longer knows a share's cursor."""
        narrows = narrows_by_created(self.reading.stream)
        return self._with(number, without_cursor(self.shares[number], narrows=narrows))

    def worth_splitting(self, floor: UnixSeconds) -> int | None:
        """Return the share that another worker should help with, None when none is worth it."""
        if not narrows_by_created(self.reading.stream):
            return None
        density = self.rows / self.seconds if self.seconds else 0.0
        return fullest(self.shares.items(), floor, density)

    def split(self, number: int, floor: UnixSeconds) -> tuple[Progress, int]:
        """Return the progress with a share halved, and the number of its older half."""
        newer, older = halved(self.shares[number], floor)
        shares = {**self.shares, number: newer, self.next_number: older}
        split = replace(self, shares=MappingProxyType(shares), next_number=self.next_number + 1)
        return split, self.next_number

    def _with(self, number: int, share: Share) -> Progress:
        others = {n: other for n, other in self.shares.items() if n != number}
        left = others if share.unread is None else {**others, number: share}
        before = self.shares[number]
        return replace(
            self,
            shares=MappingProxyType(left),
            rows=self.rows + share.rows - before.rows,
            seconds=self.seconds + share.seconds - before.seconds,
        )

    def _to_remember(self, records: tuple[Record, ...]) -> tuple[str, ...]:
        since = self.reading.remember_since
        if since is None:
            return ()
        created_field = self.reading.stream.created_field
        return tuple(
            id_
            for record in records
            if (integer_of(record, created_field) or 0) >= since and (id_ := text_of(record, "id"))
        )


def _united(some: tuple[str, ...], others: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*some, *others))) if others else some
