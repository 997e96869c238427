"""The stream table, held against the `stripe` package and against itself."""

from __future__ import annotations

import importlib
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any, get_args

import pytest
import stripe
from hypothesis import given
from hypothesis import strategies as st
from stripe._listable_api_resource import ListableAPIResource
from stripe._object_classes import OBJECT_CLASSES

from stripe_sandbox.endpoints import endpoints
from stripe_sandbox.owners import owner_kind
from tap_stripe_td.discovery import stream_schema
from tap_stripe_td.streams.row import Coverage, CreatedFilter, Paging, Stream
from tap_stripe_td.streams.table import (
    GONE,
    LEFT_OUT,
    STREAMS,
    known_names,
    listed_with,
    named,
)

ROOT = Path(__file__).parents[2]

OLD_NAMES = {
    "account": ("account", "accounts"),
    "application_fee": ("application_fees",),
    "balance_history": ("balance_transactions",),
    "charge": ("charges",),
    "coupon": ("coupons",),
    "customer": ("customers",),
    "dispute": ("disputes",),
    "event": ("events",),
    "file_upload": ("files",),
    "invoice": ("invoices",),
    "invoice_item": ("invoice_items",),
    "plan": ("plans",),
    "product": ("products",),
    "refund": ("refunds",),
    "subscription": ("subscriptions",),
    "transfer": ("transfers",),
}

NEW_IN_CORE = {
    "checkout_sessions",
    "credit_notes",
    "invoice_lines",
    "payment_intents",
    "payment_methods",
    "payouts",
    "prices",
    "promotion_codes",
    "setup_intents",
    "subscription_items",
    "tax_rates",
}

LISTS = [s for s in STREAMS if s.paging is not Paging.SINGLE and s.parent is None]
CHILDREN = [stream for stream in STREAMS if stream.parent is not None]

each_stream = pytest.mark.parametrize("stream", STREAMS, ids=lambda stream: stream.name)
each_child = pytest.mark.parametrize("stream", CHILDREN, ids=lambda stream: stream.name)
each_list = pytest.mark.parametrize("stream", LISTS, ids=lambda stream: stream.name)


def list_params(module: str, name: str) -> Any:
    """Return the typed parameters of a list in the `stripe` package."""
    folder = ".".join(["stripe.params", *module.split(".")[1:-1]])
    return getattr(importlib.import_module(folder), f"{name}ListParams")


def lists_of_the_package() -> dict[str, Any]:
    """Return path and parameters of every list that hangs on nothing."""
    found = {}
    for module, name in OBJECT_CLASSES.values():
        cls = getattr(importlib.import_module(module), name)
        if issubclass(cls, ListableAPIResource):
            found[cls.class_url()] = list_params(module, name)
    return {path: params for path, params in found.items() if not params.__required_keys__}


PACKAGE_LISTS = lists_of_the_package()


def event_types(hint: object) -> set[str]:
    return (
        {hint} if isinstance(hint, str) else {t for arg in get_args(hint) for t in event_types(arg)}
    )


def schema_of(stream: Stream) -> dict[str, Any]:
    return stream_schema(stream, stream.expand)


def test_every_top_level_list_of_the_package_is_a_stream_and_nothing_else() -> None:
    assert {stream.path for stream in LISTS} == set(PACKAGE_LISTS)
    assert len(LISTS) == 78


def test_every_list_that_hangs_on_an_object_is_a_stream_or_is_said_to_be_none() -> None:
    hanging = {e.path for e in endpoints() if e.nested or e.required}

    assert {stream.path for stream in CHILDREN}.isdisjoint(LEFT_OUT)
    assert {stream.path for stream in CHILDREN} | set(LEFT_OUT) == hanging


@each_child
def test_a_child_asks_for_its_parent_as_its_list_wants(stream: Stream) -> None:
    assert stream.parent is not None
    (endpoint,) = (e for e in endpoints() if e.path == stream.path)

    assert endpoint.required == ((stream.parent.parameter,) if stream.parent.parameter else ())
    assert ("{id}" in stream.path) is not bool(stream.parent.parameter)
    assert (stream.paging is Paging.CURSOR) == (endpoint.paging != "none")
    assert set(endpoint.object) == set(stream.kinds)


@each_child
def test_a_child_hangs_on_a_stream_whose_objects_have_the_list(stream: Stream) -> None:
    assert stream.parent is not None
    (endpoint,) = (e for e in endpoints() if e.path == stream.path)
    parent = listed_with(stream)

    assert parent in LISTS
    assert parent.object == owner_kind(endpoint)
    top = stream.parent.field.split(".")[0]
    assert not top or top in schema_of(parent)["properties"]
    assert stream.parent.key_field in schema_of(stream)["properties"]


def test_the_own_account_is_the_only_stream_that_is_no_list() -> None:
    assert [s.path for s in STREAMS if s.paging is Paging.SINGLE] == ["/v1/account"]


@each_list
def test_a_row_sends_only_parameters_that_its_list_takes(stream: Stream) -> None:
    takes = set(PACKAGE_LISTS[stream.path].__annotations__)

    assert {*stream.params, *stream.requires} <= takes
    assert (stream.paging is Paging.CURSOR) == ("limit" in takes)


@each_list
def test_a_row_narrows_by_creation_as_its_list_can(stream: Stream) -> None:
    takes = set(PACKAGE_LISTS[stream.path].__annotations__)

    if stream.name == "product_catalog_trial_offers":  # shows no time to go on by
        assert stream.created_filter is CreatedFilter.NONE
    else:
        assert (stream.created_filter is CreatedFilter.RANGE) == ("created" in takes)
        assert (stream.created_filter is CreatedFilter.AFTER_BEFORE) == ("created_after" in takes)


@each_stream
def test_a_row_has_a_schema_with_its_key_and_its_creation_time(stream: Stream) -> None:
    fields = schema_of(stream)["properties"]

    assert set(stream.key) <= set(fields)
    if stream.created_field:
        assert fields[stream.created_field]["format"] == "date-time"
    else:
        assert "created" not in fields
        assert stream.created_filter is CreatedFilter.NONE


@each_stream
def test_a_row_expands_only_fields_that_its_object_has(stream: Stream) -> None:
    assert set(stream.expand) <= set(schema_of(stream)["properties"])


@each_stream
def test_deletes_are_among_the_events(stream: Stream) -> None:
    assert set(stream.deletes) <= set(stream.events)


@each_stream
def test_a_row_says_what_its_events_leave_out(stream: Stream) -> None:
    assert bool(stream.events) == (stream.coverage in {Coverage.FULL, Coverage.PARTIAL})
    assert bool(stream.gap) == (stream.coverage in {Coverage.PARTIAL, Coverage.NONE})
    assert not stream.gap or stream.gap.endswith(".")


def test_events_are_of_types_that_stripe_sends() -> None:
    sent = event_types(stripe.Event.__annotations__["type"])

    assert {event for stream in STREAMS for event in stream.events} <= sent


def test_an_event_belongs_to_one_stream_at_most() -> None:
    assert [e for e, n in Counter(e for s in STREAMS for e in s.events).items() if n > 1] == []


def test_a_canceled_subscription_and_a_detached_payment_method_are_not_deleted() -> None:
    deletes = {event for stream in STREAMS for event in stream.deletes}

    assert deletes.isdisjoint({"customer.subscription.deleted", "payment_method.detached"})


def test_a_preview_of_an_invoice_is_no_invoice() -> None:
    assert not [s.name for s in STREAMS if "invoice.upcoming" in s.events]


def test_subscriptions_come_with_the_canceled_ones() -> None:
    (subscriptions,) = named("subscriptions")

    assert subscriptions.params == {"status": "all"}


def test_no_two_rows_share_a_name_or_a_path() -> None:
    assert len({stream.name for stream in STREAMS}) == len(STREAMS)
    assert len({stream.path for stream in STREAMS}) == len(STREAMS)


@each_stream
def test_a_stream_is_found_by_its_own_name(stream: Stream) -> None:
    assert stream in named(stream.name)


@each_stream
def test_an_alias_is_no_other_stream_s_name_except_account(stream: Stream) -> None:
    others = {other.name for other in STREAMS} - {stream.name}

    assert set(stream.aliases) & others <= {"account"}


@pytest.mark.parametrize("old", OLD_NAMES)
def test_the_old_names_are_accepted(old: str) -> None:
    assert tuple(stream.name for stream in named(old)) == OLD_NAMES[old]


@pytest.mark.parametrize("gone", ["order", "orders", "sku", "skus"])
def test_what_left_the_api_is_refused_with_a_sentence(gone: str) -> None:
    assert named(gone) == ()
    assert "2022-11-15" in GONE[gone]
    assert "Use `" in GONE[gone]


@pytest.mark.parametrize("gone", GONE)
def test_a_refusal_names_only_streams_that_exist(gone: str) -> None:
    offered = GONE[gone].split("Use ")[1].split("`")[1::2]

    assert all(named(name) for name in offered)


def test_core_is_what_the_old_connector_read_and_what_came_after() -> None:
    old = {name for names in OLD_NAMES.values() for name in names}

    assert {stream.name for stream in named("core")} == old | NEW_IN_CORE


def test_all_leaves_out_what_cannot_be_read_by_itself() -> None:
    left_out = [stream for stream in STREAMS if stream not in named("all")]

    assert left_out == [stream for stream in STREAMS if stream.requires]


@given(st.text() | st.sampled_from(known_names()))
def test_only_known_names_are_found(name: str) -> None:
    assert bool(named(name)) == (name in known_names())


def test_the_page_of_streams_is_up_to_date() -> None:
    script = ROOT / "tap-stripe-td" / "openapi" / "make_docs.py"
    done = subprocess.run(
        [sys.executable, script, "--check"], check=False, capture_output=True, text=True
    )

    assert (done.returncode, done.stderr) == (0, "")
