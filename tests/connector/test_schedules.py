"""Schedules by hand: create, list, show, update, delete."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.connector.workshop import Workshop


def test_a_created_schedule_is_shown_with_its_settings_and_without_its_key(
    workshop: Workshop,
) -> None:
    file = workshop.folder / "load.yml"
    file.write_text(
        "in:\n  type: stripe\n  secret_key: sk_test_abcdefgh\n"
        "  start_datetime: 2017-01-13T07:36:22.000Z\nout:\n  mode: replace\n"
    )

    said = workshop.td(
        "create", "daily_stripe_import", "10 0 * * *", "td_sample_db", "td_sample_table", "load.yml",
        "-t", "Asia/Tokyo", "-D", "60",
    )  # fmt: skip

    assert said.code == 0
    lines = said.out.splitlines()
    assert lines[6].startswith("Next     : ")
    assert lines[6].endswith(" 00:11:00 +0900")
    assert lines[7] == f"Folder   : {workshop.folder}"
    assert lines[:6] + lines[8:] == [
        "Name     : daily_stripe_import",
        "Cron     : 10 0 * * *",
        "Timezone : Asia/Tokyo",
        "Delay    : 60",
        "Database : td_sample_db",
        "Table    : td_sample_table",
        "Config",
        "---",
        "in:",
        "  type: stripe",
        "  secret_key: '***'",
        "  start_datetime: 2017-01-13 07:36:22+00:00",
        "out:",
        "  mode: replace",
        "",
        "Config Diff",
        "--- {}",
    ]
    assert workshop.td("show", "daily_stripe_import").out == said.out


def test_schedules_are_listed_by_name(workshop: Workshop) -> None:
    workshop.create("b", "@hourly")
    workshop.create("a", "@daily")

    said = workshop.td("list")

    assert [row["Name"] for row in workshop.td("list", "-f", "json").rows] == ["a", "b"]
    assert said.out.splitlines()[-1] == "2 rows in set"
    assert said.out.splitlines()[1].split()[1::2] == [
        "Name", "Cron", "Timezone", "Delay", "Database", "Table", "Next",
    ]  # fmt: skip


def test_everything_wrong_with_a_new_schedule_is_told_at_once(workshop: Workshop) -> None:
    said = workshop.td("create", "x", "61 * * * *", "d", "t", "no.yml", "-t", "PST")

    assert said.code == 2
    assert len(said.err.splitlines()) == 3
    assert "impossible minute" in said.err
    assert "`America/Los_Angeles`" in said.err
    assert "There is no settings file `no.yml`" in said.err
    assert workshop.td("list").out == "0 rows in set\n"


def test_what_the_programs_say_of_the_settings_is_told_and_nothing_is_stored(
    workshop: Workshop,
) -> None:
    said = workshop.create(
        "daily", "61 * * * *", secret_key="hunter2hunter2",
        wrong="hunter2hunter2 is no key.", out={"wrong": "`mode` is `upsert`."},
    )  # fmt: skip

    assert said.code == 2
    assert [line.partition(": ")[2] for line in said.err.splitlines()][1:] == [
        "tap-stripe-td: *** is no key.",
        "target-td-table: `mode` is `upsert`.",
    ]
    assert workshop.td("list").out == "0 rows in set\n"


def test_a_schedule_is_not_updated_to_what_a_program_refuses(workshop: Workshop) -> None:
    workshop.create("daily")
    before = workshop.show("daily")
    (workshop.folder / "state.json").write_text('{"last": 5}')
    file = workshop.load_file(out={"wrong": "`mode` is `upsert`."})

    for arguments, sentence in (
        (["--config", file], "target-td-table: `mode` is `upsert`."),
        (["--state", "state.json"], "tap-stripe-td: No `next`."),
    ):
        said = workshop.td("update", "daily", *arguments)
        assert (said.code, said.err) == (2, f"td-connector: {sentence}\n")
    assert workshop.show("daily") == before


def test_a_program_that_cannot_check_settings_is_named(
    workshop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    (workshop.folder / "old").write_text("#!/bin/sh\nexit 2\n")
    (workshop.folder / "old").chmod(0o755)
    monkeypatch.setenv("TD_CONNECTOR_TAP", str(workshop.folder / "old"))

    said = workshop.create("daily")

    assert said.code == 1
    assert said.err.startswith(
        "td-connector: `tap-stripe-td --check-settings` gave no answer (exit code 2). Install this"
    )


@pytest.mark.parametrize(
    ("missing", "other"), [("TAP", "target-td-table"), ("TARGET", "tap-stripe-td")]
)
def test_a_program_that_is_on_another_machine_keeps_nobody_from_changing_schedules(
    workshop: Workshop, monkeypatch: pytest.MonkeyPatch, missing: str, other: str
) -> None:
    monkeypatch.setenv(f"TD_CONNECTOR_{missing}", "not-here")

    for said in (workshop.create("daily"), workshop.td("update", "daily", "-t", "t2")):
        assert said.code == 0
        assert said.err.startswith(f"`TD_CONNECTOR_{missing}` names `not-here`, which cannot be")
        assert said.err.endswith("Its settings are kept unchecked; it checks them when it runs.\n")
    assert workshop.show("daily")["Table"] == "t2"

    # What is here still checks its own.
    file = workshop.load_file("wrong.yml", wrong="No.", out={"wrong": "No."})
    said = workshop.td("update", "daily", file)
    assert (said.code, said.err) == (2, f"td-connector: {other}: No.\n")


def test_a_file_beside_another_folder_is_none_of_a_schedules_settings(
    workshop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A relative path means a place in the folder in which the schedule runs."""
    monkeypatch.delenv("TD_CONNECTOR_TAP")
    monkeypatch.delenv("TD_CONNECTOR_TARGET")
    assert (
        workshop.create("daily", target="charge", out={"destination": "duckdb:///out.duckdb"}).code
        == 0
    )
    elsewhere = workshop.folder / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "out.duckdb").write_text("no database")
    monkeypatch.chdir(elsewhere)

    said = workshop.td("update", "daily", "-t", "t2", "--store", workshop.store)

    assert (said.code, said.err) == (0, "")


def test_a_schedule_of_a_folder_that_is_on_another_machine_is_checked_all_the_same(
    workshop: Workshop,
) -> None:
    workshop.create("daily", wrong="")
    there, gone = workshop.folder, workshop.folder.with_name("gone")
    there.rename(gone)
    try:
        assert workshop.td("update", "daily", "-t", "t2").code == 0
    finally:
        gone.rename(there)


def test_the_programs_themselves_check_the_settings(
    workshop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("TD_CONNECTOR_TAP")
    monkeypatch.delenv("TD_CONNECTOR_TARGET")

    said = workshop.create("daily", target="charg", out={"destination": "oracle://x"})
    assert said.code == 2
    told = said.err.splitlines()
    assert told[0].startswith("td-connector: tap-stripe-td: There is no stream `charg`")
    assert told[1].startswith("td-connector: target-td-table: There is no loader for `oracle://`")

    assert workshop.create("daily", target="charge").code == 0


@pytest.mark.parametrize(
    "arguments",
    [
        ("create", "x", "@daily", "d"),
        ("create", " ", "@daily", "d", "t", "load.yml"),
        ("create", "daily", "@daily", "d", "t", "load.yml"),
        ("create", "x", "@daily", "d", "t", "load.yml", "-D", "-1"),
        ("create", "x", "@daily", "d", "t", "load.yml", "--meltano-job", "j"),
        ("show", "nope"),
        ("update", "daily"),
        ("update", "daily", "-z", "JST"),
        ("update", "daily", "--config-diff", "load.txt"),
        ("delete", "nope"),
        ("history", "nope"),
        ("run", "nope"),
        ("run", "daily", "yesterday"),
        ("job", "99"),
        ("job", "x"),
        ("list", "-f", "xml"),
        ("nope",),
    ],
)
def test_what_the_user_must_change_ends_with_2_and_a_sentence(
    workshop: Workshop, arguments: tuple[str, ...]
) -> None:
    workshop.create("daily")

    said = workshop.td(*arguments)

    assert said.code == 2
    assert said.out == ""
    assert said.err.rstrip().endswith((".", "'tsv'."))
    assert "Traceback" not in said.err


def test_an_update_changes_what_is_given_and_nothing_else(workshop: Workshop) -> None:
    workshop.create("daily", "@daily", "-t", "Asia/Tokyo")
    before = workshop.show("daily")

    workshop.td("update", "daily", "-n", "hourly", "-s", "@hourly", "-D", "5", "-d", "e")
    after = workshop.show("hourly")

    changed = {name: value for name, value in after.items() if value != before[name]}
    assert changed.pop("Next") != before["Next"]
    assert changed == {"Name": "hourly", "Cron": "@hourly", "Delay": 5, "Database": "e"}


def test_a_schedule_without_a_cron_line_runs_only_by_hand(workshop: Workshop) -> None:
    workshop.create("daily", rows=1)
    workshop.td("update", "daily", "--schedule", "")

    assert workshop.show("daily")["Next"] == ""
    assert workshop.td("scheduler", "--once").code == 0
    assert workshop.ids() == []
    assert workshop.td("run", "daily", "--wait").code == 0
    assert workshop.ids() == [0]


def test_a_deleted_schedule_is_shown_once_more_and_its_jobs_stay(workshop: Workshop) -> None:
    workshop.create("daily", rows=1)
    workshop.td("run", "daily", "--wait")

    said = workshop.td("delete", "daily")

    assert said.out.startswith("Deleted session\n--\nName     : daily\n")
    assert workshop.td("show", "daily").code == 2
    assert workshop.job(1)["Status"] == "success"
