"""What a bookmark remembers of records, so that reading them again does not send them again.

Ids are enough for records that never change. For others a digest of the content tells whether
there is anything new to send. Pure.
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import blake2b
from typing import TYPE_CHECKING

from tap_stripe_td.records import integer_of, text_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tap_stripe_td.records import Record
    from tap_stripe_td.units import UnixSeconds

MOST_DIGESTS = 10_000
"""More than this are not remembered: the state would weigh too much. All are sent again then."""

_DIGEST_BYTES = 6
_MARK = "#"


@dataclass(frozen=True)
class Memory:
    """What is remembered of the records of one stream.

    Attributes:
        ids: Of records that are not sent again.
        digests: `id#digest` of records that are sent again only when they changed.
    """

    ids: tuple[str, ...] = ()
    digests: tuple[str, ...] = ()

    def united(self, other: Memory) -> Memory:
        """Return what either remembers."""
        return Memory(_united(self.ids, other.ids), _united(self.digests, other.digests))

    @property
    def bounded(self) -> Memory:
        """The memory without its digests when they are too many."""
        return self if len(self.digests) <= MOST_DIGESTS else Memory(self.ids)

    def gone_since(self, before: Memory) -> tuple[str, ...]:
        """Return the ids that were remembered by digest before and are not now."""
        here = {digest.partition(_MARK)[0] for digest in self.digests}
        ids = (digest.partition(_MARK)[0] for digest in before.digests)
        return tuple(dict.fromkeys(id_ for id_ in ids if id_ not in here))


@dataclass(frozen=True)
class Rule:
    """Which records of a stream are remembered.

    Attributes:
        created_field: The field that tells when a record was created; empty when none does.
        ids_since: Ids of records created from then on; None for none.
        digests_since: Digests of records created from then on, or of all when no field tells;
            None for none.
    """

    created_field: str = ""
    ids_since: UnixSeconds | None = None
    digests_since: UnixSeconds | None = None

    def memory_of(self, records: Iterable[Record]) -> Memory:
        """Return what is to be remembered of records."""
        if self.ids_since is None and self.digests_since is None:
            return Memory()
        dated = [(record, self._created(record)) for record in records]
        return Memory(
            tuple(
                text_of(record, "id") or ""
                for record, created in dated
                if self.ids_since is not None and (created or 0) >= self.ids_since
            ),
            tuple(
                digest_of(record)
                for record, created in dated
                if self.digests_since is not None
                and (created is None or created >= self.digests_since)
            ),
        )

    def is_known(self, record: Record, ids: frozenset[str], digests: frozenset[str]) -> bool:
        """Whether a record need not be sent: what is remembered says that it was.

        Where digests are kept an id alone says nothing: the record may have changed.
        """
        if digests and self.digests_since is not None:
            return digest_of(record) in digests
        return self.ids_since is not None and text_of(record, "id") in ids

    def _created(self, record: Record) -> int | None:
        return integer_of(record, self.created_field) if self.created_field else None


def digest_of(record: Record) -> str:
    """Return the id and a digest of the content, as Stripe sent it."""
    digest = blake2b(b"\0".join(map(bytes, record.values())), digest_size=_DIGEST_BYTES)
    return f"{text_of(record, 'id') or ''}{_MARK}{digest.hexdigest()}"


def _united(some: tuple[str, ...], others: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*some, *others))) if others else some
