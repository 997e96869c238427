# noqa: INP001 - a script
"""Make `facts/shapes.json` and `facts/versions.json` from the installed `stripe` package.

Every object class of the package is read as source text; nothing of it is imported. One kind is
one line. How a field's type is written there:

    string  integer  number  boolean  decimal  hash     plain JSON; a decimal travels as a string
    =a|b|c                                              one of these strings (the first six)
    @charge|source                                      an id that may be expanded to these kinds
    list:refund                                         Stripe's paged list of a kind
    object:discount                                     a whole object of another kind
    [..., spec]                                         an array of the spec
    {...}                                               a nested hash, field by field

A field that may be missing or null carries a `?` at the end of its name.

Run it with `python sandbox/shapes/make.py`; a test tells when the files are out of date.
"""

from __future__ import annotations

import ast
import json
import re
import sys
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable

Spec: TypeAlias = "str | list[Spec] | dict[str, Spec]"

FACTS = Path(__file__).parents[1] / "src" / "stripe_sandbox" / "facts"
ENUM_VALUES = 6
PLAIN = {
    "str": "string",
    "int": "integer",
    "float": "number",
    "bool": "boolean",
    "Decimal": "decimal",
    "Any": "hash",
    "StripeObject": "hash",
}


@dataclass(frozen=True)
class Scope:
    """Where a name in an annotation is looked up: the classes around it, then the imports."""

    classes: tuple[ast.ClassDef, ...]
    imports: dict[str, str]

    def nested(self, name: str) -> Scope | None:
        """The scope of a class that is nested here or further out."""
        for depth in range(len(self.classes), 0, -1):
            for node in self.classes[depth - 1].body:
                if isinstance(node, ast.ClassDef) and node.name == name:
                    return Scope((*self.classes[:depth], node), self.imports)
        return None


def package_folder() -> Path:
    """Where the package is installed."""
    spec = find_spec("stripe")
    if spec is None or spec.origin is None:
        raise SystemExit("The package `stripe` is not installed. Install the dev dependencies.")
    return Path(spec.origin).parent


def module_file(module: str) -> Path:
    """The source file of `stripe.x.y`."""
    return package_folder().parent / (module.replace(".", "/") + ".py")


@cache
def parsed(path: Path) -> ast.Module:
    """The syntax tree of a source file."""
    return ast.parse(path.read_text(encoding="utf-8"))


@cache
def kind_of(module: str, class_name: str) -> str:
    """The `object` value of a class of the package, e.g. `checkout.session`."""
    for node in parsed(module_file(module)).body:
        if isinstance(node, ast.ClassDef) and node.name == class_name:
            for line in node.body:
                if isinstance(line, ast.AnnAssign) and ast.unparse(line.target) == "OBJECT_NAME":
                    return str(ast.literal_eval(line.value)) if line.value else ""
    raise LookupError(f"{module}.{class_name} has no OBJECT_NAME")


def imports_of(tree: ast.Module) -> dict[str, str]:
    """Class name as written here -> kind; names that are not API objects are left out."""
    found: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("stripe."):
            for name in node.names:
                try:
                    found[name.asname or name.name] = kind_of(node.module, name.name)
                except (LookupError, FileNotFoundError):
                    continue
    return found


def subscript(node: ast.expr, name: str) -> ast.expr | None:
    """What stands in the brackets of `Name[...]`; `None` for anything else."""
    matches = isinstance(node, ast.Subscript) and ast.unparse(node.value).split(".")[-1] == name
    return node.slice if matches and isinstance(node, ast.Subscript) else None


def unquoted(node: ast.expr) -> ast.expr:
    """The expression inside a quoted annotation."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return ast.parse(node.value, mode="eval").body
    return node


def members(node: ast.expr) -> list[ast.expr]:
    """The parts of `A, B` in brackets."""
    return list(node.elts) if isinstance(node, ast.Tuple) else [node]


def spec_of(annotation: ast.expr, scope: Scope) -> Spec:
    """A field's type as the shapes write it."""
    node = unquoted(annotation)
    for name, read in GENERICS.items():
        if (inner := subscript(node, name)) is not None:
            return read(inner, scope)
    return named(node, scope)


def literal_of(inner: ast.expr) -> str:
    """The strings of a `Literal`."""
    return "=" + "|".join(str(ast.literal_eval(m)) for m in members(inner)[:ENUM_VALUES])


def union_of(choices: list[ast.expr], scope: Scope) -> Spec:
    """The type of a union: its objects if it has only such, else its first member."""
    specs = [spec_of(choice, scope) for choice in choices]
    objects = [
        s.removeprefix("object:") for s in specs if isinstance(s, str) and s[:7] == "object:"
    ]
    if len(objects) == len(specs):
        return "object:" + "|".join(objects)
    return specs[0]


def kinds_in(node: ast.expr, scope: Scope) -> list[str]:
    """The kinds that a class name or a union of them stands for."""
    inner = subscript(unquoted(node), "Union")
    names = members(inner) if inner is not None else [node]
    return [
        scope.imports.get(ast.unparse(unquoted(n)), own_kind(unquoted(n), scope)) for n in names
    ]


def own_kind(node: ast.expr, scope: Scope) -> str:
    """The kind of the class itself when its own name is used inside it."""
    outer = scope.classes[0]
    if ast.unparse(node) != outer.name:
        return ""
    return next(
        str(ast.literal_eval(line.value))
        for line in outer.body
        if isinstance(line, ast.AnnAssign)
        and ast.unparse(line.target) == "OBJECT_NAME"
        and line.value is not None
    )


def named(node: ast.expr, scope: Scope) -> Spec:
    """The type behind a name.

    Raises:
        LookupError: If the name is new to us; teach it here.
    """
    name = ast.unparse(node)
    if name.startswith(("UntypedStripeObject", "Dict[")):
        return "hash"
    if name in PLAIN:
        return PLAIN[name]
    if (inner := scope.nested(name.split(".")[-1])) is not None:
        return fields_of(inner)
    if kind := (scope.imports.get(name) or own_kind(node, scope)):
        return "object:" + kind
    raise LookupError(f"{scope.classes[0].name}: what is {name}?")


def optional(annotation: ast.expr) -> bool:
    """Whether a field may be null or missing."""
    return subscript(unquoted(annotation), "Optional") is not None


def fields_of(scope: Scope) -> dict[str, Spec]:
    """The fields a class types, in their order; a trailing `_` of a Python keyword is dropped."""
    fields: dict[str, Spec] = {}
    for line in scope.classes[-1].body:
        if isinstance(line, ast.AnnAssign) and isinstance(line.target, ast.Name):
            name = line.target.id
            if name != "OBJECT_NAME" and not name.startswith("_"):
                mark = "?" if optional(line.annotation) else ""
                fields[name.rstrip("_") + mark] = spec_of(line.annotation, scope)
    return fields


GENERICS: dict[str, Callable[[ast.expr, Scope], Spec]] = {
    "Optional": spec_of,
    "Union": lambda inner, scope: union_of(members(inner), scope),
    "Literal": lambda inner, _scope: literal_of(inner),
    "ExpandableField": lambda inner, scope: "@" + "|".join(kinds_in(inner, scope)),
    "ListObject": lambda inner, scope: "list:" + "|".join(kinds_in(inner, scope)),
    "List": lambda inner, scope: [spec_of(inner, scope)],
}


def object_classes() -> dict[str, tuple[str, str]]:
    """Kind -> (module, class) of every v1 object, as the package itself lists them."""
    for node in parsed(package_folder() / "_object_classes.py").body:
        if isinstance(node, ast.AnnAssign) and ast.unparse(node.target) == "OBJECT_CLASSES":
            classes: dict[str, tuple[str, str]] = ast.literal_eval(node.value) if node.value else {}
            return {k: v for k, v in classes.items() if k not in NOT_OBJECTS}
    raise LookupError("OBJECT_CLASSES is not where it was")


NOT_OBJECTS = {"list", "search_result", "file_upload"}


def shape_of(module: str, class_name: str) -> dict[str, Spec]:
    """The fields of an object class."""
    tree = parsed(module_file(module))
    outer = next(n for n in tree.body if isinstance(n, ast.ClassDef) and n.name == class_name)
    return fields_of(Scope((outer,), imports_of(tree)))


def shapes() -> str:
    """The text of `shapes.json`."""
    lines = [
        f"{json.dumps(kind)}: {json.dumps(shape_of(*where), separators=(',', ':'))}"
        for kind, where in sorted(object_classes().items())
    ]
    return "{\n" + ",\n".join(lines) + "\n}\n"


def versions() -> str:
    """The API versions that Stripe accepts, oldest first, as webhook endpoints may name them."""
    params = package_folder() / "params" / "_webhook_endpoint_create_params.py"
    block = params.read_text(encoding="utf-8").split("api_version:")[1]
    found = re.findall(r'"(\d{4}-\d\d-\d\d(?:\.\w+)?)"', block)
    return json.dumps(list(dict.fromkeys(found)), indent=0) + "\n"


def files() -> dict[Path, str]:
    """Every generated file and its text."""
    return {FACTS / "shapes.json": shapes(), FACTS / "versions.json": versions()}


def main() -> int:
    """Write the files, or with `--check` only say which differ; return the exit code."""
    made = files()
    if "--check" not in sys.argv[1:]:
        for path, text in made.items():
            path.write_text(text, encoding="utf-8")
        return 0
    stale = [path.name for path, text in made.items() if path.read_text(encoding="utf-8") != text]
    if stale:
        sys.stderr.write(f"Out of date: {', '.join(stale)}. Run: make generated\n")
    return int(bool(stale))


if __name__ == "__main__":
    sys.exit(main())
