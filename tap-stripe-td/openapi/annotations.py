"""What an annotation of the `stripe` package says a value looks like on the wire."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


@dataclass(frozen=True)
class Scalar:
    """A string, integer, number or boolean, by its name in JSON Schema."""

    json_type: str


@dataclass(frozen=True)
class AnyObject:
    """An object that Stripe does not describe."""


@dataclass(frozen=True)
class Expandable:
    """An id, or the object it names when the reader asked Stripe to expand it."""


@dataclass(frozen=True)
class Named:
    """An object described by a class; the name is as written, seen from the class around it."""

    name: str


@dataclass(frozen=True)
class ListOf:
    """An array."""

    item: Kind


@dataclass(frozen=True)
class MapOf:
    """An object whose keys are the user's, such as `metadata`."""

    value: Kind


@dataclass(frozen=True)
class Page:
    """The first page of a list that has an endpoint of its own."""

    item: Kind


@dataclass(frozen=True)
class OneOf:
    """One of several shapes, in the package's order."""

    members: tuple[Kind, ...]


Kind: TypeAlias = Scalar | AnyObject | Expandable | Named | ListOf | MapOf | Page | OneOf

_SCALARS: Final = {
    "str": Scalar("string"),
    "int": Scalar("integer"),
    "float": Scalar("number"),
    "bool": Scalar("boolean"),
    # The package makes numbers of them; on the wire they are strings: "12.5".
    "Decimal": Scalar("string"),
}


def kind_of(annotation: ast.expr) -> Kind:
    """Read an annotation. `Optional` is dropped: every value may be null.

    Raises:
        ValueError: If the package has begun to write something this reader does not know.
    """
    match annotation:
        case ast.Name(id="Any"):
            return AnyObject()
        case ast.Name(id=name):
            return _SCALARS.get(name) or Named(name)
        case ast.Constant(value=str(name)):
            return Named(name)
        case ast.Subscript(value=ast.Name(id=generic), slice=inner):
            return _generic(generic, inner)
    raise ValueError(f"Cannot read the annotation `{ast.unparse(annotation)}`: teach `kind_of`.")


def _generic(generic: str, inner: ast.expr) -> Kind:
    read = _GENERICS.get(generic)
    if read is None:
        raise ValueError(f"Cannot read the generic type `{generic}`: teach `_GENERICS`.")
    return read(inner)


def _untyped(inner: ast.expr) -> Kind:
    value = kind_of(inner)
    return value if isinstance(value, AnyObject) else MapOf(value)


def _literal(inner: ast.expr) -> Kind:
    """A literal is its type: Stripe adds values to its enums at any time."""
    first = inner.elts[0] if isinstance(inner, ast.Tuple) else inner
    match first:
        case ast.Constant(value=bool()):
            return Scalar("boolean")
        case ast.Constant(value=str()):
            return Scalar("string")
    raise ValueError(f"Cannot read the literal `{ast.unparse(inner)}`: teach `kind_of`.")


def _union(inner: ast.expr) -> Kind:
    elements = inner.elts if isinstance(inner, ast.Tuple) else [inner]
    members = tuple(dict.fromkeys(kind_of(element) for element in elements))
    return members[0] if len(members) == 1 else OneOf(members)


_GENERICS: Final[Mapping[str, Callable[[ast.expr], Kind]]] = {
    "ExpandableField": lambda _: Expandable(),
    "List": lambda inner: ListOf(kind_of(inner)),
    "ListObject": lambda inner: Page(kind_of(inner)),
    "Literal": _literal,
    "Optional": kind_of,
    "Union": _union,
    "UntypedStripeObject": _untyped,
}
