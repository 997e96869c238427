"""`--preview` shows the first rows of each stream and touches nothing."""

from __future__ import annotations

import csv
import io
import json
from typing import TYPE_CHECKING

import pytest

from tap_stripe_td.errors import ConfigError
from tap_stripe_td.preview import Column, Format, Preview, render
from tap_stripe_td.tap import TapStripeTd
from tests.fakes.programs import run_tap

if TYPE_CHECKING:
    from pathlib import Path

    from tests.fakes.changing_stripe import ChangingStripe
    from tests.fakes.reading import Tap

PREVIEW = Preview(
    "charges",
    (Column("id", "string"), Column("created", "timestamp"), Column("paid", "boolean"),
     Column("amount", "long"), Column("metadata", "json")),
    (
        {"id": "ch_1", "created": "2017-01-13T07:36:22Z", "paid": True, "amount": 5,
         "metadata": {"a": "ü|\n"}},
        {"id": "ch_2"},
    ),
)  # fmt: skip


def test_a_table_heads_columns_with_their_type_and_quotes_strings() -> None:
    lines = render([PREVIEW], Format.TABLE, width=None).splitlines()

    assert lines[1].split(" | ")[:3] == [
        "| id:string",
        "created:timestamp            ",
        "paid:boolean",
    ]
    assert '| "ch_1"    | "2017-01-13 07:36:22.000 UTC" | true ' in lines[3]
    assert "| nil " in lines[4]
    assert lines[-1] == "2 rows in set"


@pytest.mark.parametrize("width", [40, 60, 80, 200])
def test_a_table_is_never_wider_than_the_terminal(width: int) -> None:
    lines = render([PREVIEW], Format.TABLE, width=width).splitlines()

    assert max(len(line) for line in lines if line.startswith(("|", "+"))) <= width


def test_what_does_not_fit_is_counted() -> None:
    assert "2 more columns do not fit" in render([PREVIEW], Format.TABLE, width=50)


def test_json_holds_every_value_as_it_is() -> None:
    shown = json.loads(render([PREVIEW], Format.JSON, width=None))

    assert shown["charges"][0] == PREVIEW.rows[0]


@pytest.mark.parametrize(("form", "delimiter"), [(Format.CSV, ","), (Format.TSV, "\t")])
def test_separated_values_can_be_read_back(form: Format, delimiter: str) -> None:
    text = render([PREVIEW], form, width=None)

    head, first, second = csv.reader(io.StringIO(text), delimiter=delimiter)
    assert head[:2] == ["id:string", "created:timestamp"]
    assert (first[0], json.loads(first[4])) == ("ch_1", {"a": "ü|\n"})
    assert second == ["ch_2", "", "", "", ""]


def test_one_request_a_stream_is_made(stripe: ChangingStripe, tap: Tap) -> None:
    for _ in range(30):
        stripe.create("charge")
    settings = {**tap.settings, "target": ["charges", "events"]}

    charges, events = TapStripeTd(config=settings).previews()

    assert isinstance(charges, Preview)
    assert isinstance(events, Preview)
    assert (len(charges.rows), len(events.rows)) == (10, 10)
    assert [asked.path for asked in stripe.requests] == ["/v1/charges", "/v1/events"]


def test_a_stream_that_is_refused_leaves_the_others(
    tmp_path: Path, stripe: ChangingStripe, tap: Tap
) -> None:
    stripe.create("charge", id="ch_1")
    key = stripe.restrict("rk_test_few", "charge_read")
    settings = {**tap.settings, "secret_key": key, "target": ["charges", "payouts"]}

    run = run_tap(tmp_path, settings, "--preview", "--format", "json")

    assert [row["id"] for row in json.loads(run.stdout)["charges"]] == ["ch_1"]
    assert run.exit_code == 1
    assert "`payout_read`" in run.sentences[0]
    assert not (tmp_path / "state.json").exists()


@pytest.mark.parametrize("form", ["csv", "tsv"])
def test_separated_values_of_several_streams_are_refused_before_any_is_asked_for(
    stripe: ChangingStripe, tap: Tap, form: str
) -> None:
    preview = TapStripeTd(config={**tap.settings, "target": ["charges", "invoices"]})

    with pytest.raises(ConfigError, match="holds one stream, but 2 are selected"):
        preview.print_previews(form)

    assert stripe.requests == []
