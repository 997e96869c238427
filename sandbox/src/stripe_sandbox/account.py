"""One account, changed as its owner would change it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from stripe_sandbox.ledger import AS_STRIPE_DOES, Ledger, Telling
from stripe_sandbox.runs import Bulk

if TYPE_CHECKING:
    import threading

    from stripe_sandbox.json_types import JsonObject, UnixSeconds


@dataclass
class Account:
    """One account's objects, to be changed as its owner would; every change is locked."""

    ledger: Ledger
    lock: threading.RLock

    def create(  # noqa: PLR0913 - how a change is told, by name
        self,
        kind: str,
        /,
        *,
        inside: str | None = None,
        at: UnixSeconds | None = None,
        event_type: str | None = AS_STRIPE_DOES,
        event_api_version: str | None = None,
        event_late_seconds: int | None = None,
        listed: bool = True,
        **fields: object,
    ) -> JsonObject:
        """Make a full object and tell of it by the event that Stripe would send.

        Objects of an embedded list may be given by its field, e.g. `lines=[{...}]`; an object
        inside another without a field that says so is made with `inside=` the parent's id.
        `created` is now unless given, and the event is as old as the object unless `at` says
        another second. `event_type` is another type, or `None` for silence. `listed=False` makes a
        price that was made inline.

        Raises:
            ValueError: If the id is taken.
        """
        told = Telling(event_type, at, event_api_version, event_late_seconds, listed)
        with self.lock:
            return self._full(
                kind, self.ledger.create(kind, fields, inside=inside, told=told).identity
            )

    def update(  # noqa: PLR0913 - how a change is told, by name
        self,
        kind: str,
        identity: str,
        /,
        *,
        at: UnixSeconds | None = None,
        event_type: str | None = AS_STRIPE_DOES,
        event_api_version: str | None = None,
        event_late_seconds: int | None = None,
        **fields: object,
    ) -> JsonObject:
        """Change an object and tell of it, if Stripe would.

        Raises:
            LookupError: If there is no such object.
        """
        told = Telling(event_type, at, event_api_version, event_late_seconds)
        with self.lock:
            self.ledger.update(kind, identity, fields, told)
            return self._full(kind, identity)

    def delete(
        self,
        kind: str,
        identity: str,
        /,
        *,
        at: UnixSeconds | None = None,
        event_type: str | None = AS_STRIPE_DOES,
        event_late_seconds: int | None = None,
    ) -> None:
        """Delete an object and tell of it.

        Raises:
            LookupError: If there is no such object.
            ValueError: If Stripe has no way to delete this kind.
        """
        with self.lock:
            told = Telling(event_type, at, late_seconds=event_late_seconds)
            self.ledger.delete(kind, identity, told)

    def objects(self, kind: str) -> list[JsonObject]:
        """Every object of a kind as it is now, newest first: the truth."""
        with self.lock:
            return self.ledger.objects(kind)

    def bulk(
        self, kind: str, count: int, since: UnixSeconds, until: UnixSeconds, **fields: object
    ) -> None:
        """Add so many objects at once, spread evenly over `[since, until)`, without events.

        A million of them cost eight megabytes: each is made when it is read.
        """
        with self.lock:
            first = self.ledger.shelves.next_sequence(count)
            self.ledger.shelves.add_run(kind, Bulk(kind, count, since, until, first, fields))

    def _full(self, kind: str, identity: str) -> JsonObject:
        return self.ledger.object(kind, identity)
