"""An object as an answer shows it: with its embedded lists, expanded, pretty-printed."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from stripe_sandbox.embedded import EMBEDDED_LIMIT, EmbeddedList, embedded_in
from stripe_sandbox.errors import Refusal
from stripe_sandbox.pretty import LIST_INDENT, indented, pretty
from stripe_sandbox.shapes import Field, fields_of, includable, shape

if TYPE_CHECKING:
    from collections.abc import Iterable

    from stripe_sandbox.json_types import JsonObject
    from stripe_sandbox.shelf import Row
    from stripe_sandbox.shelves import Shelves

DEEPEST_EXPANSION = 4


def full(shelves: Shelves, row: Row) -> JsonObject:
    """The object with the embedded lists that always come, cut at ten; nothing else expanded."""
    fields = row.fields
    asked_only = includable(row.kind)
    shown = {name: value for name, value in fields.items() if name not in asked_only}
    for row_of_list in embedded_in(row.kind).values():
        if row_of_list.always:
            shown[row_of_list.field] = embedded_list(shelves, row_of_list, fields)
    return shown


def embedded_list(shelves: Shelves, wanted: EmbeddedList, owner: JsonObject) -> JsonObject:
    """The first ten objects of an embedded list; `has_more` and `url` lead to the others."""
    rows = shelves.where(wanted.lists, wanted.by, owner["id"])
    if wanted.lists == ("subscription",):
        rows = [row for row in rows if row.fields.get("status") != "canceled"]
    return {
        "object": "list",
        "data": [full(shelves, row) for row in rows[:EMBEDDED_LIMIT]],
        "has_more": len(rows) > EMBEDDED_LIMIT,
        "url": wanted.url.format_map(owner),
    }


def expanded(shelves: Shelves, row: Row, paths: Iterable[str]) -> JsonObject:
    """The object with every path replaced by what it names."""
    shown = full(shelves, row)
    for path in sorted(paths):
        _expand(shelves, shown, path.split("."))
    return shown


def _expand(shelves: Shelves, where: Any, path: list[str]) -> None:
    """Expand in place; what is null, missing or deleted long ago stays as it is."""
    if isinstance(where, list):
        for member in where:
            _expand(shelves, member, path)
        return
    if not path or not isinstance(where, dict):
        return
    name, *rest = path
    if name in includable(str(where.get("object"))) and name not in where:
        where[name] = _included(shelves, where, name)
    where[name] = _resolved(shelves, where.get(name))
    _expand(shelves, where[name], rest)


def _included(shelves: Shelves, owner: JsonObject, name: str) -> Any:
    if (wanted := embedded_in(owner["object"]).get(name)) is not None:
        return embedded_list(shelves, wanted, owner)
    stored = shelves.shelf(owner["object"]).get(owner["id"])
    return stored.fields.get(name) if stored else None


def _resolved(shelves: Shelves, value: Any) -> Any:
    if isinstance(value, list):
        return [_resolved(shelves, member) for member in value]
    if not isinstance(value, str):
        return value
    if (row := shelves.find(value)) is not None:
        return full(shelves, row)
    return shelves.stub(value) or value


def check_expansions(kind: str, paths: Iterable[str]) -> None:
    """Refuse what Stripe refuses to expand."""
    for path in paths:
        steps = path.split(".")
        if len([step for step in steps if step != "data"]) > DEEPEST_EXPANSION:
            raise Refusal(
                400,
                f"You cannot expand more than 4 levels of a property. Property: {path}",
                code="property_expansion_max_depth",
            )
        if not _expandable(shape(kind), steps):
            raise Refusal(400, f"This property cannot be expanded ({path}).")


def _expandable(fields: dict[str, Field], steps: list[str]) -> bool:
    name, *rest = steps
    field = fields.get(name)
    if field is None:
        return False
    kinds = field.expands_to or field.lists or _whole(field)
    if kinds:
        rest = rest[1:] if field.lists and rest[:1] == ["data"] else rest
        return not rest or any(_expandable(shape(kind), rest) for kind in kinds)
    inner = field.spec[0] if isinstance(field.spec, list) else field.spec
    if not isinstance(inner, dict):
        # A hash by currency, such as a price's `currency_options`, is included on request.
        return inner == "hash" and field.optional and not rest
    if rest:
        return _expandable({f.name: f for f in fields_of(inner)}, rest)
    return field.optional


def _whole(field: Field) -> tuple[str, ...]:
    inner = field.spec[0] if isinstance(field.spec, list) else field.spec
    whole = isinstance(inner, str) and inner.startswith("object:")
    return tuple(str(inner)[7:].split("|")) if whole else ()


def list_text(shelves: Shelves, kind: str, key: int) -> str:
    """The object at this order key as it stands in a list page."""
    if (text := shelves.texts.get((kind, key))) is not None:
        return text
    shelf = shelves.shelf(kind)
    if (row := shelf.rows.get(key)) is None:
        run, number = shelf.run_of(key)
        return run.pretty(number)
    return shelves.keep_text(row, indented(pretty(full(shelves, row))))


def list_page(texts: list[str], *, has_more: bool, url: str) -> str:
    """A page of a list."""
    joined = f",\n{LIST_INDENT}".join(texts)
    data = f"[\n{LIST_INDENT}{joined}\n  ]" if texts else "[]"
    more = "true" if has_more else "false"
    return (
        f'{{\n  "object": "list",\n  "data": {data},\n'
        f'  "has_more": {more},\n  "url": {json.dumps(url)}\n}}'
    )
