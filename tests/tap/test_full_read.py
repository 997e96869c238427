"""The first run: everything, once, as Stripe sent it."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

import msgspec
import pytest
from jsonschema import Draft202012Validator
from singer_sdk.typing import DEFAULT_JSONSCHEMA_VALIDATOR

from stripe_sandbox.business import grow
from stripe_sandbox.messages import Request
from stripe_sandbox.server import serve
from tap_stripe_td.units import UnixSeconds, format_time
from tests.fakes.changing_stripe import ChangingStripe
from tests.fakes.reading import Tap

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.fakes.messages import Message

HOUR = 3600
DATE_TIMES = DEFAULT_JSONSCHEMA_VALIDATOR.FORMAT_CHECKER
READ = ("charges", "customers", "invoices", "payment_methods", "invoice_items", "refunds")
KINDS = ("charge", "customer", "invoice", "payment_method", "invoiceitem", "refund")
ADDED = ("_updated_at", "_account", "_sdc_deleted_at")

each_read = pytest.mark.parametrize(("stream", "kind"), [*zip(READ, KINDS, strict=True)])


@pytest.fixture(scope="module")
def stripe() -> ChangingStripe:
    """A business that stands still while it is read."""
    stripe = ChangingStripe(1_790_000_000)
    grow(stripe, customers=12)
    stripe.advance(HOUR)
    return stripe


@pytest.fixture(scope="module")
def tap(stripe: ChangingStripe) -> Iterator[Tap]:
    with serve(stripe) as url:
        yield Tap(url, stripe.key)


def bodies(stripe: ChangingStripe, path: str) -> dict[str, dict[str, msgspec.Raw]]:
    """The objects of a list by id, with the bytes of every field as Stripe sends them."""
    headers = {"authorization": f"Bearer {stripe.key}"}
    body = stripe.answer(Request("GET", path, (("limit", "100"),), headers)).body
    compact = msgspec.json.format(body, indent=-1)
    listed = msgspec.json.decode(compact, type=dict[str, msgspec.Raw])["data"]
    objects = msgspec.json.decode(listed, type=list[dict[str, msgspec.Raw]])
    return {msgspec.json.decode(fields["id"]): fields for fields in objects}


@each_read
def test_every_object_of_a_stream_comes_once(
    stripe: ChangingStripe, tap: Tap, stream: str, kind: str
) -> None:
    run = tap.read(stream)

    assert run.ids(stream) == [o["id"] for o in stripe.objects(kind)]
    assert run.exit_code == 0


def test_canceled_subscriptions_come_too(tap: Tap) -> None:
    statuses = {record["status"] for record in tap.read("subscriptions").records("subscriptions")}

    assert "canceled" in statuses


def test_a_stream_is_announced_before_its_records_and_whole_after_them(tap: Tap) -> None:
    run = tap.read("charges", "refunds")

    of_charges = [m["type"] for m in run.all if m.get("stream") == "charges"]
    assert of_charges[0] == "SCHEMA"
    assert of_charges[-1] == "ACTIVATE_VERSION"
    assert set(of_charges[1:-1]) == {"RECORD"}


def test_the_records_of_a_whole_reading_carry_the_version_that_is_activated(tap: Tap) -> None:
    run = tap.read("charges", "refunds")

    for stream in ("charges", "refunds"):
        versions = {m["version"] for m in run.of_type("RECORD") if m["stream"] == stream}
        assert versions == set(run.activated(stream))
        assert len(run.activated(stream)) == 1


def test_an_empty_stream_is_activated_too(tap: Tap) -> None:
    run = tap.read("disputes", start_datetime=1, formula="lt")

    assert run.records("disputes") == []
    assert len(run.activated("disputes")) == 1


def test_the_key_properties_are_told(tap: Tap) -> None:
    assert tap.read("charges").schema("charges")["key_properties"] == ["id"]


@each_read
def test_records_keep_to_their_schema(tap: Tap, stream: str, kind: str) -> None:
    del kind
    run = tap.read(stream)
    validator = Draft202012Validator(run.schema(stream)["schema"], format_checker=DATE_TIMES)

    problems = [error for record in run.records(stream) for error in validator.iter_errors(record)]

    assert problems == []


def test_every_field_of_a_record_is_in_its_schema(tap: Tap) -> None:
    run = tap.read(*READ)

    for stream in READ:
        known = run.schema(stream)["schema"]["properties"].keys()
        assert {name for record in run.records(stream) for name in record} <= known


def test_every_record_says_when_it_was_known_and_of_which_account(
    stripe: ChangingStripe, tap: Tap
) -> None:
    records = tap.read("charges").records("charges")

    assert {tuple(record[name] for name in ADDED) for record in records} == {
        (format_time(UnixSeconds(stripe.now)), stripe.ledger.account, None)
    }


def times_of(run_schema: Message) -> set[str]:
    properties = run_schema["schema"]["properties"]
    return {name for name, shown in properties.items() if shown.get("format") == "date-time"}


@each_read
def test_top_level_times_are_rfc_3339_in_utc(
    stripe: ChangingStripe, tap: Tap, stream: str, kind: str
) -> None:
    run = tap.read(stream)
    times = times_of(run.schema(stream)) - {*ADDED}

    for record, truth in zip(run.records(stream), stripe.objects(kind), strict=True):
        for name in times & truth.keys():
            seconds = truth[name]
            assert record[name] == (None if seconds is None else format_time(seconds))
            assert seconds is None or datetime.fromisoformat(record[name]).tzinfo is not None


@each_read
def test_everything_else_is_delivered_byte_for_byte(
    stripe: ChangingStripe, tap: Tap, stream: str, kind: str
) -> None:
    del kind
    run = tap.read(stream)
    path = "/v1/" + {"invoice_items": "invoiceitems"}.get(stream, stream)
    sent = bodies(stripe, path)
    times = times_of(run.schema(stream))
    lines = [line for line in run.stdout.splitlines() if b'"type":"RECORD"' in line]

    for line in lines[:100]:
        record = msgspec.json.decode(line, type=dict[str, msgspec.Raw])["record"]
        fields = msgspec.json.decode(record, type=dict[str, msgspec.Raw])
        truth = sent[msgspec.json.decode(fields["id"])]
        untouched = truth.keys() - times
        assert {n: bytes(fields[n]) for n in untouched} == {n: bytes(truth[n]) for n in untouched}


def test_fields_are_expanded_on_request(stripe: ChangingStripe, tap: Tap) -> None:
    run = tap.read("refunds", expand=["refunds.charge"])

    charges = {charge["id"] for charge in stripe.objects("charge")}
    assert {record["charge"]["id"] for record in run.records("refunds")} <= charges
    assert "object" in run.schema("refunds")["schema"]["properties"]["charge"]["type"]


def test_all_streams_of_core_are_read(tap: Tap) -> None:
    run = tap.read("core")

    assert run.failures == ()
    assert {"charges", "customers", "events", "account", "prices"} <= run.streams
    assert all(run.activated(stream) for stream in run.streams)
