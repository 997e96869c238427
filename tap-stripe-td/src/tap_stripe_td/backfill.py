"""Reading lists: a stream from the start, or what was created since the bookmark."""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from tap_stripe_td.errors import NoSuchObjectError, NotEnabledError
from tap_stripe_td.pagination import Page, rest_after
from tap_stripe_td.records import integer_of, text_of
from tap_stripe_td.source import narrows_by_created
from tap_stripe_td.state import Backfill, Bookmark
from tap_stripe_td.steps import Finished, Rows, Step

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tap_stripe_td.records import Record
    from tap_stripe_td.slicing import Slice
    from tap_stripe_td.source import Source
    from tap_stripe_td.streams.row import Stream
    from tap_stripe_td.units import UnixSeconds

_logger = logging.getLogger("tap-stripe-td.backfill")


@dataclass(frozen=True)
class Reading:
    """One stream that is read by its list.

    Attributes:
        stream: The stream.
        start: Where it stands: its `backfill` is what is read.
        end: How far it is read when nothing of that is left.
        version: Sent with every record when the whole stream is read; None for a part.
        remember_since: Ids of records created from then on are kept in the bookmark, so that
            reading that stretch again does not send them again; None to keep none.
    """

    stream: Stream
    start: Bookmark
    end: Bookmark
    version: int | None = None
    remember_since: UnixSeconds | None = None


def read_list(source: Source, reading: Reading) -> Iterator[Step]:
    """Yield the rows of a reading, and at last that it is finished.

    A product that the account does not have counts as an empty stream, with a warning.
    """
    bookmark = reading.start
    try:
        for bookmark, page in _pages(source, reading):
            yield _rows(source, reading, bookmark, page)
    except NotEnabledError as refused:
        _logger.warning("`%s` is empty: %s", reading.stream.name, refused)
    end = reading.end
    if reading.remember_since is not None:
        end = replace(end, seen=bookmark.seen)
    yield Finished(reading.stream, reading.version, end)


def _pages(source: Source, reading: Reading) -> Iterator[tuple[Bookmark, Page]]:
    """Yield every page with what is known once its rows are written."""
    backfill = reading.start.backfill
    todo = list(backfill.unread) if backfill is not None else []
    seen = reading.start.seen
    # Only what was seen before this reading holds rows back; and a stretch that is read again
    # after its cursor vanished must not hold back the rows of the page it begins with.
    known = frozenset(seen)
    while todo:
        for page, rest in _slice_pages(source, reading.stream, todo.pop()):
            fresh = tuple(r for r in page.records if text_of(r, "id") not in known)
            seen = (*seen, *_remembered(reading, fresh))
            unread = (*todo, rest) if rest is not None else tuple(todo)
            yield _bookmark(reading, unread, seen), replace(page, records=fresh)


def _bookmark(reading: Reading, unread: tuple[Slice, ...], seen: tuple[str, ...]) -> Bookmark:
    backfill = reading.start.backfill
    signpost = None if backfill is None else Backfill(backfill.signpost, unread)
    return replace(reading.start, backfill=signpost, seen=seen)


def _remembered(reading: Reading, records: tuple[Record, ...]) -> tuple[str, ...]:
    since = reading.remember_since
    if since is None:
        return ()
    field = reading.stream.created_field
    return tuple(
        id_
        for record in records
        if (integer_of(record, field) or 0) >= since and (id_ := text_of(record, "id"))
    )


def _slice_pages(
    source: Source, stream: Stream, slice_: Slice
) -> Iterator[tuple[Page, Slice | None]]:
    """Yield the pages of a slice, each with what is left after it.

    A cursor whose object is gone is refused by Stripe. Then the ids before it on the last page
    serve in its place, and if all are gone the slice begins anew at the second that was reached;
    rows of that page do not come twice.
    """
    rest: Slice | None = slice_
    last_ids: tuple[str, ...] = ()
    while rest is not None:
        try:
            page = source.page(stream, rest)
        except NoSuchObjectError as gone:
            if gone.param != "starting_after" or rest.cursor is None:
                raise
            rest = _with_older_cursor(stream, rest, last_ids)
            continue
        after = rest_after(rest, page, stream.created_field if narrows_by_created(stream) else "")
        fresh = tuple(r for r in page.records if text_of(r, "id") not in last_ids)
        yield replace(page, records=fresh), after
        rest, last_ids = after, page.ids


def _with_older_cursor(stream: Stream, rest: Slice, last_ids: tuple[str, ...]) -> Slice:
    position = last_ids.index(rest.cursor) if rest.cursor in last_ids else 0
    older = last_ids[position - 1] if position else None
    if older is None and not narrows_by_created(stream):
        _logger.warning(
            "The place where `%s` was left is gone, and its list cannot be narrowed: it is read "
            "from the start again.",
            stream.name,
        )
    return replace(rest, cursor=older)


def _rows(source: Source, reading: Reading, bookmark: Bookmark, page: Page) -> Rows:
    kept = source.kept(reading.stream, page.records)
    return Rows(
        reading.stream,
        source.finished(reading.stream, kept, page.date),
        page.date,
        reading.version,
        bookmark,
    )
