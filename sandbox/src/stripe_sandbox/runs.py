"""Many objects at once: a rule from which each is made when it is read."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from stripe_sandbox.endpoints import kinds
from stripe_sandbox.objects import make
from stripe_sandbox.pretty import indented, pretty
from stripe_sandbox.rendering import full
from stripe_sandbox.samples import sample
from stripe_sandbox.shelf import Row, order_key
from stripe_sandbox.shelves import Shelves

if TYPE_CHECKING:
    from collections.abc import Iterator

    from stripe_sandbox.json_types import JsonObject, UnixSeconds

# Multiplying by an odd number modulo a power of two is reversible, and hides the order in the ids.
MODULUS = 1 << 48
MULTIPLIER = 0x5DEECE66D
INVERSE = pow(MULTIPLIER, -1, MODULUS)
HEX_DIGITS = 12
ID_MARK = "the-id-of-the-object"
CREATED_MARK = 987_654_321_012_345
AMOUNT_MARK = 987_654_321_054_321


@dataclass(frozen=True)
class Bulk:
    """`count` objects of a kind, spread evenly over `[since, until)`, oldest first.

    They differ in id, `created` and, where the kind has it, `amount`; `given` is the same in all.
    """

    kind: str
    count: int
    since: UnixSeconds
    until: UnixSeconds
    first_sequence: int
    given: JsonObject

    def keys(self) -> Iterator[int]:
        """Every object's order key, oldest first."""
        return (self.key(number) for number in range(self.count))

    def key(self, number: int) -> int:
        """The order key of the object of that number."""
        return order_key(self.created(number), self.first_sequence + number)

    def created(self, number: int) -> UnixSeconds:
        """The second in which the object of that number was made."""
        return self.since + number * (self.until - self.since) // self.count

    def identity(self, number: int) -> str:
        """The object's id."""
        scrambled = number * MULTIPLIER % MODULUS
        return f"{self._id_head}{scrambled:0{HEX_DIGITS}x}"

    def number_of(self, identity: str) -> int | None:
        """The number of the object with this id, if the run has it."""
        scrambled_hex = identity.removeprefix(self._id_head)
        if scrambled_hex == identity or not re.fullmatch(r"[0-9a-f]{12}", scrambled_hex):
            return None
        scrambled = int(scrambled_hex, 16)
        number = scrambled * INVERSE % MODULUS
        return number if number < self.count else None

    def row(self, number: int) -> Row:
        """The object of that number."""
        text = self._compact.filled(self._values(number))
        return Row(self.kind, self.identity(number), self.key(number), text)

    def pretty(self, number: int) -> str:
        """Its text as a list page shows it."""
        return self._pretty.filled(self._values(number))

    def _values(self, number: int) -> dict[str, str]:
        amount = 50 + number * 7919 % 1_000_000
        return {
            ID_MARK: self.identity(number),
            str(CREATED_MARK): str(self.created(number)),
            str(AMOUNT_MARK): str(amount),
        }

    @cached_property
    def _id_head(self) -> str:
        prefix = kinds()[self.kind].prefix
        return f"{prefix}_1Bulk{self.first_sequence:010x}" if prefix else "BULK"

    @cached_property
    def _model(self) -> JsonObject:
        marks = {"created": CREATED_MARK, "amount": AMOUNT_MARK}
        fields = sample(self.kind, ID_MARK)
        made = make(self.kind, ID_MARK, self.since, {**fields, **self.given})
        return {
            name: marks[name] if name in marks and name in made else value
            for name, value in made.items()
        }

    @cached_property
    def _compact(self) -> Template:
        text = json.dumps(self._model, ensure_ascii=False, separators=(",", ":"))
        return Template.of(text)

    @cached_property
    def _pretty(self) -> Template:
        row = Row(self.kind, ID_MARK, 0, json.dumps(self._model))
        return Template.of(indented(pretty(full(Shelves(), row))))


@dataclass(frozen=True)
class Template:
    """A text with marks in it; every second part is a mark."""

    parts: tuple[str, ...]

    @classmethod
    def of(cls, text: str) -> Template:
        """The template of a text that has the marks where values belong."""
        return cls(tuple(re.split(f"({ID_MARK}|{CREATED_MARK}|{AMOUNT_MARK})", text)))

    def filled(self, values: dict[str, str]) -> str:
        """The text with the value of each mark in its place."""
        parts = list(self.parts)
        parts[1::2] = [values[mark] for mark in parts[1::2]]
        return "".join(parts)
