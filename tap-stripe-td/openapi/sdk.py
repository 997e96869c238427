"""The typed classes of the installed `stripe` package, read without importing it.

Importing would lose the annotations: the package hides half of them behind `TYPE_CHECKING`.
"""

from __future__ import annotations

import ast
import importlib.util
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from annotations import Kind, Scalar, kind_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_NOT_OBJECTS: Final = frozenset({"params", "events", "v2"})
"""Folders without v1 objects: request parameters, thin events, the other API."""


@dataclass(frozen=True)
class SdkClass:
    """A class of the package: an API object, or a part of one.

    Attributes:
        name: As the package writes it: `InvoiceItem`.
        object: Stripe's name of it, `invoiceitem`; empty for a part.
        fields: What it holds, by the names on the wire.
        nested: The classes of its parts, by their Python names.
        known: API objects it may mention, by the names it knows them under: (module, class).
    """

    name: str
    object: str
    fields: Mapping[str, Kind]
    nested: Mapping[str, SdkClass]
    known: Mapping[str, tuple[str, str]]


@dataclass(frozen=True)
class Sdk:
    """Every API object of the package.

    Attributes:
        api_version: The `Stripe-Version` it was made for.
        objects: By Stripe's name: `issuing.card`.
        places: The same classes, by module and Python name.
    """

    api_version: str
    objects: Mapping[str, SdkClass]
    places: Mapping[tuple[str, str], SdkClass]

    def resolve(self, name: str, within: SdkClass) -> SdkClass:
        """Return the class that `name` means inside `within`: a part of it, or an API object."""
        return within.nested.get(name) or self.places[within.known[name]]


def read_sdk() -> Sdk:
    """Read the package that is installed beside this script."""
    root = _package_folder()
    places = dict(_objects(root))
    return Sdk(
        api_version=_api_version(root),
        objects=MappingProxyType({found.object: found for found in places.values()}),
        places=MappingProxyType(places),
    )


def _package_folder() -> Path:
    spec = importlib.util.find_spec("stripe")
    if spec is None or spec.origin is None:
        raise SystemExit("The package `stripe` is not installed. Run `uv sync`.")
    return Path(spec.origin).parent


def _api_version(root: Path) -> str:
    tree = ast.parse((root / "_api_version.py").read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        match node:
            case ast.Assign(targets=[ast.Name(id="CURRENT")], value=ast.Constant(value=str(found))):
                return found
    raise SystemExit("`stripe/_api_version.py` names no `CURRENT` version: teach `_api_version`.")


def _objects(root: Path) -> Iterator[tuple[tuple[str, str], SdkClass]]:
    for path in sorted(root.rglob("_*.py")):
        inside = path.relative_to(root)
        if _NOT_OBJECTS.isdisjoint(inside.parts) and not inside.stem.endswith("_service"):
            module = ".".join(("stripe", *inside.with_suffix("").parts))
            yield from _objects_of(ast.parse(path.read_text(encoding="utf-8")), module)


def _objects_of(tree: ast.Module, module: str) -> Iterator[tuple[tuple[str, str], SdkClass]]:
    known = MappingProxyType(dict(_known(tree, module)))
    for node in tree.body:
        if isinstance(node, ast.ClassDef) and _object_name(node):
            yield (module, node.name), _read_class(node, known)


def _known(tree: ast.Module, module: str) -> Iterator[tuple[str, tuple[str, str]]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                yield alias.asname or alias.name, (node.module, alias.name)
    for node in tree.body:
        if isinstance(node, ast.ClassDef):
            yield node.name, (module, node.name)


def _read_class(node: ast.ClassDef, known: Mapping[str, tuple[str, str]]) -> SdkClass:
    parts = {
        part.name: _read_class(part, known) for part in node.body if isinstance(part, ast.ClassDef)
    }
    return SdkClass(
        name=node.name,
        object=_object_name(node),
        fields=MappingProxyType(dict(_fields(node))),
        nested=MappingProxyType(parts),
        known=known,
    )


def _fields(node: ast.ClassDef) -> Iterator[tuple[str, Kind]]:
    renamed = _constant_map(node, "_field_remappings")
    encoded = _constant_map(node, "_field_encodings")
    for statement in node.body:
        match statement:
            case ast.AnnAssign(target=ast.Name(id=name), annotation=annotation):
                if name != "OBJECT_NAME" and not name.startswith("_"):
                    on_wire = renamed.get(name, name)
                    yield on_wire, _on_the_wire(kind_of(annotation), encoded.get(on_wire, ""))


def _on_the_wire(kind: Kind, encoding: str) -> Kind:
    """A whole number too big for JavaScript travels as a string."""
    return Scalar("string") if encoding == "int64_string" else kind


def _object_name(node: ast.ClassDef) -> str:
    for statement in node.body:
        match statement:
            case ast.AnnAssign(
                target=ast.Name(id="OBJECT_NAME"), value=ast.Constant(value=str(name))
            ):
                return name
    return ""


def _constant_map(node: ast.ClassDef, variable: str) -> Mapping[str, str]:
    for statement in node.body:
        match statement:
            case ast.Assign(targets=[ast.Name(id=name)], value=ast.Dict() as value):
                if name == variable:
                    return _text_map(ast.literal_eval(value))
    return {}


def _text_map(found: Mapping[object, object]) -> Mapping[str, str]:
    return {str(key): value for key, value in found.items() if isinstance(value, str)}
