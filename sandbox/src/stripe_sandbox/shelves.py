"""All objects of one account, found by kind, by id or by what they belong to."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from stripe_sandbox.endpoints import indexed_fields
from stripe_sandbox.shelf import Row, Run, Shelf

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from stripe_sandbox.json_types import JsonObject

KEPT_TEXTS = 4000


@dataclass
class Shelves:
    """One shelf for each kind, and the stubs of what was deleted."""

    by_kind: dict[str, Shelf] = field(default_factory=dict)
    kind_of: dict[str, str] = field(default_factory=dict)
    deleted: dict[str, str] = field(default_factory=dict)
    sequence: int = 0
    # Pretty texts of objects that were listed before; the oldest go first.
    texts: dict[tuple[str, int], str] = field(default_factory=dict)

    def shelf(self, kind: str) -> Shelf:
        """The shelf of a kind, empty at first."""
        if kind not in self.by_kind:
            self.by_kind[kind] = Shelf(indexed_fields(kind))
        return self.by_kind[kind]

    def next_sequence(self, count: int = 1) -> int:
        """The first of `count` fresh sequence numbers."""
        first = self.sequence + 1
        self.sequence += count
        return first

    def put(self, row: Row) -> None:
        """Add or replace an object."""
        self.shelf(row.kind).put(row)
        self.kind_of[row.identity] = row.kind
        self._forget_text(row)

    def remove(self, row: Row) -> None:
        """Delete an object; its stub stays."""
        self.shelf(row.kind).remove(row)
        self.kind_of.pop(row.identity, None)
        self.deleted[row.identity] = row.kind
        self._forget_text(row)

    def add_run(self, kind: str, run: Run) -> None:
        """Add many objects that are made when they are read."""
        self.shelf(kind).add_run(run)

    def find(self, identity: str) -> Row | None:
        """The object with this id, of any kind."""
        if (kind := self.kind_of.get(identity)) is not None:
            return self.shelf(kind).get(identity)
        with_runs = (shelf for shelf in self.by_kind.values() if shelf.runs)
        return next((row for shelf in with_runs if (row := shelf.get(identity))), None)

    def where(self, kinds: Iterable[str], name: str, value: str) -> Sequence[Row]:
        """The objects of these kinds whose indexed field has the value, newest first."""
        rows = [
            shelf.row(key)
            for kind in kinds
            for shelf in [self.shelf(kind)]
            for key in shelf.matching(name, value)
        ]
        return sorted(rows, key=lambda row: row.key, reverse=True)

    def stub(self, identity: str) -> JsonObject | None:
        """What Stripe tells about a deleted object."""
        kind = self.deleted.get(identity)
        return (kind and {"id": identity, "object": kind, "deleted": True}) or None

    def keep_text(self, row: Row, text: str) -> str:
        """Remember how an object looks on a list page."""
        if len(self.texts) >= KEPT_TEXTS:
            del self.texts[next(iter(self.texts))]
        self.texts[row.kind, row.key] = text
        return text

    def _forget_text(self, row: Row) -> None:
        self.texts.pop((row.kind, row.key), None)
        parent = self.find(row.parent) if row.parent else None
        if parent is not None:
            self.texts.pop((parent.kind, parent.key), None)
