"""Objects of one kind in Stripe's order: by `created`, then by when they were made."""

from __future__ import annotations

import json
from array import array
from bisect import bisect_left, bisect_right, insort
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from stripe_sandbox.json_types import JsonObject, UnixSeconds

SEQUENCE_BITS = 28
SEQUENCE_MASK = (1 << SEQUENCE_BITS) - 1


def order_key(created: UnixSeconds, sequence: int) -> int:
    """One integer that sorts by second first, then by the order of making."""
    return created << SEQUENCE_BITS | sequence


@dataclass(frozen=True, slots=True)
class Row:
    """One object as it is now.

    `text` is its compact JSON without embedded lists. `identity` is its id, except for
    capabilities, whose ids repeat from account to account.
    """

    kind: str
    identity: str
    key: int
    text: str
    parent: str | None = None
    visible_at: UnixSeconds = 0
    listed: bool = True

    @property
    def fields(self) -> JsonObject:
        """A fresh copy of the object."""
        fields: JsonObject = json.loads(self.text)
        return fields


class Run(Protocol):
    """Many objects that exist only as a rule until somebody reads them."""

    @property
    def first_sequence(self) -> int:
        """The sequence number of the first object; the others follow."""

    @property
    def count(self) -> int:
        """How many objects there are."""

    def keys(self) -> Iterator[int]:
        """Every object's order key, oldest first."""

    def row(self, number: int) -> Row:
        """The object of that number."""

    def pretty(self, number: int) -> str:
        """Its text as a list page shows it."""

    def number_of(self, identity: str) -> int | None:
        """The number of the object with this id, if the run has it."""


@dataclass
class Shelf:
    """The objects of one kind.

    `keys` holds the order, oldest first, in eight bytes an object: a million objects of a run cost
    eight megabytes.
    """

    indexed: tuple[str, ...] = ()
    keys: array[int] = field(default_factory=lambda: array("q"))
    rows: dict[int, Row] = field(default_factory=dict)
    key_of: dict[str, int] = field(default_factory=dict)
    index: dict[tuple[str, str], list[int]] = field(default_factory=dict)
    runs: list[Run] = field(default_factory=list)

    def put(self, row: Row) -> None:
        """Add an object, or put its new version in the place of the old one."""
        old = self.get(row.identity)
        if old is not None:
            self._unindex(old)
        if old is not None and old.key != row.key:
            self._drop_key(old.key)
        if old is None or old.key != row.key:
            self._add_key(row.key)
        self.rows[row.key] = row
        self.key_of[row.identity] = row.key
        for entry in self._entries(row):
            insort(self.index.setdefault(entry, []), row.key)

    def remove(self, row: Row) -> None:
        """Take an object away."""
        self._unindex(row)
        self._drop_key(row.key)
        self.key_of.pop(row.identity, None)

    def get(self, identity: str) -> Row | None:
        """The object with this id."""
        key = self.find_key(identity)
        return None if key is None else self.row(key)

    def find_key(self, identity: str) -> int | None:
        """The order key of the object with this id."""
        if (key := self.key_of.get(identity)) is not None:
            return key
        for run in self.runs:
            if (number := run.number_of(identity)) is not None:
                key = run.row(number).key
                return key if self._has(key) else None
        return None

    def row(self, key: int) -> Row:
        """The object at this order key."""
        if (row := self.rows.get(key)) is not None:
            return row
        run, number = self.run_of(key)
        return run.row(number)

    def run_of(self, key: int) -> tuple[Run, int]:
        """The run an order key belongs to, and the number in it."""
        sequence = key & SEQUENCE_MASK
        for run in self.runs:
            if run.first_sequence <= sequence < run.first_sequence + run.count:
                return run, sequence - run.first_sequence
        raise LookupError(f"no object has the order key {key}")

    def matching(self, name: str, value: str) -> Sequence[int]:
        """The order keys of the objects whose indexed field has this value, oldest first."""
        return self.index.get((name, value), ())

    def add_run(self, run: Run) -> None:
        """Add all objects of a run at once."""
        self.runs.append(run)
        merged = array("q", self.keys)
        merged.extend(run.keys())
        self.keys = array("q", sorted(merged))

    def _has(self, key: int) -> bool:
        at = bisect_left(self.keys, key)
        return at < len(self.keys) and self.keys[at] == key

    def _add_key(self, key: int) -> None:
        self.keys.insert(bisect_right(self.keys, key), key)

    def _drop_key(self, key: int) -> None:
        del self.keys[bisect_left(self.keys, key)]
        self.rows.pop(key, None)

    def _unindex(self, row: Row) -> None:
        for entry in self._entries(row):
            keys = self.index.get(entry, [])
            at = bisect_left(keys, row.key)
            if at < len(keys) and keys[at] == row.key:
                del keys[at]

    def _entries(self, row: Row) -> Iterator[tuple[str, str]]:
        fields = row.fields
        for name in self.indexed:
            value = fields.get(name)
            if value is not None and not isinstance(value, dict | list):
                yield name, as_parameter(value)
        if row.parent is not None:
            yield "parent", row.parent


def as_parameter(value: Any) -> str:
    """A field's value as it would be written in a query."""
    return str(value).lower() if isinstance(value, bool) else str(value)
