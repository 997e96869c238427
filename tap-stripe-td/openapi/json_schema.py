"""The JSON Schema of one API object.

Everything may be null and every object may hold more than is written here, because Stripe leaves
fields out, sets them to null and adds new ones without a new API version. Only `id` and `object`,
at the top, are always there: a record without an id is none.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from annotations import (
    AnyObject,
    Expandable,
    Kind,
    ListOf,
    MapOf,
    Named,
    OneOf,
    Page,
    Scalar,
)

if TYPE_CHECKING:
    from sdk import Sdk, SdkClass

Schema: TypeAlias = Mapping[str, Any]

ANY_OBJECT: Final[Schema] = {"type": ["null", "object"], "additionalProperties": True}
TIME: Final[Schema] = {"type": ["null", "string"], "format": "date-time"}

_EXPANDABLE: Final[Schema] = {"type": ["null", "string", "object"], "additionalProperties": True}
_ALWAYS_THERE: Final = ("id", "object")


def object_schema(sdk: Sdk, name: str, times: frozenset[str]) -> Schema:
    """Describe the records of the object that Stripe calls `name`.

    Its fields in `times` are date-times: the tap turns Unix times at the top of a record into
    RFC 3339. What is nested stays as Stripe sent it, so times in there are integers.
    """
    cls = sdk.objects[name]
    fields = _properties(sdk, cls, (cls,))
    known_times = {field: TIME for field in fields if field in times}
    always = {field: {"type": "string"} for field in _ALWAYS_THERE}
    return {
        "type": "object",
        "required": ["id"],
        "properties": dict(sorted({**fields, **known_times, **always}.items())),
    }


def _properties(sdk: Sdk, cls: SdkClass, above: tuple[SdkClass, ...]) -> dict[str, Schema]:
    return {field: _value(sdk, kind, cls, above) for field, kind in sorted(cls.fields.items())}


def _value(sdk: Sdk, kind: Kind, within: SdkClass, above: tuple[SdkClass, ...]) -> Schema:
    """Describe a value of the class `within`; `above` are the API objects around it."""
    match kind:
        case Scalar(json_type):
            return {"type": ["null", json_type]}
        case AnyObject():
            return ANY_OBJECT
        case Expandable():
            return _EXPANDABLE
        case Named(name):
            return _object(sdk, sdk.resolve(name, within), above)
        case OneOf(members):
            return {"anyOf": [_value(sdk, member, within, above) for member in members]}
        case ListOf(inner) | MapOf(inner) | Page(inner):
            return _container(kind, _value(sdk, inner, within, above))


def _container(kind: ListOf | MapOf | Page, inner: Schema) -> Schema:
    match kind:
        case ListOf():
            return {"type": ["null", "array"], "items": inner}
        case MapOf():
            return {"type": ["null", "object"], "additionalProperties": inner}
        case Page():
            return _page(inner)


def _object(sdk: Sdk, cls: SdkClass, above: tuple[SdkClass, ...]) -> Schema:
    """Describe a part, or an API object inside the record's; deeper ones are any object.

    One level is what people query (`invoice.lines`, `subscription.items`); below it the objects
    contain one another without end.
    """
    if not cls.object:
        return {"type": ["null", "object"], "properties": _properties(sdk, cls, above)}
    if len(above) > 1 or cls in above:
        return ANY_OBJECT
    return {"type": ["null", "object"], "properties": _properties(sdk, cls, (*above, cls))}


def _page(item: Schema) -> Schema:
    return {
        "type": ["null", "object"],
        "properties": {
            "data": {"type": ["null", "array"], "items": item},
            "has_more": {"type": ["null", "boolean"]},
            "object": {"type": ["null", "string"]},
            "url": {"type": ["null", "string"]},
        },
    }
