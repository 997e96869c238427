"""What a bookmark remembers of records, so that reading them again does not send them again.

Ids are enough for records that never change. For others a digest of the content tells whether
there is anything new to send. Pure.

Decisions: docs/decisions/0016-the-newest-are-remembered.md,
docs/decisions/0018-a-list-too-long-to-be-remembered-is-read-in-order.md.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from hashlib import blake2b
from typing import TYPE_CHECKING

from tap_stripe_td.recent import MOST_RECENT, Entry, Recent, entry_of
from tap_stripe_td.records import integer_of, text_of
from tap_stripe_td.slicing import Slice

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from tap_stripe_td.records import Record
    from tap_stripe_td.units import UnixSeconds

MOST_NAMED = 10_000
"""More records of a list that is read whole every time are not remembered."""

_DIGEST_BYTES = 6
_MARK = "#"


@dataclass(frozen=True)
class Memory:
    """What is remembered of the records of one stream.

    Attributes:
        ids: Of records that are not sent again.
        digests: `id#digest` of records that are sent again only when they changed, in the order of
            their list.
        recent: What stands for records that were created lately, likewise.
    """

    ids: tuple[str, ...] = ()
    digests: tuple[str, ...] = ()
    recent: Recent = Recent()  # noqa: RUF009 - it is frozen

    def united(self, other: Memory) -> Memory:
        """Return what either remembers; of one id the other's digest, which is newer."""
        return Memory(
            _united(self.ids, other.ids),
            _renewed(self.digests, other.digests),
            self.recent.united(other.recent),
        )

    def gone_since(self, before: Memory) -> tuple[str, ...]:
        """Return the ids that were remembered by digest before and are not now."""
        here = named_ids(self.digests)
        return tuple(id_ for id_ in named_ids(before.digests) if id_ not in here)


def named_ids(digests: Iterable[str]) -> dict[str, None]:
    """Return the ids that digests are of, in their order."""
    return dict.fromkeys(digest.partition(_MARK)[0] for digest in digests)


@dataclass(frozen=True)
class Known:
    """What is remembered, for asking whether a record is.

    Attributes:
        memory: What is remembered.
    """

    memory: Memory = Memory()

    @property
    def is_empty(self) -> bool:
        """Whether it knows no record."""
        memory = self.memory
        return not (memory.ids or memory.digests or memory.recent.parts) and (
            memory.recent.since is None
        )

    @cached_property
    def ids(self) -> frozenset[str]:
        """Ids of records that are not sent again."""
        return frozenset(self.memory.ids)

    @cached_property
    def digests(self) -> frozenset[str]:
        """`id#digest` of records as they were sent."""
        return frozenset(self.memory.digests)

    @cached_property
    def names(self) -> dict[str, str]:
        """The ids that digests are of, with them."""
        return {digest.partition(_MARK)[0]: digest for digest in self.memory.digests}

    @property
    def recent(self) -> Recent:
        """What stands for records as they were sent."""
        return self.memory.recent

    def tells_of(self, created: int) -> bool:
        """Whether digests of all records of that second are remembered.

        Where an earlier release wrote the state, `digests` are of all recent records.
        """
        since = self.recent.since
        return bool(self.digests) if since is None else created >= since


@dataclass(frozen=True)
class Rule:
    """Which records of a stream are remembered.

    Attributes:
        created_field: The field that tells when a record was created; empty when none does.
        ids_since: Ids of records created from then on; None for none.
        recent_since: Digests of records created from then on; None for none.
        sent_before: Records created before then were all sent, though nothing is remembered of
            them; None when that is said of none.
        names: Whether ids and digests of all records are remembered.
        sends: Only records that were created then are sent, where ids are remembered.
        most_recent: Of so many at least, and no more than twice so many.
        most_named: Of so many, where ids are remembered too.
    """

    created_field: str = ""
    ids_since: UnixSeconds | None = None
    recent_since: UnixSeconds | None = None
    sent_before: UnixSeconds | None = None
    names: bool = False
    sends: Slice = Slice()  # noqa: RUF009 - it is frozen
    most_recent: int = MOST_RECENT
    most_named: int = MOST_NAMED

    def remember(self, memory: Memory, records: Iterable[Record], known: Known = Known()) -> Memory:
        """Return a memory with what is to be remembered of records.

        Args:
            memory: What is remembered of those before.
            records: Records, in the order of their list.
            known: What was remembered before; ids of it still are, where others are too many.
        """
        if self.names:
            return self._with_names(memory, records, known)
        if self.ids_since is None and self.recent_since is None:
            return memory
        dated = [(record, self._created(record)) for record in records]
        ids = tuple(
            text_of(record, "id") or ""
            for record, created in dated
            if self.ids_since is not None and created >= self.ids_since
        )
        entries = (
            entry_of(created, _digest(record))
            for record, created in dated
            if self.recent_since is not None and created >= (memory.recent.since or 0)
        )
        recent = memory.recent.added(entries, self.most_recent)
        return replace(memory, ids=_united(memory.ids, ids), recent=recent)

    def _with_names(self, memory: Memory, records: Iterable[Record], known: Known) -> Memory:
        room = self.most_named - len(memory.digests)
        digests: list[str] = []
        for place, record in enumerate(records):
            before = known.names.get(text_of(record, "id") or "")
            if not self._is_sent(record):
                # It stays as it was sent, if it was.
                digests.extend([] if before is None else [before])
            elif place < room or before is not None:
                digests.append(digest_of(record))
        return replace(memory, digests=_renewed(memory.digests, digests))

    def _is_sent(self, record: Record) -> bool:
        created = integer_of(record, self.created_field) if self.created_field else None
        return created is None or self.sends.contains(created)

    def forgets(self, known: Known) -> bool:
        """Whether there may be records that were sent and are not known, as there are too many."""
        return self.names and len(known.digests) >= self.most_named

    def unknown(self, records: Iterable[Record], known: Known) -> tuple[Record, ...]:
        """Return the records that are to be sent where what is not known was not sent."""
        return tuple(record for record in records if not self._is_known(record, known))

    def unknown_in_order(
        self, records: Iterable[Record], known: Known, *, passed: bool
    ) -> tuple[tuple[Record, ...], bool]:
        """Return the records that are to be sent of a list of which some are forgotten.

        Whether the known ones were reached is returned, too.

        Args:
            records: Records, in the order of their list.
            known: What is remembered of those that were sent before.
            passed: Whether the known ones were reached before.
        """
        news: list[Record] = []
        for record in records:
            is_named = text_of(record, "id") in known.names
            passed = passed or is_named
            # Lists are newest first: what comes after the known ones and is none is forgotten.
            if digest_of(record) not in known.digests and (is_named or not passed):
                news.append(record)
        return tuple(news), passed

    def _is_known(self, record: Record, known: Known) -> bool:
        """Whether what is remembered says that a record was sent.

        Where digests are kept an id alone says nothing: the record may have changed.
        """
        if known.digests and digest_of(record) in known.digests:
            return True
        if self.recent_since is not None:
            created = self._created(record)
            if created < (self.sent_before or 0):
                return True
            if entry_of(created, _digest(record)) in known.recent:
                return True
            if known.tells_of(created):
                return False
        return self.ids_since is not None and text_of(record, "id") in known.ids

    def _created(self, record: Record) -> int:
        """When a record was created; one that does not tell is as old as what is remembered."""
        created = integer_of(record, self.created_field) if self.created_field else None
        return (self.recent_since or 0) if created is None else created


def recent_entry(record: Record, created_field: str) -> Entry:
    """Return what stands for a record among the recent ones."""
    created = integer_of(record, created_field) if created_field else None
    return entry_of(created or 0, _digest(record))


def digest_of(record: Record) -> str:
    """Return the id and a digest of the content, as Stripe sent it."""
    return f"{text_of(record, 'id') or ''}{_MARK}{_digest(record).hex()}"


def _digest(record: Record) -> bytes:
    return blake2b(b"\0".join(map(bytes, record.values())), digest_size=_DIGEST_BYTES).digest()


def _united(some: tuple[str, ...], others: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*some, *others))) if others else some


def _renewed(some: tuple[str, ...], newer: Sequence[str]) -> tuple[str, ...]:
    if not (some and newer):
        return some or tuple(newer)
    by_id = {digest.partition(_MARK)[0]: digest for digest in (*some, *newer)}
    return tuple(by_id.values())
