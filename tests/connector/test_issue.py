"""`issue`: one load of a settings file, with real processes."""

from __future__ import annotations

import json
import os
import stat
from typing import TYPE_CHECKING, Any

import pytest

from td_connector.load_file import parse_settings

if TYPE_CHECKING:
    from tests.connector.workshop import Workshop


def test_a_load_says_its_number_and_how_it_ended(workshop: Workshop) -> None:
    said = workshop.td("issue", workshop.load_file(rows=3), "--database", "d", "--table", "t", "-w")

    assert said.code == 0
    assert said.err == ""
    assert said.out == (
        "Job 1 is queued.\nUse 'td-connector job 1' to show the status.\nStatus     : success\n"
    )
    assert workshop.ids() == [0, 1, 2]


def test_a_load_leaves_a_row_with_its_rows_and_its_log(workshop: Workshop) -> None:
    workshop.td("issue", workshop.load_file(rows=3), "--database", "d", "--table", "t", "--wait")

    job = workshop.job(1)

    assert (job["Status"], job["Records"], job["Database"], job["Table"]) == (
        "success",
        3,
        "d",
        "t",
    )
    assert job["Duration"] > 0
    assert job["Rows/s"] == round(3 / job["Duration"])
    assert job["Log"] == "tap-stripe-td: reads from 0\ntarget-td-table: d.t: 3 rows\n"


def test_a_load_with_a_format_prints_its_job_and_nothing_else(workshop: Workshop) -> None:
    said = workshop.td("issue", workshop.load_file(rows=3), "--wait", "--format", "csv")

    columns, job = said.out.splitlines()
    assert columns.startswith("JobID,Schedule,Status,Records,")
    assert job.startswith("1,,success,3,")


def test_without_wait_the_load_goes_on_after_the_command(workshop: Workshop) -> None:
    said = workshop.td("issue", workshop.load_file(rows=2, seconds=0.2))

    assert said.out == "Job 1 is queued.\nUse 'td-connector job 1' to show the status.\n"
    workshop.until(lambda: workshop.job(1)["Status"] == "success")
    assert workshop.ids() == [0, 1]


@pytest.mark.parametrize(
    ("settings", "code", "reason"),
    [
        ({"fail": 2, "say": "The key is wrong."}, 2, "tap-stripe-td: The key is wrong."),
        ({"fail": 75, "say": "Stripe is away."}, 75, "tap-stripe-td: Stripe is away."),
        ({"fail": 1}, 1, "tap-stripe-td: reads from 0"),
        ({"out": {"fail": 75, "say": "It is locked."}}, 75, "target-td-table: It is locked."),
        (
            {"out": {"die_at": 1}, "rows": 2},
            1,
            "target-td-table: was ended by SIGKILL without a word.",
        ),
    ],
)
def test_a_failure_of_either_program_is_the_loads_with_its_code_and_reason(
    workshop: Workshop, settings: dict[str, Any], code: int, reason: str
) -> None:
    said = workshop.td("issue", workshop.load_file(**settings), "--wait")

    assert said.code == code
    assert said.out.endswith("Status     : error\n")
    assert said.err == f"td-connector: {reason}\n"
    assert workshop.jobs()[0]["Reason"] == reason


def test_a_target_that_dies_takes_the_waiting_tap_with_it(workshop: Workshop) -> None:
    file = workshop.load_file(rows=3, seconds=60, out={"die_at": 0})

    assert workshop.td("issue", file, "--wait").code == 1
    assert workshop.job(1)["Duration"] < 30


def test_no_key_is_in_the_log_even_if_a_program_says_it(workshop: Workshop) -> None:
    file = workshop.load_file(secret_key="hunter2hunter2", fail=2, say="hunter2hunter2 is wrong")

    said = workshop.td("issue", file, "--wait")

    assert said.err == "td-connector: tap-stripe-td: *** is wrong\n"
    assert "hunter2" not in str(workshop.job(1))


def test_options_go_to_the_target_only_if_they_are_given(workshop: Workshop) -> None:
    workshop.td("issue", workshop.load_file(rows=0), "--wait")

    assert "main.rows: 0 rows" in workshop.job(1)["Log"]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (None, "There is no settings file `load.yml`."),
        ("in: [\n", "is neither JSON nor YAML in line 2"),
        ("", "is empty"),
    ],
)
def test_a_file_that_holds_no_settings_is_refused_before_anything_is_queued(
    workshop: Workshop, text: str | None, sentence: str
) -> None:
    if text is not None:
        (workshop.folder / "load.yml").write_text(text)

    said = workshop.td("issue", "load.yml", "--wait")

    assert said.code == 2
    assert sentence in said.err
    assert workshop.jobs() == []


def test_a_program_that_is_missing_is_named_with_how_to_install_it(
    workshop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TD_CONNECTOR_TAP", "/nowhere/tap")

    said = workshop.td("issue", workshop.load_file(), "--wait")

    assert said.code == 2
    assert (
        "Install it beside td-connector: `pip install ./tap-stripe-td` in a clone of the repository."
        in said.err
    )


def test_preview_shows_what_the_tap_shows_and_what_to_do_next(workshop: Workshop) -> None:
    file = workshop.load_file()

    assert workshop.td("preview", file).out == (
        "preview of load.yml, []\n"
        "Change load.yml and use 'td-connector preview load.yml' to preview again.\n"
        "Use 'td-connector issue load.yml' to load all of it.\n"
    )
    assert workshop.td("preview", file, "-f", "csv").out == (
        "preview of load.yml, ['--format', 'csv']\n"
    )


def test_guess_fills_a_file_in_with_every_setting_and_shows_no_key(workshop: Workshop) -> None:
    (workshop.folder / "seed.yml").write_text(
        "secret_key: sk_live_abcdefgh\ntarget: charge\nmode: replace\nmine: 1\n"
    )

    said = workshop.td("guess", "seed.yml", "-o", "load.yml")

    assert said.code == 0
    assert "sk_live" not in said.out
    assert said.out.endswith(
        "Created load.yml file.\nUse 'td-connector preview load.yml' to see what it brings.\n"
    )
    file = workshop.folder / "load.yml"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert file.read_text() == (
        "in:\n  type: stripe\n  mine: 1\n\n  # The key.\n  secret_key: sk_live_abcdefgh\n\n"
        "  # What to read.\n  target: charge\n\n  # Whether to go on.\n  # incremental: true\n"
        "\nout:\n\n  # Where the tables are.\n  # destination: duckdb:///x\n\n"
        "  # append or replace.\n  mode: replace\n"
    )


@pytest.mark.parametrize("is_flat", [True, False])
def test_guess_leaves_the_filters_that_fill_time_as_they_are(
    workshop: Workshop, *, is_flat: bool
) -> None:
    given = {"secret_key": "sk_live_abcdefgh", "target": "charge"}
    add_time = {
        "type": "add_time",
        "to_column": {"name": "time"},
        "from_column": {"name": "created", "timestamp_format": "%Y-%m-%d"},
    }
    beside = {"filters": [{"type": "rename"}, add_time], "exec": {}}
    whole = given | beside if is_flat else {"in": given} | beside
    (workshop.folder / "seed.yml").write_text(json.dumps(whole))

    assert workshop.td("guess", "seed.yml", "-o", "load.yml").code == 0

    guessed = parse_settings((workshop.folder / "load.yml").read_text())
    assert guessed.keys() == {"in", "out", "filters", "exec"}
    assert beside.items() <= guessed.items()
    assert guessed["in"] == {"type": "stripe", **given}


@pytest.mark.parametrize("kind", ["folder", "pipe"])
def test_guess_moves_nothing_away_that_is_no_file(workshop: Workshop, kind: str) -> None:
    out = workshop.folder / "out"
    out.mkdir() if kind == "folder" else os.mkfifo(out)
    seed = workshop.load_file("seed.yml", secret_key="sk_test_abcdefgh", target="charge")
    names = {path.name for path in workshop.folder.iterdir()}

    said = workshop.td("guess", seed, "-o", "out")

    assert (said.code, said.err) == (
        2,
        "td-connector: `out` is there and is no file. Name one to write with `-o`.\n",
    )
    assert {path.name for path in workshop.folder.iterdir()} == names


def test_guess_keeps_a_file_that_is_there_under_another_name(workshop: Workshop) -> None:
    (workshop.folder / "seed.yml").write_text("in: {secret_key: x, target: charge}")
    for name in ("config.yml", "config.yml.0"):
        (workshop.folder / name).write_text(name)

    workshop.td("guess", "seed.yml")

    assert (workshop.folder / "config.yml.0").read_text() == "config.yml.0"
    assert (workshop.folder / "config.yml.1").read_text() == "config.yml"


def test_guess_asks_for_a_key_and_a_target_at_once(workshop: Workshop) -> None:
    (workshop.folder / "seed.yml").write_text("in: {type: stripe}")

    said = workshop.td("guess", "seed.yml")

    assert said.code == 2
    assert [line.split(".")[0] for line in said.err.splitlines()] == [
        "td-connector: `seed",
        "td-connector: `seed",
    ]
    assert "no `secret_key`" in said.err
    assert "no `target`" in said.err
