"""From many events to one change per object. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec

from tap_stripe_td.records import integer_of, text_of
from tap_stripe_td.units import UnixSeconds

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from tap_stripe_td.records import Record
    from tap_stripe_td.streams.row import Stream


Identity = tuple[str, str]
"""A stream's name and an object's id."""


class EventObject(msgspec.Struct, frozen=True):
    """Of the snapshot inside an event: which object it is of, and when that was created.

    Most objects say so in `created`, invoice items in `date`.
    """

    id: str | None = None
    object: str | None = None
    created: msgspec.Raw = msgspec.Raw(b"null")
    date: msgspec.Raw = msgspec.Raw(b"null")


class EventData(msgspec.Struct, frozen=True):
    """What an event carries."""

    object: EventObject


class Event(msgspec.Struct, frozen=True):
    """What the tail needs of an event.

    https://docs.stripe.com/api/events/object

    Events say which object changed; what it looks like now is fetched. The snapshot inside is in
    the API version of its moment, unexpanded, with its lists cut at ten.
    """

    id: str
    type: str
    created: int
    data: EventData


def event_of(record: Record) -> Event:
    """Return what the tail needs of an event's record.

    Raises:
        msgspec.ValidationError: If it is no event.
    """
    return Event(
        text_of(record, "id") or "",
        text_of(record, "type") or "",
        integer_of(record, "created") or 0,
        msgspec.json.decode(record["data"], type=EventData),
    )


@dataclass(frozen=True)
class Change:
    """The newest that is known of one object.

    Attributes:
        stream: The stream that the object belongs to.
        object_id: Its id.
        at: The second of its newest event.
        deleted: Whether that event says that it is gone. When another event of the same second
            says something else, the order of the two is unknown and this is false: fetching the
            object decides.
        created: When the object was created; None when its snapshot does not tell.
    """

    stream: Stream
    object_id: str
    at: UnixSeconds
    deleted: bool
    created: int | None = None

    @property
    def identity(self) -> Identity:
        """Which object it is about."""
        return (self.stream.name, self.object_id)


def changes_of(events: Iterable[Event], by_type: Mapping[str, Stream]) -> list[Change]:
    """Return one change per event that concerns a stream, in the events' order."""
    return [change for event in events if (change := _change_of(event, by_type)) is not None]


def _change_of(event: Event, by_type: Mapping[str, Stream]) -> Change | None:
    stream = by_type.get(event.type)
    subject = event.data.object
    # Some types carry more than one kind of object, and `invoice.upcoming` one without an id.
    if stream is None or subject.id is None or subject.object != stream.object:
        return None
    return Change(
        stream,
        subject.id,
        UnixSeconds(event.created),
        event.type in stream.deletes,
        _created_of(subject, stream.created_field),
    )


def _created_of(subject: EventObject, field: str) -> int | None:
    raw = {"created": subject.created, "date": subject.date}.get(field)
    text = b"" if raw is None else bytes(raw)
    return int(text) if text.isdigit() else None


def fold(newest: Mapping[Identity, Change], changes: Iterable[Change]) -> dict[Identity, Change]:
    """Return the newest change of every object, of those known and those that are new.

    The result does not depend on the order in which changes come.
    """
    folded = dict(newest)
    for change in changes:
        before = folded.get(change.identity)
        folded[change.identity] = change if before is None else newer(before, change)
    return folded


def newer(one: Change, other: Change) -> Change:
    """Return the newer of two changes of one object; of the same second, the undecided one."""
    if one.at != other.at:
        return max(one, other, key=lambda change: change.at)
    return other if one.deleted else one
