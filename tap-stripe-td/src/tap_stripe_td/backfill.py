"""Reading one list: from the start, or what was created since the bookmark.

Who reads which part, and when, is the `crew`'s; here is what a page means for the stream.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property
from types import MappingProxyType
from typing import TYPE_CHECKING

from tap_stripe_td.memory import Memory, Rule
from tap_stripe_td.source import narrows_by_created
from tap_stripe_td.splitting import Share, after_page, fullest, halved, may_split, without_cursor
from tap_stripe_td.state import Backfill, Bookmark
from tap_stripe_td.steps import Whole
from tap_stripe_td.units import UnixSeconds

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tap_stripe_td.pagination import Page
    from tap_stripe_td.records import Record
    from tap_stripe_td.slicing import Slice
    from tap_stripe_td.source import Source
    from tap_stripe_td.streams.row import Stream


@dataclass(frozen=True)
class Reading:
    """One list that is read, for its own stream, for children of its objects, or for both.

    Attributes:
        stream: The stream that the list is of.
        start: Where it stands: its `backfill` is what is read.
        end: How far it is read when nothing of that is left.
        rule: Which records are remembered.
        earlier: What an earlier part of this reading remembered; None when there was none.
        tells_gone: Whether a record that was remembered and does not come is gone: everything is
            read.
        begins: Whether everything is read, and from its start.
        harvests: Whether there is more than the list shows, so that its end is not the end.
        members: The streams that are written, which share the bookmark: that of the list, children
            of it. None given: that of the list.
    """

    stream: Stream
    start: Bookmark
    end: Bookmark
    rule: Rule = field(default_factory=Rule)
    earlier: Memory | None = None
    tells_gone: bool = False
    begins: bool = False
    harvests: bool = False
    members: tuple[Stream, ...] = ()

    @property
    def version(self) -> int | None:
        """What is sent with every record when the whole stream is read; None for a part."""
        return None if self.start.backfill is None else self.start.backfill.version

    @property
    def harvesting(self) -> Bookmark:
        """How far the stream is read once nothing of its list is left, when there is more."""
        backfill = self.start.backfill
        if backfill is None:
            return self.end
        return replace(self.start, backfill=replace(backfill, unread=()))

    @property
    def written(self) -> tuple[Stream, ...]:
        """The streams that are written."""
        return self.members or (self.stream,)

    @cached_property
    def known_ids(self) -> frozenset[str]:
        """Ids that were sent before."""
        return frozenset(self.start.seen)

    @cached_property
    def known_digests(self) -> frozenset[str]:
        """Digests of records as they were sent before."""
        return frozenset(self.start.digests)

    def is_news(self, record: Record) -> bool:
        """Whether a record is to be sent."""
        return not self.rule.is_known(record, self.known_ids, self.known_digests)


def whole_of(reading: Reading, stream: Stream, source: Source) -> Whole | None:
    """Return what of a stream is whole once a reading ends; None when that is only a part."""
    if reading.version is None:
        return None
    return Whole(reading.version, reading.earlier is not None, *source.within(stream))


@dataclass(frozen=True)
class Progress:
    """How far a reading is.

    Attributes:
        reading: What is read.
        shares: The parts that are not read yet, by number.
        memory: What the bookmark remembers when all is read.
        next_number: The number of the next share.
        rows: How many rows were read.
        pages: How many pages brought them.
    """

    reading: Reading
    shares: Mapping[int, Share]
    memory: Memory = field(default_factory=Memory)
    next_number: int = 0
    rows: int = 0
    pages: int = 0

    @classmethod
    def of(cls, reading: Reading) -> Progress:
        """Return the progress of a reading that has not begun."""
        backfill = reading.start.backfill
        unread = () if backfill is None else backfill.unread
        shares = {number: Share(slice_) for number, slice_ in enumerate(unread)}
        return cls(reading, MappingProxyType(shares), reading.earlier or Memory(), len(shares))

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
        unread = tuple(
            left for share in self.shares.values() if (left := share.to_resume) is not None
        )
        memory = Memory(start.seen, start.digests).united(self.memory).bounded
        backfill = Backfill(self.signpost, unread, self.reading.version)
        return replace(start, backfill=backfill, seen=memory.ids, digests=memory.digests)

    @property
    def signpost(self) -> UnixSeconds:
        """The upper edge of what is read."""
        backfill = self.reading.start.backfill
        return UnixSeconds(0) if backfill is None else backfill.signpost

    @property
    def gone_ids(self) -> tuple[str, ...]:
        """The ids that a list read whole had the last time and has no more."""
        reading = self.reading
        if not reading.tells_gone or reading.earlier is not None:
            return ()
        return self.memory.gone_since(Memory(digests=reading.start.digests))

    @property
    def end(self) -> Bookmark:
        """How far the stream is read once nothing is left."""
        memory = self.memory.bounded
        seen = self.reading.end.seen if self.reading.rule.ids_since is None else memory.ids
        return replace(self.reading.end, seen=seen, digests=memory.digests)

    def after(self, number: int, asked: Slice, page: Page) -> tuple[Progress, tuple[Record, ...]]:
        """Return the progress after a page of a share, and the rows that are to be sent."""
        stream = self.reading.stream
        created_field = stream.created_field if narrows_by_created(stream) else ""
        share, records = after_page(self.shares[number], asked, page, created_field)
        rows = self.rows + len(records)
        memory = self.memory.united(self.reading.rule.memory_of(records))
        if self.reading.known_ids or self.reading.known_digests:
            records = tuple(record for record in records if self.reading.is_news(record))
        moved = self._with(number, share)
        return replace(moved, memory=memory, rows=rows, pages=self.pages + 1), records

    def after_vanished_cursor(self, number: int) -> Progress:
        """Return the progress when Stripe no longer knows a share's cursor."""
        narrows = narrows_by_created(self.reading.stream)
        return self._with(number, without_cursor(self.shares[number], narrows=narrows))

    def rows_a_worker(self, floor: UnixSeconds) -> float:
        """Return about how many rows are left for each worker that reads them.

        The reading of which most is left is to be split first: streams that end together share the
        account's budget to the end, and one that is left alone has its endpoint's only.

        Args:
            floor: Stands for an open lower edge.
        """
        rows = sum(share.expected_rows(floor) for share in self.shares.values())
        return rows / max(1, len(self.shares))

    def worth_splitting(self, floor: UnixSeconds, workers: int) -> int | None:
        """Return the share that another worker should help with, None when none is worth it."""
        within = may_split(
            pages=self.pages, rows=self.rows, shares=len(self.shares), workers=workers
        )
        if not within or not narrows_by_created(self.reading.stream):
            return None
        return fullest(self.shares.items(), floor)

    def split(self, number: int, floor: UnixSeconds) -> tuple[Progress, int]:
        """Return the progress with a share halved, and the number of its older half."""
        newer, older = halved(self.shares[number], floor)
        shares = {**self.shares, number: newer, self.next_number: older}
        split = replace(self, shares=MappingProxyType(shares), next_number=self.next_number + 1)
        return split, self.next_number

    def _with(self, number: int, share: Share) -> Progress:
        others = {n: other for n, other in self.shares.items() if n != number}
        left = others if share.unread is None else {**others, number: share}
        return replace(self, shares=MappingProxyType(left))
