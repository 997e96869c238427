"""How a stream is kept up to date after it was read once, decided from its row. Pure."""

from __future__ import annotations

from dataclasses import replace
from enum import Enum
from typing import TYPE_CHECKING

from tap_stripe_td.streams.row import Coverage, CreatedFilter, Stream
from tap_stripe_td.streams.table import listed_with

if TYPE_CHECKING:
    from tap_stripe_td.state import Bookmark


class Upkeep(Enum):
    """How a stream is kept up to date after it was read once."""

    TAIL = "changes, from events"
    FORWARD = "new objects, and recent ones again, by creation time"
    WHOLE = "read whole every time; what changed is sent"


def upkeep(stream: Stream) -> Upkeep:
    """Return how a stream is kept up to date; a child without events as its parent is."""
    if stream.events and stream.coverage in {Coverage.FULL, Coverage.PARTIAL}:
        return Upkeep.TAIL
    if stream.parent is not None:
        return upkeep(listed_with(stream))
    if stream.created_filter is not CreatedFilter.NONE and not stream.relisted:
        return Upkeep.FORWARD
    return Upkeep.WHOLE


def replication_key(stream: Stream) -> str | None:
    """Return the field that orders a stream's changes; None when it is read whole every time."""
    kind = upkeep(stream)
    if kind is Upkeep.WHOLE:
        return None
    own = kind is Upkeep.FORWARD and stream.parent is None
    return stream.created_field if own else "_updated_at"


def bookmark_of(stream: Stream, bookmark: Bookmark) -> Bookmark:
    """Return a bookmark that several streams share as one of them keeps it."""
    return replace(bookmark, replication_key=replication_key(stream) or "_updated_at")


def follows(stream: Stream) -> bool:
    """Whether a stream is read when its list's objects changed: its own, or its parent's."""
    return stream.parent is None or stream.parent.tells
