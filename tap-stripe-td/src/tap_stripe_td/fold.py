"""From many events to one change per object. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import msgspec

from tap_stripe_td.records import integer_of, text_of
from tap_stripe_td.streams.table import listed_with
from tap_stripe_td.units import UnixSeconds

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

    from tap_stripe_td.records import Record
    from tap_stripe_td.streams.row import Stream


Identity = tuple[str, str, str]
"""A stream's name, an object's id, and of a child its parent's id."""


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


class Snapshots(msgspec.Struct, frozen=True):
    """What an event carries, whole: the object, and what of it changed as it was before."""

    object: dict[str, Any] = {}
    previous_attributes: dict[str, Any] | None = None


_data_decoder = msgspec.json.Decoder(EventData)
_snapshots_decoder = msgspec.json.Decoder(Snapshots)


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
    text: bytes = b"{}"

    @property
    def snapshots(self) -> Snapshots:
        """What the event carries, parsed whole, which takes its time."""
        return _snapshots_decoder.decode(self.text)


def event_of(record: Record) -> Event:
    """Return what the tail needs of an event's record.

    Raises:
        msgspec.ValidationError: If it is no event.
    """
    return Event(
        text_of(record, "id") or "",
        text_of(record, "type") or "",
        integer_of(record, "created") or 0,
        _data_decoder.decode(record["data"]),
        bytes(record["data"]),
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
        parent_id: The id of its parent when it is a child.
        told: The streams that are told: its own, those of its children, or both. None given: its
            own.
        children: Its children that events showed: their streams' names and their ids.
    """

    stream: Stream
    object_id: str
    at: UnixSeconds
    deleted: bool
    created: int | None = None
    parent_id: str = ""
    told: frozenset[Stream] = frozenset()
    children: frozenset[tuple[str, str]] = frozenset()

    @property
    def identity(self) -> Identity:
        """Which object it is about."""
        return (self.stream.name, self.object_id, self.parent_id)

    @property
    def streams(self) -> tuple[Stream, ...]:
        """The streams that are told, its own last."""
        told = self.told or {self.stream}
        return tuple(sorted(told, key=lambda stream: (stream == self.stream, stream.name)))

    def known_children(self, child: Stream) -> tuple[str, ...]:
        """The ids of the children of one stream that events showed."""
        return tuple(sorted(id_ for name, id_ in self.children if name == child.name))


def changes_of(events: Iterable[Event], by_type: Mapping[str, Collection[Stream]]) -> list[Change]:
    """Return one change per event that concerns streams, in the events' order.

    Args:
        events: The events.
        by_type: The streams that an event of a type is told to.
    """
    return [change for event in events if (change := _change_of(event, by_type)) is not None]


def _change_of(event: Event, by_type: Mapping[str, Collection[Stream]]) -> Change | None:
    told = frozenset(by_type.get(event.type, ()))
    stream = _stream_of(event.type, told)
    subject = event.data.object
    # Some types carry more than one kind of object, and `invoice.upcoming` one without an id.
    if stream is None or subject.id is None or subject.object not in stream.kinds:
        return None
    parent_id = _parent_id(stream, event)
    if parent_id is None:
        return None
    return Change(
        stream,
        subject.id,
        UnixSeconds(event.created),
        event.type in stream.deletes,
        _created_of(subject, stream.created_field),
        parent_id,
        told,
        frozenset(_shown(event, told - {stream})),
    )


def _stream_of(event_type: str, told: Iterable[Stream]) -> Stream | None:
    """Return the stream of an event's object: one that is told, or the parent of one."""
    rows = (row for stream in told for row in (stream, listed_with(stream)))
    return next((row for row in rows if event_type in row.events), None)


def _parent_id(stream: Stream, event: Event) -> str | None:
    """Return a child's parent's id, nothing for others; None when the child has no parent."""
    if stream.parent is None:
        return ""
    parent = event.snapshots.object.get(stream.parent.key_field)
    found = parent.get("id") if isinstance(parent, dict) else parent
    return found if isinstance(found, str) else None


def _shown(event: Event, children: Iterable[Stream]) -> Iterator[tuple[str, str]]:
    """Yield the children that an event shows: as they were then, and as they were before."""
    paths = [(row.name, row.parent.field) for row in children if row.parent and row.parent.field]
    if not paths:
        return
    snapshots = event.snapshots
    for name, path in paths:
        for shown in (snapshots.object, snapshots.previous_attributes):
            for id_ in _ids_in(shown, path):
                yield name, id_


def _ids_in(shown: Any, path: str) -> Iterator[str]:
    for name in (*path.split("."), "data"):
        shown = shown.get(name) if isinstance(shown, dict) else None
    members = shown if isinstance(shown, list) else []
    ids = (member.get("id") for member in members if isinstance(member, dict))
    yield from (id_ for id_ in ids if isinstance(id_, str))


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
    newest = other if one.deleted else one
    if one.at != other.at:
        newest = max(one, other, key=lambda change: change.at)
    told, children = one.told | other.told, one.children | other.children
    return replace(newest, told=told, children=children)


def merged(changes: Iterable[Change]) -> list[Change]:
    """Return the changes without those of children that are read again with their parent.

    Such a child becomes one that its parent is known to have had: if it is gone, it is missed.
    """
    by_identity = {change.identity: change for change in changes}
    for identity, change in tuple(by_identity.items()):
        parent = _change_of_parent(change, by_identity)
        if parent is not None and change.stream in parent.told and not change.deleted:
            known = parent.children | {(change.stream.name, change.object_id)}
            by_identity[parent.identity] = replace(parent, children=known)
            del by_identity[identity]
    return list(by_identity.values())


def _change_of_parent(change: Change, changes: Mapping[Identity, Change]) -> Change | None:
    if change.stream.parent is None:
        return None
    return changes.get((change.stream.parent.stream, change.parent_id, ""))
