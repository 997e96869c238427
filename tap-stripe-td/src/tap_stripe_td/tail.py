"""One shared reading of `/v1/events` that finds what changed since the bookmarks.

Stripe keeps events for 30 days, shows some late, and does not promise their order:
https://docs.stripe.com/api/events/list
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import msgspec

from tap_stripe_td.errors import UnexpectedAnswerError
from tap_stripe_td.fold import Change, Event, EventList, Identity, changes_of, newer
from tap_stripe_td.slicing import Slice
from tap_stripe_td.streams.row import CreatedFilter
from tap_stripe_td.units import UnixSeconds

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

    from tap_stripe_td.source import Source
    from tap_stripe_td.state import Bookmark
    from tap_stripe_td.streams.row import Stream

EVENTS_PATH = "/v1/events"
LATENESS_SECONDS = 60
"""Events younger than this may not be visible yet, so no bookmark comes closer to the signpost."""

MAX_AGE_SECONDS = 29 * 86_400
"""A bookmark older than this cannot be tailed: Stripe keeps events for 30 days."""

_MOST_TYPES = 20
_decoder = msgspec.json.Decoder(EventList)


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
    known = frozenset(id_ for bookmark in bookmarks.values() for id_ in bookmark.seen)
    by_type = _by_type(bookmarks)
    newest: dict[Identity, Change] = {}
    seen: dict[str, list[str]] = {}
    for event in _events(source, by_type, Slice(min(since.values()), until)):
        stream = by_type.get(event.type)
        if stream is None or event.created < since[stream.name]:
            continue
        if event.created >= until - lookback_seconds:
            seen.setdefault(stream.name, []).append(event.id)
        if event.id not in known:
            for change in changes_of([event], by_type):
                before = newest.get(change.identity, change)
                newest[change.identity] = newer(before, change)
    return Tail(tuple(newest.values()), {name: tuple(ids) for name, ids in seen.items()})


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
        if (stream := by_type.get(event.type)) is not None:
            seen.setdefault(stream.name, []).append(event.id)
    return {name: tuple(ids) for name, ids in seen.items()}


def _by_type(streams: Iterable[Stream]) -> Mapping[str, Stream]:
    return {name: stream for stream in streams for name in stream.events}


def _events(source: Source, by_type: Mapping[str, Stream], asked: Slice) -> Iterator[Event]:
    types = {"types[]": sorted(by_type)} if len(by_type) <= _MOST_TYPES else {}
    bounds = asked.params(CreatedFilter.RANGE)
    cursor: str | None = None
    has_more = True
    while has_more:
        after = {} if cursor is None else {"starting_after": cursor}
        page = source.fetch_list(EVENTS_PATH, {**types, **bounds, **after}, _decoder.decode).content
        yield from page.data
        has_more = page.has_more
        if has_more:
            cursor = _next_cursor(page, cursor)


def _next_cursor(page: EventList, cursor: str | None) -> str:
    if not page.data or page.data[-1].id == cursor:
        raise UnexpectedAnswerError(
            "Stripe says that the list of events goes on, but its page gets no further. Changes "
            "may be missing, so this is no success. Run again; if it stays so, tell Stripe's "
            "support."
        )
    return page.data[-1].id
