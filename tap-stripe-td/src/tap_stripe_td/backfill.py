"""Reading one stream by its list: from the start, or what was created since the bookmark.

Who reads which part, and when, is the `crew`'s; here is what a page means for the stream.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum
from hashlib import blake2b
from types import MappingProxyType
from typing import TYPE_CHECKING

from tap_stripe_td.records import integer_of, text_of
from tap_stripe_td.source import narrows_by_created
from tap_stripe_td.splitting import Share, after_page, fullest, halved, without_cursor
from tap_stripe_td.state import Backfill, Bookmark
from tap_stripe_td.units import UnixSeconds

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tap_stripe_td.pagination import Page
    from tap_stripe_td.records import Record
    from tap_stripe_td.slicing import Slice
    from tap_stripe_td.streams.row import Stream


class Remember(Enum):
    """What a bookmark remembers of the records that were read."""

    NOTHING = "what it remembered before"
    RECENT = "the ids of new records, which are read again for those that Stripe shows late"
    CONTENT = "ids and digests of all records, as all are read every time"


MOST_REMEMBERED = 10_000
"""A list that is read whole and is longer than this is sent whole every time."""

_DIGEST_BYTES = 8
_DIGEST_MARK = "#"


@dataclass(frozen=True)
class Reading:
    """One stream that is read by its list.

    Attributes:
        stream: The stream.
        start: Where it stands: its `backfill` is what is read.
        end: How far it is read when nothing of that is left.
        version: Sent with every record when the whole stream is read; None for a part.
        remember: Which records the bookmark remembers, so that reading them again does not send
            them again.
        remember_since: With `Remember.RECENT`: from which second on.
        remembered: What an earlier part of this reading remembered.
    """

    stream: Stream
    start: Bookmark
    end: Bookmark
    version: int | None = None
    remember: Remember = Remember.NOTHING
    remember_since: UnixSeconds | None = None
    remembered: tuple[str, ...] = ()

    @property
    def is_resumed(self) -> bool:
        """Whether an earlier run read a part of it."""
        return bool(self.remembered)

    def memory_of(self, record: Record) -> str:
        """Return what stands for a record in the bookmark."""
        object_id = text_of(record, "id") or ""
        if self.remember is not Remember.CONTENT:
            return object_id
        digest = blake2b(b"\0".join(map(bytes, record.values())), digest_size=_DIGEST_BYTES)
        return f"{object_id}{_DIGEST_MARK}{digest.hexdigest()}"

    def is_remembered(self, record: Record) -> bool:
        """Whether the bookmark should remember a record."""
        if self.remember is not Remember.RECENT:
            return self.remember is Remember.CONTENT
        return (integer_of(record, self.stream.created_field) or 0) >= (self.remember_since or 0)


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
    def signpost(self) -> UnixSeconds:
        """The upper edge of what is read."""
        backfill = self.reading.start.backfill
        return UnixSeconds(0) if backfill is None else backfill.signpost

    @property
    def gone_ids(self) -> tuple[str, ...]:
        """The ids that a list read whole had the last time and has no more."""
        if self.reading.remember is not Remember.CONTENT or self.reading.is_resumed:
            return ()
        ids = {memory.partition(_DIGEST_MARK)[0] for memory in self.remembered}
        before = (memory.partition(_DIGEST_MARK)[0] for memory in self.reading.start.seen)
        return tuple(dict.fromkeys(id_ for id_ in before if id_ not in ids))

    @property
    def end(self) -> Bookmark:
        """How far the stream is read once nothing is left."""
        if self.reading.remember is Remember.NOTHING:
            return self.reading.end
        by_content = self.reading.remember is Remember.CONTENT
        too_many = by_content and len(self.remembered) > MOST_REMEMBERED
        return replace(self.reading.end, seen=() if too_many else self.remembered)

    def after(
        self, number: int, asked: Slice, page: Page, floor: UnixSeconds
    ) -> tuple[Progress, tuple[Record, ...]]:
        """Return the progress after a page of a share, and the rows that are to be sent."""
        stream = self.reading.stream
        created_field = stream.created_field if narrows_by_created(stream) else ""
        share, records = after_page(self.shares[number], asked, page, created_field, floor)
        reading = self.reading
        memories = tuple(reading.memory_of(r) for r in records if reading.is_remembered(r))
        remembered = _united(self.remembered, memories)
        if known := frozenset(reading.start.seen):
            records = tuple(r for r in records if reading.memory_of(r) not in known)
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


def _united(some: tuple[str, ...], others: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*some, *others))) if others else some
