"""One shared reading of `/v1/events` that finds what changed since the bookmarks.

Stripe keeps events for 30 days, shows some late, and does not promise their order:
https://docs.stripe.com/api/events/list
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tap_stripe_td.errors import NoSuchObjectError
from tap_stripe_td.fold import Change, Event, Identity, changes_of, event_of, merged, newer
from tap_stripe_td.slicing import Slice
from tap_stripe_td.splitting import Share, after_page, without_cursor
from tap_stripe_td.streams.table import listed_with
from tap_stripe_td.units import UnixSeconds
from tap_stripe_td.upkeep import follows

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

    from tap_stripe_td.source import Source
    from tap_stripe_td.state import Bookmark
    from tap_stripe_td.streams.row import Stream

LATENESS_SECONDS = 60
"""Events younger than this may not be visible yet, so no bookmark comes closer to the signpost."""

MAX_AGE_SECONDS = 29 * 86_400
"""A bookmark older than this cannot be tailed: Stripe keeps events for 30 days."""

_MOST_TYPES = 20


@dataclass(frozen=True)
class Tail:
    """What one reading of the events found.

    Attributes:
        changes: The newest change of every object that changed.
        seen: Ids of the events, by stream, that the next reading may meet again.
    """

    changes: tuple[Change, ...] = ()
    seen: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


def read_tail(
    source: Source,
    bookmarks: Mapping[Stream, Bookmark],
    *,
    until: UnixSeconds,
    lookback_seconds: int,
) -> Tail:
    """Return what changed to streams between their bookmarks and `until`.

    Args:
        source: Where events are read.
        bookmarks: The streams, each with a `value` that is not too old.
        until: The second before which events are read.
        lookback_seconds: How far before its bookmark a stream's events are read again.

    Raises:
        TapError: If the events cannot be read; no stream has moved then.
    """
    since = {s.name: UnixSeconds((b.value or 0) - lookback_seconds) for s, b in bookmarks.items()}
    known = {stream.name: frozenset(mark.seen) for stream, mark in bookmarks.items()}
    by_type = _by_type(bookmarks)
    newest: dict[Identity, Change] = {}
    seen: dict[str, list[str]] = {}
    for event in _events(source, by_type, Slice(min(since.values()), until)):
        told = [s for s in by_type.get(event.type, ()) if event.created >= since[s.name]]
        if event.created >= until - lookback_seconds:
            for stream in told:
                seen.setdefault(stream.name, []).append(event.id)
        new_to = [stream for stream in told if event.id not in known[stream.name]]
        for change in changes_of([event], {event.type: new_to}):
            before = newest.get(change.identity, change)
            newest[change.identity] = newer(before, change)
    by_name = {name: tuple(ids) for name, ids in seen.items()}
    return Tail(tuple(merged(newest.values())), by_name)


def visible_events(
    source: Source, streams: Collection[Stream], *, since: UnixSeconds, until: UnixSeconds
) -> Mapping[str, tuple[str, ...]]:
    """Return the ids of the events of a stretch, by stream.

    Read before a list is: what such an event tells is in the list already, so the tail that
    follows need not send it again.
    """
    by_type = _by_type(streams)
    seen: dict[str, list[str]] = {}
    for event in _events(source, by_type, Slice(since, until)):
        for stream in by_type.get(event.type, ()):
            seen.setdefault(stream.name, []).append(event.id)
    return {name: tuple(ids) for name, ids in seen.items()}


def told_since(
    source: Source, stream: Stream, since: UnixSeconds, until: UnixSeconds
) -> Iterator[tuple[str, Change]]:
    """Yield the changes that all events of a stretch tell of a stream, with the events' ids."""
    by_type = _by_type([stream])
    for event in _events(source, by_type, Slice(since, until)):
        for change in changes_of([event], by_type):
            yield event.id, change


def _by_type(streams: Iterable[Stream]) -> Mapping[str, list[Stream]]:
    """The streams that events are told to, by type: those of a parent to its children, too."""
    by_type: dict[str, list[Stream]] = {}
    for stream in streams:
        of_parent = listed_with(stream).events if follows(stream) else ()
        for name in dict.fromkeys((*stream.events, *of_parent)):
            by_type.setdefault(name, []).append(stream)
    return by_type


def _events(source: Source, by_type: Collection[str], asked: Slice) -> Iterator[Event]:
    types = tuple(sorted(by_type)) if len(by_type) <= _MOST_TYPES else ()
    share = Share(asked)
    while (unread := share.unread) is not None:
        try:
            page = source.events(types, unread)
        except NoSuchObjectError as gone:
            if gone.param != "starting_after" or unread.cursor is None:
                raise
            share = without_cursor(share, narrows=True)
            continue
        share, records = after_page(share, unread, page, "created")
        yield from map(event_of, records)
