"""The fields that Stripe types for each kind of object.

The file `facts/shapes.json` is made from the `stripe` package; `sandbox/shapes/make.py` tells how
a field's type is written there.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, cached_property
from typing import TYPE_CHECKING, Any, TypeAlias

from stripe_sandbox.endpoints import fact_file

if TYPE_CHECKING:
    from collections.abc import Iterator

Spec: TypeAlias = "str | list[Any] | dict[str, Any]"


@dataclass(frozen=True)
class Field:
    """One field of an object or of a nested hash."""

    name: str
    optional: bool
    spec: Spec

    @cached_property
    def expands_to(self) -> tuple[str, ...]:
        """The kinds behind an id that `expand[]` may replace by the object."""
        inner = self.spec[0] if isinstance(self.spec, list) else self.spec
        marked = isinstance(inner, str) and inner.startswith("@")
        return tuple(str(inner)[1:].split("|")) if marked else ()

    @cached_property
    def lists(self) -> tuple[str, ...]:
        """The kinds inside an embedded list."""
        marked = isinstance(self.spec, str) and self.spec.startswith("list:")
        return tuple(str(self.spec)[5:].split("|")) if marked else ()


@cache
def _all() -> dict[str, dict[str, Spec]]:
    shapes: dict[str, dict[str, Spec]] = fact_file("shapes.json")
    return shapes


def fields_of(shape: dict[str, Any]) -> Iterator[Field]:
    """The fields of a shape or of a nested hash, in Stripe's order."""
    for name, spec in shape.items():
        yield Field(name.rstrip("?"), name.endswith("?"), spec)


@cache
def shape(kind: str) -> dict[str, Field]:
    """The fields of a kind by name; empty for a kind that Stripe does not type."""
    return {field.name: field for field in fields_of(_all().get(kind, {}))}


# Absent unless asked for: https://docs.stripe.com/expand#includable-properties
_INCLUDABLE: dict[str, frozenset[str]] = {
    "coupon": frozenset({"applies_to", "currency_options"}),
    "customer": frozenset({"cash_balance"}),
    "plan": frozenset({"tiers"}),
    "price": frozenset({"currency_options", "tiers"}),
}


@cache
def includable(kind: str) -> frozenset[str]:
    """The fields that an answer leaves out unless `expand[]` names them."""
    lists = {field.name for field in shape(kind).values() if field.lists and field.optional}
    return frozenset(lists) | _INCLUDABLE.get(kind, frozenset())
