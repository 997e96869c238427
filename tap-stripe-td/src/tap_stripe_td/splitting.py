"""Sharing a slice between workers. Pure.

A slice is split only when a worker has nothing to do: the stretch in which most is expected is
halved in time, and the older half handed over. Lists are read newest first, so whoever reads the
slice never notices but by an earlier end.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from tap_stripe_td.errors import UnexpectedAnswerError
from tap_stripe_td.pagination import MAX_LIMIT, NO_FURTHER, Page, rest_after
from tap_stripe_td.records import integer_of, text_of
from tap_stripe_td.slicing import Slice
from tap_stripe_td.units import UnixSeconds

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tap_stripe_td.records import Record

STRIPES_FIRST_SECOND = UnixSeconds(1_262_304_000)
"""2010: nothing in Stripe is older."""

_WASTE = 0.05

WORTH_SPLITTING_ROWS = 3.0 * MAX_LIMIT
"""A share of fewer expected rows is finished sooner than a new one has begun."""


@dataclass(frozen=True)
class Share:
    """One worker's part of a stream.

    Attributes:
        unread: What is left of it; None when nothing is.
        rows_per_second: How dense its last page was in creation time; 0 before its first, and so
            nothing is split of which nobody knows what is in it.
        last_ids: Ids on its last page, and before it in the same second: they may come again when
            its cursor has vanished.
        doubted: The cursor that was answered with an empty page: once is asked for without it.
    """

    unread: Slice | None
    rows_per_second: float = 0.0
    last_ids: tuple[str, ...] = ()
    doubted: str | None = None

    @property
    def to_resume(self) -> Slice | None:
        """What is left, as a run that comes after this one is to ask for it.

        A cursor that is doubted stays: it says which rows were read.
        """
        if self.unread is None or self.unread.cursor is not None:
            return self.unread
        return replace(self.unread, cursor=self.doubted)

    def expected_rows(self, floor: UnixSeconds) -> float:
        """Return about how many rows are left; `floor` stands for an open lower edge."""
        if self.unread is None or self.unread.until is None:
            return 0.0
        return self.rows_per_second * (self.unread.until - lower_edge(self.unread, floor))


def after_page(
    share: Share, asked: Slice, page: Page, created_field: str
) -> tuple[Share, tuple[Record, ...]]:
    """Return the share after a page, and the page's rows that are its own.

    Args:
        share: The share as it is now: its lower edge may have risen since the page was asked for.
        asked: The slice that the page was asked for with.
        page: What Stripe answered.
        created_field: The field that slices are about; empty when the stream has no slices.
    """
    since = None if share.unread is None else share.unread.since
    records = _own(share, asked, page, created_field)
    rest = _rest(share, asked, page, created_field)
    if rest is not None and since is not None:
        rest = replace(rest, since=since)
    if rest is not None and (rest.is_empty or _reached(page, created_field, since)):
        rest = None
    done = replace(
        share,
        unread=rest,
        rows_per_second=_density(records, created_field),
        last_ids=_edge_ids(share, asked, page, created_field),
        doubted=share.doubted if page.records else asked.cursor,
    )
    return done, records


def _own(share: Share, asked: Slice, page: Page, created_field: str) -> tuple[Record, ...]:
    records = page.records
    since = None if share.unread is None else share.unread.since
    if _reached(page, created_field, since):
        records = tuple(r for r in records if not _is_older(r, created_field, since))
    if asked.cursor in share.last_ids[-1:]:
        return records
    # The page was not asked for with the last id: rows of the page before may come again.
    known = frozenset(share.last_ids)
    after_doubted = page.ids.index(share.doubted) + 1 if share.doubted in page.ids else 0
    return tuple(r for r in records[after_doubted:] if text_of(r, "id") not in known)


def _edge_ids(share: Share, asked: Slice, page: Page, created_field: str) -> tuple[str, ...]:
    """The ids that come again when the second that was reached is read from its beginning."""
    ids = page.ids
    if not ids or not created_field or asked.until is None:
        return ids or share.last_ids
    ends = {integer_of(record, created_field) for record in (page.records[0], page.records[-1])}
    if ends != {asked.until - 1}:
        return ids
    return tuple(dict.fromkeys((*share.last_ids, *ids)))


def _rest(share: Share, asked: Slice, page: Page, created_field: str) -> Slice | None:
    # Stripe answers some cursors with an empty page although there is more; asked for without the
    # cursor, the same stretch is shown: https://github.com/stripe/sync-engine-fork/pull/378
    if not page.records and asked.cursor is not None and created_field:
        if share.doubted == asked.cursor:
            raise UnexpectedAnswerError(NO_FURTHER)
        return replace(asked, cursor=None)
    return rest_after(asked, page, created_field)


def _is_older(record: Record, created_field: str, since: UnixSeconds | None) -> bool:
    if since is None or not created_field:
        return False
    created = integer_of(record, created_field)
    return created is not None and created < since


def _reached(page: Page, created_field: str, since: UnixSeconds | None) -> bool:
    return bool(page.records) and _is_older(page.records[-1], created_field, since)


def _density(records: tuple[Record, ...], created_field: str) -> float:
    if not records or not created_field:
        return 0.0
    newest, oldest = (integer_of(records[end], created_field) or 0 for end in (0, -1))
    return len(records) / max(1, newest - oldest)


def without_cursor(share: Share, *, narrows: bool) -> Share:
    """Return the share with the cursor that Stripe no longer knows replaced.

    The ids before it on the last page serve in its place. When all are gone, a stretch begins anew
    at the second that was reached, and a list that cannot be narrowed begins at its top.
    """
    unread = share.unread
    if unread is None or unread.cursor is None:
        raise ValueError("there is no cursor to replace")
    position = share.last_ids.index(unread.cursor) if unread.cursor in share.last_ids else 0
    older = share.last_ids[position - 1] if position else None
    kept = share.last_ids if older is not None or narrows else ()
    return replace(share, unread=replace(unread, cursor=older), last_ids=kept, doubted=None)


def fullest(shares: Iterable[tuple[int, Share]], floor: UnixSeconds) -> int | None:
    """Return the number of the share that is worth splitting most, None when none is.

    Args:
        shares: The shares, by number.
        floor: Stands for an open lower edge.
    """
    worth = [
        (expected, number)
        for number, share in shares
        if (expected := share.expected_rows(floor)) >= WORTH_SPLITTING_ROWS
        and _middle(share, floor) is not None
    ]
    return max(worth)[1] if worth else None


def may_split(*, pages: int, rows: int, shares: int, workers: int) -> bool:
    """Whether one more share keeps the waste within bounds.

    Every share may end in a page that is not full, and a half of which too much was expected in
    an empty one. A twentieth more requests than full pages would have taken are allowed, and two
    for each worker.

    Args:
        pages: How many pages were read.
        rows: How many rows they brought.
        shares: How many shares are being read.
        workers: How many workers read.
    """
    wasted = pages - rows / MAX_LIMIT
    return wasted + shares < _WASTE * rows / MAX_LIMIT + 2 * workers - 1


def halved(share: Share, floor: UnixSeconds) -> tuple[Share, Share]:
    """Return the share without its older half, and that half.

    Raises:
        ValueError: If it has no two halves.
    """
    middle = _middle(share, floor)
    if middle is None or share.unread is None:
        raise ValueError(f"{share} has no two halves")
    newer = replace(share, unread=replace(share.unread, since=middle))
    older = Slice(since=share.unread.since, until=middle)
    return newer, Share(older)


def lower_edge(slice_: Slice, floor: UnixSeconds) -> UnixSeconds:
    """Return the slice's first second; of an open one, the second where its rows may begin."""
    if slice_.since is not None:
        return slice_.since
    above = slice_.until is None or floor < slice_.until
    return floor if above else STRIPES_FIRST_SECOND


def _middle(share: Share, floor: UnixSeconds) -> UnixSeconds | None:
    if share.unread is None or share.unread.until is None:
        return None
    since = lower_edge(share.unread, floor)
    middle = UnixSeconds((since + share.unread.until) // 2)
    return middle if since < middle < share.unread.until else None
