"""What the user selects is what comes, in SCHEMA and RECORD alike."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

import pytest
from jsonschema import Draft202012Validator

from tap_stripe_td.errors import ConfigError
from tap_stripe_td.streams.table import STREAMS
from tests.fakes.reading import Tap

if TYPE_CHECKING:
    from tests.fakes.changing_stripe import ChangingStripe
    from tests.fakes.messages import Message, Messages

HOUR = 3600
ADDRESS = {"city": "Köln", "country": "DE", "line1": "Dom", "line2": None, "postal_code": "50667"}


@pytest.fixture
def _business(stripe: ChangingStripe) -> None:
    stripe.create("customer", id="cus_1", name="Zoë", address=ADDRESS, created=stripe.now - HOUR)
    stripe.create("charge", id="ch_1", amount=2**53 + 1, created=stripe.now - HOUR)
    stripe.advance(HOUR)


pytestmark = pytest.mark.usefixtures("_business")


@pytest.fixture(scope="module")
def discovered() -> Message:
    return Tap("http://localhost:1", "sk_test_1").catalog()


def select(discovered: Message, **streams: dict[tuple[str, ...], bool]) -> Message:
    """A catalog that selects only these streams, and of each all but what is False."""
    known = {entry["tap_stream_id"]: entry for entry in discovered["streams"]}
    entries = [copy.deepcopy(known[name]) for name in ("disputes", *streams)]
    for entry in entries:
        chosen = streams.get(entry["tap_stream_id"])
        for row in entry["metadata"]:
            crumb = tuple(row["breadcrumb"])
            row["metadata"]["selected"] = chosen is not None and chosen.get(crumb, True)
    return {"streams": entries}


def field(*names: str) -> tuple[str, ...]:
    return tuple(part for name in names for part in ("properties", name))


def properties(run: Messages, stream: str) -> dict[str, Any]:
    found: dict[str, Any] = run.schema(stream)["schema"]["properties"]
    return found


def assert_valid(run: Messages, stream: str) -> None:
    validator = Draft202012Validator(run.schema(stream)["schema"])
    for record in run.records(stream):
        validator.validate(record)


def test_discovery_shows_every_stream_with_its_key_and_how_it_is_followed(
    discovered: Message,
) -> None:
    entries = {entry["tap_stream_id"]: entry for entry in discovered["streams"]}

    assert list(entries) == sorted(stream.name for stream in STREAMS)
    assert entries["charges"]["key_properties"] == ("id",)
    assert entries["charges"]["replication_key"] == "_updated_at"
    assert entries["events"]["replication_key"] == "created"


def test_discovery_selects_what_the_target_names(discovered: Message) -> None:
    selected = {
        entry["tap_stream_id"]
        for entry in discovered["streams"]
        for row in entry["metadata"]
        if not row["breadcrumb"] and row["metadata"].get("selected-by-default")
    }

    assert selected == {stream.name for stream in STREAMS if stream.core}


def test_discovery_asks_stripe_for_nothing(stripe: ChangingStripe, tap: Tap) -> None:
    tap.catalog()

    assert stripe.requests == []


def test_only_selected_streams_come_whatever_the_target_says(tap: Tap, discovered: Message) -> None:
    run = tap.read("charges", catalog=select(discovered, customers={}))

    assert run.streams == {"customers"}
    assert run.ids("customers") == ["cus_1"]


def test_a_stream_that_only_all_holds_can_be_selected(
    stripe: ChangingStripe, tap: Tap, discovered: Message
) -> None:
    stripe.create("topup", id="tu_1", created=stripe.now - 1)

    run = tap.read(catalog=select(discovered, topups={}))

    assert run.ids("topups") == ["tu_1"]


def test_a_deselected_field_is_neither_in_schema_nor_in_records(
    tap: Tap, discovered: Message
) -> None:
    whole = tap.read("customers")
    chosen = {field("name"): False, field("address"): False}

    run = tap.read(catalog=select(discovered, customers=chosen))

    (record,), (before,) = run.records("customers"), whole.records("customers")
    assert record == {name: v for name, v in before.items() if name not in {"name", "address"}}
    assert properties(whole, "customers").keys() - properties(run, "customers").keys() == {
        "name",
        "address",
    }


def test_a_deselected_nested_field_is_neither_in_schema_nor_in_records(
    tap: Tap, discovered: Message
) -> None:
    whole = tap.read("customers")
    chosen = {field("address", "city"): False}

    run = tap.read(catalog=select(discovered, customers=chosen))

    (record,), (before,) = run.records("customers"), whole.records("customers")
    without_city = {name: v for name, v in ADDRESS.items() if name != "city"}
    assert record == {**before, "address": without_city}
    assert "city" not in properties(run, "customers")["address"]["properties"]


def test_the_key_comes_though_it_was_deselected(tap: Tap, discovered: Message) -> None:
    run = tap.read(catalog=select(discovered, customers={field("id"): False}))

    assert run.ids("customers") == ["cus_1"]


def test_a_stream_map_computes_renames_and_drops(tap: Tap) -> None:
    maps = {"customers": {"shouted": "name.upper()", "name": None}}

    run = tap.read("customers", stream_maps=maps)

    (record,) = run.records("customers")
    assert record["shouted"] == "ZOË"
    assert "name" not in record
    assert "shouted" in properties(run, "customers")
    assert_valid(run, "customers")


def test_the_slow_way_says_the_same_as_the_fast_way(tap: Tap) -> None:
    fast = tap.read("charges", "customers")

    slow = tap.read("charges", "customers", stream_maps={"charges": {"one": "1"}})

    (mapped,), (unmapped,) = slow.records("charges"), fast.records("charges")
    assert {**unmapped, "one": 1} == mapped
    assert slow.records("customers") == fast.records("customers")
    assert len(slow.activated("charges")) == 1


def test_the_slow_way_is_told_once(tap: Tap, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level("INFO"):
        tap.read("charges", "customers", stream_maps={"charges": {"one": "1"}})

    told = [r.getMessage() for r in caplog.records if "field by field" in r.getMessage()]
    assert len(told) == 1
    assert told[0].startswith("`charges` is written")


def test_a_stream_that_a_map_renames_is_announced_as_whole_under_its_new_name(tap: Tap) -> None:
    run = tap.read("charges", stream_maps={"charges": {"__alias__": "renamed"}})

    versions = [m["version"] for m in run.of_type("RECORD") if m["stream"] == "renamed"]
    assert run.activated("renamed") == versions
    assert run.activated("charges") == []


def test_a_stream_that_a_map_removes_does_not_come(tap: Tap) -> None:
    run = tap.read("charges", "customers", stream_maps={"charges": "__NULL__"})

    assert {message.get("stream", "customers") for message in run.all} == {"customers"}


def test_flattening_makes_columns_of_nested_fields(tap: Tap) -> None:
    run = tap.read("customers", flattening_enabled=True, flattening_max_depth=1)

    (record,) = run.records("customers")
    assert record["address__city"] == "Köln"
    assert "address__city" in properties(run, "customers")
    assert_valid(run, "customers")


def test_a_catalog_that_selects_nothing_is_refused(
    stripe: ChangingStripe, tap: Tap, discovered: Message
) -> None:
    with pytest.raises(ConfigError, match="The catalog selects no stream"):
        tap.read(catalog=select(discovered))

    assert stripe.requests == []


def test_a_catalog_with_streams_that_nobody_has_is_refused_with_all_of_them(
    tap: Tap, discovered: Message
) -> None:
    catalog = select(discovered, customers={})
    for number, name in enumerate(("custmers", "orders")):
        entry = catalog["streams"][number]
        entry["tap_stream_id"] = entry["stream"] = name

    with pytest.raises(ConfigError) as refused:
        tap.read(catalog=catalog)

    assert [problem.split("`")[1] for problem in refused.value.problems] == ["custmers", "orders"]
