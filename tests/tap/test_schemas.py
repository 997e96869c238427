"""The generated schemas, held against the `stripe` package as Python sees it.

The generator reads the package's text; these tests import it and ask its classes, so that a
misreading does not confirm itself.
"""

from __future__ import annotations

import importlib
import json
import subprocess
import sys
from decimal import Decimal
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Union, get_args, get_origin

import pytest
import stripe
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft7Validator, Draft202012Validator
from stripe._list_object import ListObject
from stripe._object_classes import OBJECT_CLASSES
from stripe._stripe_object import StripeObject, UntypedStripeObject

from tap_stripe_td.streams.table import STREAMS

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
SCRIPT = ROOT / "tap-stripe-td" / "openapi" / "make_schemas.py"
OBJECTS = sorted({kind for stream in STREAMS for kind in stream.kinds})

each_object = pytest.mark.parametrize("name", OBJECTS)

TIME = {"type": ["null", "string"], "format": "date-time"}
KEYWORDS = {"additionalProperties", "anyOf", "format", "items", "properties", "required", "type"}
JSON_TYPES = {str: "string", int: "integer", float: "number", bool: "boolean", Decimal: "string"}


@cache
def schema(name: str) -> dict[str, Any]:
    text = files("tap_stripe_td.schemas").joinpath(f"{name}.json").read_text("utf-8")
    parsed: dict[str, Any] = json.loads(text)
    return parsed


def class_of(name: str) -> type[StripeObject]:
    module, cls = OBJECT_CLASSES[name]
    found: type[StripeObject] = getattr(importlib.import_module(module), cls)
    return found


def hints(cls: type[StripeObject]) -> Iterator[tuple[str, Any]]:
    """Yield every field of a class by its name on the wire, with its type."""
    for name, hint in cls.__annotations__.items():
        if name != "OBJECT_NAME" and not name.startswith("_"):
            yield cls._field_remappings.get(name, name), hint


def bare(hint: Any) -> Any:
    """Take `Optional` off, and the literals of an open enum."""
    if get_origin(hint) is Union:
        members = [
            m for m in get_args(hint) if m is not type(None) and get_origin(m) is not Literal
        ]
        return members[0] if len(members) == 1 else hint
    return hint


def parts(path: str, hint: Any, described: dict[str, Any]) -> Iterator[tuple[str, Any, Any]]:
    """Yield path, class and schema of every part that a field is made of."""
    hint = bare(hint)
    if isinstance(hint, type) and issubclass(hint, StripeObject):
        yield path, hint, described
    elif get_origin(hint) is list:
        yield from parts(f"{path}[]", get_args(hint)[0], described["items"])
    elif get_origin(hint) is UntypedStripeObject and get_args(hint)[0] is not Any:
        yield from parts(f"{path}{{}}", get_args(hint)[0], described["additionalProperties"])


def missing(path: str, cls: type[StripeObject], described: dict[str, Any]) -> Iterator[str]:
    """Yield every field, at any depth, that the package types and the schema does not have."""
    for field, hint in hints(cls):
        if field not in described["properties"]:
            yield f"{path}.{field}"
        else:
            for part in parts(f"{path}.{field}", hint, described["properties"][field]):
                yield from missing(*part)


@each_object
def test_every_field_that_the_package_types_is_in_the_schema(name: str) -> None:
    assert list(missing(name, class_of(name), schema(name))) == []


@each_object
def test_the_schema_has_no_field_that_the_package_does_not_know(name: str) -> None:
    known = {field for field, _ in hints(class_of(name))}

    assert set(schema(name)["properties"]) - known <= {"id"}


@each_object
def test_plain_fields_have_their_json_type_and_only_integers_are_times(name: str) -> None:
    for field, hint in hints(class_of(name)):
        plain = JSON_TYPES.get(bare(hint))
        if plain and field not in {"id", "object"}:
            time = [TIME] if plain == "integer" else []
            assert schema(name)["properties"][field] in [{"type": ["null", plain]}, *time]


@each_object
def test_only_the_key_and_the_object_s_name_are_never_null(name: str) -> None:
    never_null = {f for f, s in schema(name)["properties"].items() if "null" not in str(s)}

    assert never_null == {"id", "object"}


@each_object
def test_a_creation_time_is_a_date_time(name: str) -> None:
    created = schema(name)["properties"].get("created", {"format": "date-time"})

    assert created["format"] == "date-time"


def keywords(described: Any) -> Iterator[str]:
    """Yield every JSON Schema keyword in a schema, at any depth."""
    match described:
        case {"properties": inner, **rest}:
            yield "properties"
            for part in [*inner.values(), rest]:
                yield from keywords(part)
        case dict():
            yield from described
            for part in described.values():
                yield from keywords(part)
        case list():
            for part in described:
                yield from keywords(part)


@each_object
def test_schemas_are_valid_and_use_only_keywords_that_mean_the_same_in_every_draft(
    name: str,
) -> None:
    Draft7Validator.check_schema(schema(name))
    assert set(keywords(schema(name))) <= KEYWORDS


@pytest.mark.parametrize("name", ["event", "price", "product"])  # the newer draft checks slowly
def test_schemas_are_valid_in_the_newest_draft(name: str) -> None:
    Draft202012Validator.check_schema(schema(name))


@given(st.sampled_from(OBJECTS), st.data())
def test_any_field_may_be_null_or_left_out(name: str, data: st.DataObject) -> None:
    nullable = sorted(set(schema(name)["properties"]) - {"id", "object"})
    nulls = data.draw(st.lists(st.sampled_from(nullable), unique=True))

    assert Draft7Validator(schema(name)).is_valid({"id": "x", **dict.fromkeys(nulls)})


@given(st.sampled_from(OBJECTS), st.dictionaries(st.text(min_size=40), st.integers() | st.text()))
def test_fields_that_stripe_adds_later_are_valid(name: str, added: dict[str, Any]) -> None:
    assert Draft7Validator(schema(name)).is_valid({"id": "x", **added})


@each_object
def test_a_tombstone_is_valid(name: str) -> None:
    Draft7Validator(schema(name)).validate({"id": "x", "deleted": True})


@each_object
def test_a_record_without_an_id_is_refused(name: str) -> None:
    assert not Draft7Validator(schema(name)).is_valid({"object": name})


EXAMPLES: dict[str, dict[str, Any]] = {
    "charge": {
        "id": "ch_1",
        "object": "charge",
        "amount": 9007199254740993,
        "balance_transaction": "txn_1",
        "billing_details": {"address": {"city": "Zürich", "line2": None}, "name": "Ada 🦊"},
        "created": "2026-11-23T08:00:00Z",
        "customer": {"id": "cus_1", "object": "customer", "deleted": True},
        "metadata": {"order": "6735"},
        "payment_method_details": {"card": {"brand": "visa", "exp_year": 2030}, "type": "card"},
        "status": "a_status_of_tomorrow",
    },
    "subscription": {
        "id": "sub_1",
        "object": "subscription",
        "canceled_at": "2026-11-23T08:00:00Z",
        "discounts": ["di_1", {"id": "di_2", "object": "discount"}],
        "items": {
            "object": "list",
            "data": [
                {
                    "id": "si_1",
                    "object": "subscription_item",
                    "current_period_end": 1796054400,
                    "price": {"id": "price_1", "unit_amount_decimal": "12.5"},
                }
            ],
            "has_more": True,
            "url": "/v1/subscription_items?subscription=sub_1",
            "total_count": 11,
        },
        "status": "canceled",
    },
    "price": {
        "id": "price_1",
        "object": "price",
        "currency_options": {"eur": {"unit_amount": 1000, "unit_amount_decimal": "1000"}},
        "tiers": [{"flat_amount_decimal": "0.5", "unit_amount": None, "up_to": None}],
        "unit_amount_decimal": "0.000000000001",
    },
    "invoiceitem": {
        "id": "ii_1",
        "object": "invoiceitem",
        "date": "2026-11-23T08:00:00Z",
        "period": {"end": 1796054400, "start": 1793462400},
    },
    "event": {
        "id": "evt_1",
        "object": "event",
        "created": "2026-11-23T08:00:00Z",
        "data": {
            "object": {"id": "ch_1", "created": 1796054400},
            "previous_attributes": {"metadata": {"order": None}, "items": [1, "two"]},
        },
        "request": {"id": None, "idempotency_key": None},
    },
    "exchange_rate": {"id": "usd", "object": "exchange_rate", "rates": {"eur": 0.9, "jpy": 150}},
    "tax.registration": {
        "id": "taxreg_1",
        "object": "tax.registration",
        "country_options": {"in": {"type": "simplified"}, "is": None},
    },
    "scheduled_query_run": {
        "id": "sqr_1",
        "object": "scheduled_query_run",
        "data_load_time": "2026-11-23T08:00:00Z",
        "file": {"id": "file_1", "object": "file", "created": 1796054400, "links": {"data": []}},
    },
}


@pytest.mark.parametrize("name", EXAMPLES)
def test_what_stripe_sends_is_valid(name: str) -> None:
    Draft7Validator(schema(name)).validate(EXAMPLES[name])


@pytest.mark.parametrize(
    ("name", "field", "wrong"),
    [
        ("charge", "amount", "12.00"),
        ("price", "unit_amount_decimal", 12.5),
        ("customer", "metadata", {"order": 6735}),
        ("subscription", "items", ["si_1"]),
        ("invoice", "created", 1796054400),
    ],
)
def test_a_value_of_another_type_is_refused(name: str, field: str, wrong: object) -> None:
    assert not Draft7Validator(schema(name)).is_valid({"id": "x", field: wrong})


def test_names_that_resemble_one_another_have_schemas_of_their_own() -> None:
    assert "cardholder" in schema("issuing.card")["properties"]
    assert "network_reason_code" not in schema("issuing.dispute")["properties"]
    assert "purpose" in schema("file")["properties"]
    assert "ownership" in schema("financial_connections.account")["properties"]


def test_an_embedded_list_has_typed_items() -> None:
    lines = schema("invoice")["properties"]["lines"]["properties"]
    typed = {field for field, _ in hints(stripe.InvoiceLineItem)}

    assert set(lines) == {"data", "has_more", "object", "url"}
    assert typed <= set(lines["data"]["items"]["properties"])
    assert get_origin(bare(dict(hints(stripe.Invoice))["lines"])) is ListObject


def test_the_schemas_tell_the_api_version_they_were_made_for() -> None:
    text = files("tap_stripe_td.schemas").joinpath("api_version.txt").read_text("utf-8")

    assert text == stripe.api_version + "\n"


def test_the_schemas_are_up_to_date() -> None:
    done = subprocess.run(
        [sys.executable, SCRIPT, "--check"], check=False, capture_output=True, text=True
    )

    assert (done.returncode, done.stderr) == (0, "")
