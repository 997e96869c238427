"""The lists that hang on objects: invoice lines, subscription items, and the like.

A parent carries the first ten of such a list, or none; the rest is paged from the list's own
endpoint: https://docs.stripe.com/api/pagination. Lines read later are not expanded by the parent's
`expand`, so their own row's is sent: https://github.com/stripe/stripe-php/issues/1400
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import msgspec

from tap_stripe_td.errors import NoSuchObjectError
from tap_stripe_td.pagination import Page
from tap_stripe_td.records import Record, parse_list, text_of
from tap_stripe_td.slicing import Slice
from tap_stripe_td.splitting import Share, after_page, without_cursor
from tap_stripe_td.steps import Rows
from tap_stripe_td.streams.row import Stream
from tap_stripe_td.streams.table import listed_with
from tap_stripe_td.units import UnixSeconds

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from tap_stripe_td.source import Source

_SHOWN = 10
"""More children than this no parent shows, nor an event of its."""

Children = dict[Stream, dict[str, tuple[Record, ...]]]
"""Finished records of children, by stream and by their parent's id."""


def read_children(
    source: Source, child: Stream, parents: Iterable[Record], date: UnixSeconds
) -> dict[str, tuple[Record, ...]]:
    """Return all children of some parents, by the parents' ids.

    Args:
        source: Where they are read.
        child: The stream of the children.
        parents: Records as Stripe sent them.
        date: Stripe's clock when it did.

    Raises:
        TapError: If they cannot be read; the parents can, nevertheless.
    """
    ids = ((text_of(parent, "id"), parent) for parent in parents)
    return {
        id_: there_and_gone(source, child, parent, date) for id_, parent in ids if id_ is not None
    }


def there_and_gone(
    source: Source,
    child: Stream,
    parent: Record,
    date: UnixSeconds,
    shown: Iterable[str] = (),
) -> tuple[Record, ...]:
    """Return all children of one parent, and tombstones of those that were and are no more.

    Args:
        source: Where they are read.
        child: The stream of the children.
        parent: Their parent as Stripe sent it.
        date: Stripe's clock when it did.
        shown: Ids of children that events showed.
    """
    parent_id = text_of(parent, "id") or ""
    there = children_of(source, child, parent, date)
    ids = {text_of(record, "id") for record in there}
    before = dict.fromkeys((*shown, *known_children(source, child, parent_id)))
    missed = [id_ for id_ in before if id_ not in ids]
    return (*there, *child_tombstones(source, child, missed, parent_id, (date, date)))


def known_children(source: Source, child: Stream, parent_id: str) -> tuple[str, ...]:
    """Return the ids of a parent's children that earlier runs found and no event shows."""
    return source.children.get(child.name, {}).get(parent_id, ())


def unshown(
    source: Source, child: Stream, parent: Record, children: Iterable[Record]
) -> tuple[str, ...]:
    """Return the ids of a parent's children that may be gone without an event that shows them.

    Those of a list that is shorter than ten events show, as their parent carries it; unless it does
    so only when Stripe is asked to expand it, or sends no events of the parent.
    Decision: docs/decisions/0224-children-of-long-lists-are-remembered.md.
    """
    row, listed = child.parent, listed_with(child)
    if row is None or not row.loses or text_of(parent, "status") in row.settled:
        return ()
    is_shown = bool(listed.events) and row.field not in source.expanded(listed)
    first = embedded(child, parent, UnixSeconds(0)) if is_shown else None
    if first is not None and len(first.records) < _SHOWN:
        return ()
    return tuple(text_of(record, "id") or "" for record in children if "deleted" not in record)


def children_of(
    source: Source, child: Stream, parent: Record, date: UnixSeconds
) -> tuple[Record, ...]:
    """Return all children of one parent, each once, finished.

    A parent that is gone by now has none.
    """
    parent_id = text_of(parent, "id") or ""
    found: dict[str | None, Record] = {}
    for page in _pages(source, child, parent_id, embedded(child, parent, date)):
        named = [with_parent(child, record, parent_id) for record in page.records]
        for record in source.finished(child, named, page.date):
            found.setdefault(text_of(record, "id"), record)
    return tuple(found.values())


def _pages(source: Source, child: Stream, parent_id: str, first: Page | None) -> Iterator[Page]:
    share, page = Share(Slice()), first
    while (unread := share.unread) is not None:
        try:
            page = page or source.page(child, unread, parent_id)
        except NoSuchObjectError as gone:
            if gone.param != "starting_after" or unread.cursor is None:
                return
            share = without_cursor(share, narrows=False)
            continue
        share, _ = after_page(share, unread, page, "")
        yield page
        page = None


def embedded(child: Stream, parent: Record, date: UnixSeconds) -> Page | None:
    """Return the beginning of a list as its parent carries it, None when it does not."""
    if child.parent is None or not child.parent.field:
        return None
    top, *inner = child.parent.field.split(".")
    raw = parent.get(top)
    for name in inner:
        fields = None if raw is None else _fields_decoder.decode(raw)
        raw = None if fields is None else fields.get(name)
    if raw is None or not bytes(raw).startswith(b"{"):
        return None
    return Page.of(parse_list(bytes(raw)), date)


_fields_decoder = msgspec.json.Decoder(Record | None)


def with_parent(child: Stream, record: Record, parent_id: str) -> Record:
    """Return a child's record with the field that names its parent; Stripe's own stays."""
    if child.parent is None or text_or_object(record.get(child.parent.key_field)):
        return record
    return record | {child.parent.key_field: msgspec.Raw(msgspec.json.encode(parent_id))}


def text_or_object(raw: msgspec.Raw | None) -> bool:
    """Whether a field says something."""
    return raw is not None and bytes(raw) != b"null"


def child_tombstones(
    source: Source,
    child: Stream,
    ids: Iterable[str],
    parent_id: str,
    seconds: tuple[UnixSeconds, UnixSeconds],
) -> tuple[Record, ...]:
    """Return the records that say that children of one parent are gone.

    The two seconds are those of `tombstones`: since when they are gone and when that was known.
    """
    gone = source.tombstones(ids, *seconds)
    return tuple(with_parent(child, record, parent_id) for record in gone)


def gone_rows(
    source: Source, members: Iterable[Stream], ids: Iterable[str], listed: Stream, at: UnixSeconds
) -> Iterator[Rows]:
    """Yield the tombstones of objects that a whole list has no more, and of their children.

    Args:
        source: Where they were read.
        members: The streams that are written.
        ids: Of the objects.
        listed: The list's own stream.
        at: Since when they are known to be gone.
    """
    for stream in members:
        if stream == listed:
            yield Rows(stream, source.tombstones(ids, at, at), at)
            continue
        known = {id_: those for id_ in ids if (those := known_children(source, stream, id_))}
        records = tuple(
            record
            for id_, those in known.items()
            for record in child_tombstones(source, stream, those, id_, (at, at))
        )
        if records:
            yield Rows(stream, records, at, children=dict.fromkeys(known, ()))


def family_rows(
    source: Source,
    members: tuple[Stream, ...],
    parents: Sequence[Record],
    children: Children,
    rows: Rows,
) -> Iterator[Rows]:
    """Yield the rows of parents and of their children, children first.

    Only the last carries the bookmark: it never passes children that were not written.

    Args:
        source: Where they were read.
        members: The streams that are written.
        parents: Records as Stripe sent them.
        children: Finished records of their children.
        rows: The rows of the list's own stream without records: date, version and bookmark.
    """
    *others, last = sorted(members, key=lambda stream: stream == rows.stream)
    for stream in (*others, last):
        own = (
            replace(rows, records=source.finished(stream, parents, rows.date))
            if stream == rows.stream
            else _rows_of_child(source, stream, parents, children.get(stream, {}), rows)
        )
        if stream is last:
            yield replace(own, also=tuple(others))
        elif own.records or own.children:
            yield replace(own, bookmark=None)


def _rows_of_child(
    source: Source,
    child: Stream,
    parents: Sequence[Record],
    found: Mapping[str, tuple[Record, ...]],
    rows: Rows,
) -> Rows:
    with_ids = [(text_of(parent, "id") or "", parent) for parent in parents]
    records = tuple(record for id_, _ in with_ids for record in found.get(id_, ()))
    loses = child.parent is not None and child.parent.loses
    known = {
        id_: unshown(source, child, parent, found[id_])
        for id_, parent in with_ids
        if loses and id_ in found
    }
    return replace(rows, stream=child, records=records, children=known)


def first_rows(source: Source, stream: Stream, rows: int) -> tuple[Record, ...]:
    """Return the newest records of a stream; of a child those of the newest parents."""
    row = listed_with(stream)
    if row == stream:
        return source.first(stream, rows)
    found: list[Record] = []
    page = source.page(row, source.created)
    for parent in source.kept(row, page.records[:rows]):
        if len(found) < rows:
            found.extend(children_of(source, stream, parent, page.date))
    return tuple(found[:rows])
