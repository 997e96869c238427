"""Make a full object of any kind from its shape."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from stripe_sandbox.ids import new_id
from stripe_sandbox.shapes import Field, fields_of, includable, shape

if TYPE_CHECKING:
    from collections.abc import Mapping

    from stripe_sandbox.json_types import JsonObject, UnixSeconds

# Fields of which a plausible value says more than the first of its type.
KNOWN_VALUES: Mapping[str, Any] = {
    "country": "US",
    "currency": "usd",
    "default_currency": "usd",
    "display_name": "Sandbox",
    "email": "jenny.rosen@example.com",
    "exp_month": 8,
    "exp_year": 2030,
    "fingerprint": "Xt5EWLLDS7FJjR1c",
    "interval_count": 1,
    "last4": "4242",
    "name": "Jenny Rosen",
    "quantity": 1,
    "version": 1,
}
NEVER_STORED = frozenset({"deleted"})


def make(kind: str, object_id: str, now: UnixSeconds, given: Mapping[str, Any]) -> JsonObject:
    """A full object: every typed field, null where Stripe allows it, then the given fields.

    Embedded lists are not part of it (their objects are kept on their own), nor are the fields
    that Stripe includes on request only, unless given. `created` is now wherever it exists.
    """
    made: JsonObject = {"id": object_id, "object": kind}
    for field in shape(kind).values():
        if not field.lists and field.name not in includable(kind) | NEVER_STORED:
            made.setdefault(field.name, default(field, object_id, now))
    if "created" in shape(kind):
        made["created"] = now
    made.update(given)
    return made


def default(field: Field, seed: str, now: UnixSeconds) -> Any:
    """A value for a field of an object; null when it is optional."""
    if field.optional and field.name != "metadata":
        return None
    if field.name in KNOWN_VALUES and isinstance(field.spec, str):
        return KNOWN_VALUES[field.name]
    if field.name in {"created", "date"} and field.spec == "integer":
        return now
    return value(field, seed, now)


def value(field: Field, seed: str, now: UnixSeconds) -> Any:
    """A value of the field's type, the same for the same seed."""
    spec = field.spec
    if isinstance(spec, list):
        return []
    if isinstance(spec, dict):
        return nested(spec, seed, now)
    if spec.startswith("="):
        return spec[1:].split("|")[0]
    if spec.startswith("@"):
        return new_id(spec[1:].split("|")[0], f"{seed}/{field.name}")
    if spec.startswith("object:"):
        kind = spec[7:].split("|")[0]
        return make(kind, new_id(kind, f"{seed}/{field.name}"), now, {})
    return f"{field.name}_{seed[-6:]}" if spec == "string" else {**PLAIN_VALUES, "hash": {}}[spec]


PLAIN_VALUES: Mapping[str, Any] = {
    "integer": 0,
    "number": 0.5,
    "boolean": False,
    "decimal": "0.5",
}


def nested(spec: dict[str, Any], seed: str, now: UnixSeconds) -> JsonObject:
    """A nested hash; optional hashes inside are left out, as Stripe leaves out other payment types."""
    return {
        field.name: default(field, seed, now)
        for field in fields_of(spec)
        if not (field.optional and isinstance(field.spec, dict))
    }
