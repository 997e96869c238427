"""The world of one account: its objects, their changes, and the events that tell of them."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from stripe_sandbox.embedded import (
    PARENT_EVENTS,
    PARENT_FIELDS,
    embedded_in,
    parent_of,
    with_parent,
)
from stripe_sandbox.endpoints import API_VERSION, endpoints
from stripe_sandbox.events import (
    RETENTION_SECONDS,
    created_type,
    deleted_type,
    previous_attributes,
    updated_type,
)
from stripe_sandbox.ids import new_id, request_id
from stripe_sandbox.objects import make
from stripe_sandbox.rendering import full
from stripe_sandbox.samples import sample
from stripe_sandbox.shelf import SEQUENCE_BITS, SEQUENCE_MASK, Row, order_key
from stripe_sandbox.shelves import Shelves
from stripe_sandbox.versions import as_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from stripe_sandbox.json_types import JsonObject, UnixSeconds

AS_STRIPE_DOES = "as Stripe does"
OF_ACCOUNTS = frozenset({"account", "bank_account", "capability", "card", "person"})


@dataclass(frozen=True)
class Telling:
    """How a change is told: the event's type (or none), moment, API version, and its lateness.

    `listed` is false for a price made inline: it can be fetched, but no list shows it.
    """

    event: str | None = AS_STRIPE_DOES
    at: UnixSeconds | None = None
    api_version: str | None = None
    late_seconds: int | None = None
    listed: bool = True


@dataclass
class Ledger:
    """One account. Changes go through `create`, `update` and `delete`; answers read `shelves`.

    `connected` are the ledgers of other accounts, by id: what happens to a connected account is
    listed among its own events, not among the platform's.
    """

    account: str
    now: Callable[[], UnixSeconds]
    shelves: Shelves = field(default_factory=Shelves)
    event_api_version: str = API_VERSION
    late_seconds: int = 0
    connected: Mapping[str, Ledger] = field(default_factory=dict)

    def create(self, kind: str, given: JsonObject, *, inside: str | None, told: Telling) -> Row:
        """Make an object; the event that Stripe sends for it follows at once."""
        at = self.now() if told.at is None else told.at
        sequence = self.shelves.next_sequence()
        identity = given.get("id") or new_id(kind, f"{self.account}/{sequence}")
        lists = {name: given[name] for name in embedded_in(kind) if name in given}
        plain = {name: value for name, value in given.items() if name not in lists}
        plain = with_parent(kind, plain, inside)
        fields = make(kind, identity, at, {**sample(kind, identity), **plain})
        row = replace(self._row(kind, fields, sequence, inside), listed=told.listed)
        self.shelves.put(row)
        self._create_children(row, lists)
        self._tell_created(
            row, told if told.at is not None else replace(told, at=_made_at(fields, at))
        )
        return row

    def update(self, kind: str, identity: str, changes: JsonObject, told: Telling) -> Row:
        """Change fields of an object; nested hashes are replaced, `metadata` too."""
        old = self.existing(kind, identity)
        before = old.fields
        after = {**before, **changes}
        previous = previous_attributes(before, after)
        key = order_key(_seconds(after, old.key >> SEQUENCE_BITS), old.key & SEQUENCE_MASK)
        row = replace(old, key=key, text=_compact(after))
        self.shelves.put(row)
        if told.event == AS_STRIPE_DOES:
            told = replace(told, event=updated_type(kind, after, previous) if previous else None)
            if told.event is None and previous:
                self._tell_parent(row, told)
        self.tell(told, row, previous)
        return row

    def delete(self, kind: str, identity: str, told: Telling) -> None:
        """Delete an object; a list never shows it again."""
        row = self.existing(kind, identity)
        if not _deletable(kind):
            raise ValueError(f"Stripe has no way to delete a {kind}. Update its status instead.")
        as_stripe_does = told.event == AS_STRIPE_DOES
        if as_stripe_does:
            told = replace(told, event=deleted_type(kind, row.fields))
        snapshot = full(self.shelves, row)
        before = self._embedding(row)
        self.shelves.remove(row)
        if as_stripe_does and told.event is None:
            self._tell_parent(row, told, before)
        self.tell(told, row, None, snapshot)

    def existing(self, kind: str, identity: str) -> Row:
        """The object, which must be there."""
        row = self.shelves.shelf(kind).get(identity)
        if row is None:
            raise LookupError(f"There is no {kind} with the id {identity}. Create it first.")
        return row

    def open_account(self) -> None:
        """Make the account's own object; the platform does not list it among connected ones."""
        own = Telling(event=None, listed=False)
        self.create("account", {"id": self.account}, inside=None, told=own)

    def object(self, kind: str, identity: str) -> JsonObject:
        """An object as it is now, with the embedded lists that always come."""
        return full(self.shelves, self.existing(kind, identity))

    def objects(self, kind: str) -> list[JsonObject]:
        """Every object of a kind as it is now, newest first."""
        shelf = self.shelves.shelf(kind)
        rows = (shelf.row(key) for key in reversed(shelf.keys))
        return [full(self.shelves, row) for row in rows if row.listed or kind in {"price", "plan"}]

    def tell(
        self,
        told: Telling,
        row: Row,
        previous: JsonObject | None,
        snapshot: JsonObject | None = None,
    ) -> None:
        """Write the event down, unless it is older than Stripe keeps events."""
        at = self.now() if told.at is None else told.at
        if told.event is None or at < self.now() - RETENTION_SECONDS or row.kind == "event":
            return
        version = told.api_version or self.event_api_version
        data: JsonObject = {"object": as_of(version, snapshot or full(self.shelves, row))}
        if previous is not None:
            data["previous_attributes"] = previous
        teller = self._teller(row)
        if teller is not None:
            teller.write_event(told, at, version, data)

    def write_event(self, told: Telling, at: UnixSeconds, version: str, data: JsonObject) -> None:
        """Put an event among those of this account."""
        sequence = self.shelves.next_sequence()
        identity = new_id("event", f"{self.account}/{sequence}")
        given = {
            "api_version": version,
            "created": at,
            "data": data,
            "pending_webhooks": 1,
            "request": {"id": request_id(sequence), "idempotency_key": None},
            "type": told.event,
        }
        late = self.late_seconds if told.late_seconds is None else told.late_seconds
        event = self._row("event", make("event", identity, at, given), sequence, None)
        self.shelves.put(replace(event, visible_at=at + late))

    def _teller(self, row: Row) -> Ledger | None:
        """The ledger whose events tell of an object; None when nobody can list them.

        https://docs.stripe.com/connect/webhooks: all events on a connected account are its own, and
        without `Stripe-Account` Stripe answers "No such event".
        """
        account = row.identity if row.kind == "account" else row.parent
        if row.kind not in OF_ACCOUNTS or account is None or account == self.account:
            return self
        if self.shelves.shelf("account").get(account) is None and row.kind != "account":
            return self  # a customer's card
        return self.connected.get(account)

    def _row(self, kind: str, fields: JsonObject, sequence: int, inside: str | None) -> Row:
        parent = inside or parent_of(kind, fields)
        # A capability's id repeats in every account.
        identity = f"{parent}/{fields['id']}" if kind == "capability" else fields["id"]
        if self.shelves.shelf(kind).find_key(identity) is not None:
            raise ValueError(f"There is already a {kind} with the id {identity}.")
        key = order_key(_seconds(fields, self.now()), sequence)
        return Row(kind, identity, key, _compact(fields), parent)

    def _create_children(self, row: Row, lists: dict[str, list[JsonObject]]) -> None:
        """Make the objects of embedded lists; the first given is the first shown."""
        silent = Telling(event=None)
        for name, children in lists.items():
            wanted = embedded_in(row.kind)[name]
            for child in reversed(children):
                kind = child.get("object", wanted.lists[0])
                given = child if wanted.by == "parent" else {**child, wanted.by: row.identity}
                inside = row.identity if wanted.by == "parent" else None
                self.create(kind, given, inside=inside, told=silent)

    def _tell_created(self, row: Row, told: Telling) -> None:
        if told.event == AS_STRIPE_DOES:
            told = replace(told, event=created_type(row.kind, row.fields))
            if told.event is None:
                self._tell_parent(row, told)
        self.tell(told, row, None)

    def _tell_parent(self, row: Row, told: Telling, before: JsonObject | None = None) -> None:
        parent = self.shelves.find(row.parent) if row.parent else None
        event = PARENT_EVENTS.get(row.kind)
        if parent is not None and event is not None:
            self.tell(replace(told, event=event), parent, before or {})

    def _embedding(self, row: Row) -> JsonObject:
        """The embedded lists of an object's parent that hold it, as they are now."""
        parent = self.shelves.find(row.parent) if row.parent else None
        if parent is None:
            return {}
        shown = full(self.shelves, parent)
        lists = embedded_in(parent.kind).values()
        return {
            one.field: shown[one.field] for one in lists if one.always and row.kind in one.lists
        }


def _deletable(kind: str) -> bool:
    return kind in PARENT_FIELDS or any(e.deletable for e in endpoints() if kind in e.object)


def _seconds(fields: JsonObject, otherwise: UnixSeconds) -> UnixSeconds:
    """The second an object is ordered by; a `created` that is null comes before all others."""
    if "created" in fields:
        return int(fields["created"] or 0)
    return int(fields.get("date") or otherwise)


def _made_at(fields: JsonObject, at: UnixSeconds) -> UnixSeconds:
    return int(fields.get("created") or fields.get("date") or at)


def _compact(fields: Any) -> str:
    return json.dumps(fields, ensure_ascii=False, separators=(",", ":"))
