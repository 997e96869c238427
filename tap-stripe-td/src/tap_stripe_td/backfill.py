"""Reading one list: from the start, or what was created since the bookmark.

Who reads which part, and when, is the `crew`'s; here is what a page means for the stream.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property
from types import MappingProxyType
from typing import TYPE_CHECKING

from tap_stripe_td.memory import Known, Memory, Rule
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

    @property
    def remembered(self) -> Memory:
        """What is remembered of records that were sent before."""
        return Memory(self.start.seen, self.start.digests, self.start.recent)

    @cached_property
    def known(self) -> Known:
        """The records that were sent before."""
        return Known(self.remembered)

    @property
    def forgets(self) -> bool:
        """Whether only the order of the list tells what is new: it is read from its top on.

        Of a whole reading nothing was sent before but what an earlier part of it remembers.
        """
        return self.version is None and self.rule.forgets(self.known)


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
        passed: The shares in which records that are known were reached, on the way through them.
        next_number: The number of the next share.
        rows: How many rows were read.
        pages: How many pages brought them.
    """

    reading: Reading
    shares: Mapping[int, Share]
    memory: Memory = field(default_factory=Memory)
    passed: frozenset[int] = frozenset()
    next_number: int = 0
    rows: int = 0
    pages: int = 0

    @classmethod
    def of(cls, reading: Reading) -> Progress:
        """Return the progress of a reading that has not begun."""
        backfill = reading.start.backfill
        unread = () if backfill is None else backfill.unread
        shares = {number: Share(slice_) for number, slice_ in enumerate(unread)}
        memory = reading.earlier or Memory()
        recent = memory.recent.after(reading.rule.recent_since)
        if narrows_by_created(reading.stream):
            recent = recent.without(unread)
        memory = replace(memory, recent=recent)
        return cls(reading, MappingProxyType(shares), memory, next_number=len(shares))

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
        before = self.reading.remembered
        if narrows_by_created(self.reading.stream):
            # What was read again stands in the new memory, as it is now: of an object that goes
            # back to how it was, both would be known.
            before = replace(before, recent=before.recent.within(unread))
        memory = before.united(self.memory)
        backfill = Backfill(self.signpost, unread, self.reading.version)
        return _with_memory(replace(start, backfill=backfill), memory)

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
        return self.memory.gone_since(reading.remembered)

    @property
    def end(self) -> Bookmark:
        """How far the stream is read once nothing is left."""
        reading = self.reading
        seen = reading.end.seen if reading.rule.ids_since is None else self.memory.ids
        digests = self.memory.digests[: reading.rule.most_named]
        return _with_memory(reading.end, Memory(seen, digests, self.memory.recent))

    def after(self, number: int, asked: Slice, page: Page) -> tuple[Progress, tuple[Record, ...]]:
        """Return the progress after a page of a share, and the rows that are to be sent."""
        reading = self.reading
        share, records = self._own(number, asked, page)
        memory = reading.rule.remember(self.memory, records, reading.known)
        rows = self.rows + len(records)
        news, passed = self._news(number, asked, records)
        moved = replace(self._with(number, share), memory=memory, passed=passed)
        return replace(moved, rows=rows, pages=self.pages + 1), news

    def foreseen(self, number: int, asked: Slice, page: Page) -> tuple[Record, ...]:
        """Return the rows that are to be sent of a page of a share."""
        _, records = self._own(number, asked, page)
        return self._news(number, asked, records)[0]

    def _own(self, number: int, asked: Slice, page: Page) -> tuple[Share, tuple[Record, ...]]:
        stream = self.reading.stream
        created_field = stream.created_field if narrows_by_created(stream) else ""
        return after_page(self.shares[number], asked, page, created_field)

    def _news(
        self, number: int, asked: Slice, records: tuple[Record, ...]
    ) -> tuple[tuple[Record, ...], frozenset[int]]:
        reading = self.reading
        if reading.known.is_empty:
            return records, self.passed
        if not reading.forgets:
            return reading.rule.unknown(records, reading.known), self.passed
        before = number in self.passed and asked.cursor is not None
        news, passed = reading.rule.unknown_in_order(records, reading.known, passed=before)
        return news, self.passed | {number} if passed else self.passed - {number}

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
        if not within or not narrows_by_created(self.reading.stream) or self.reading.forgets:
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


def _with_memory(bookmark: Bookmark, memory: Memory) -> Bookmark:
    return replace(bookmark, seen=memory.ids, digests=memory.digests, recent=memory.recent)
