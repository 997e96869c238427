"""Schedules by hand: create, list, show, update, delete, run, history."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

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


def test_each_run_goes_on_from_where_the_last_one_ended(workshop: Workshop) -> None:
    workshop.create("daily", rows=2)

    for _ in range(3):
        assert workshop.td("run", "daily", "--wait").code == 0

    assert workshop.ids() == [0, 1, 2, 3, 4, 5]
    assert json.loads(workshop.show("daily")["Config Diff"]) == {"next": 6}


@pytest.mark.parametrize(
    "settings",
    [
        {"rows": 4, "page": 2, "fail": 1},
        {"rows": 4, "page": 2, "out": {"die_at": 3}},
        {"rows": 4, "page": 2, "out": {"fail": 1}},
    ],
)
def test_a_failed_run_moves_the_state_as_far_as_the_target_let_it_out(
    workshop: Workshop, settings: dict[str, Any]
) -> None:
    workshop.create("daily", **settings)

    assert workshop.td("run", "daily", "--wait").code == 1
    published = workshop.ids()
    assert json.loads(workshop.show("daily")["Config Diff"]) == {"next": len(published)}

    workshop.td("update", "daily", workshop.load_file(rows=4))
    assert workshop.td("run", "daily", "--wait").code == 0
    assert workshop.ids() == list(range(len(published) + 4))


def test_a_replacing_schedule_reads_the_whole_each_time(workshop: Workshop) -> None:
    workshop.create("daily", rows=2, out={"mode": "replace"})

    workshop.td("run", "daily", "--wait")
    workshop.td("run", "daily", "--wait")

    assert workshop.ids() == [0, 1, 0, 1]


@pytest.mark.parametrize(
    ("settings", "ids"),
    [
        ({"incremental": True, "out": {"mode": "replace"}}, [0, 1]),
        ({"incremental": False}, [0, 0]),
        ({"mode": "replace"}, [0, 0]),
    ],
)
def test_incremental_in_the_file_decides_over_the_mode(
    workshop: Workshop, settings: dict[str, Any], ids: list[int]
) -> None:
    workshop.create("daily", rows=1, **settings)

    workshop.td("run", "daily", "--wait")
    workshop.td("run", "daily", "--wait")

    assert workshop.ids() == ids


def test_the_state_can_be_set_to_read_from_the_start(workshop: Workshop) -> None:
    workshop.create("daily", rows=1)
    workshop.td("run", "daily", "--wait")
    (workshop.folder / "state.json").write_text("{}")

    assert workshop.td("update", "daily", "--config-diff", "state.json").code == 0
    workshop.td("run", "daily", "--wait")

    assert workshop.ids() == [0, 0]


def test_a_schedule_runs_in_the_folder_it_was_made_in(
    workshop: Workshop, monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    workshop.create("daily", rows=1)
    monkeypatch.chdir(tmp_path_factory.mktemp("elsewhere"))

    assert workshop.td("run", "daily", "--wait").code == 0
    assert workshop.ids() == [0]


def test_a_folder_that_is_gone_is_named(
    workshop: Workshop, monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("gone")
    file = workshop.folder / workshop.load_file()
    monkeypatch.chdir(folder)
    workshop.td("create", "daily", "@daily", "d", "t", str(file))
    monkeypatch.chdir(workshop.folder)
    folder.rmdir()

    said = workshop.td("run", "daily", "--wait")

    assert said.code == 2
    assert f"The folder `{folder}`, from which it is to run, is not on this machine." in said.err


def test_no_schedule_runs_twice_at_a_time(workshop: Workshop) -> None:
    workshop.create("daily", rows=1, seconds=1)
    workshop.td("run", "daily")

    said = workshop.td("run", "daily", "--wait")

    assert said.code == 75
    assert "`daily` is running as job 1" in said.err
    workshop.until(lambda: workshop.job(1)["Status"] == "success")


def test_history_shows_the_newest_first_with_times_and_reasons(workshop: Workshop) -> None:
    workshop.create("daily", "@daily", "-t", "Asia/Tokyo", rows=2)
    workshop.td("run", "daily", "--wait")
    workshop.td("update", "daily", workshop.load_file(fail=2, say="No such stream.", rows=1))
    workshop.td("run", "daily", "2026-11-01 08:00", "--wait")

    newest, oldest = workshop.jobs("daily")

    assert (newest["Status"], newest["Records"], newest["Reason"]) == (
        "error", 1, "tap-stripe-td: No such stream.",
    )  # fmt: skip
    assert (oldest["Status"], oldest["Records"], oldest["Reason"]) == ("success", 2, "")
    assert oldest["Started"].endswith(" +0900")
    assert workshop.job(2)["Scheduled"] == "2026-11-01 08:00:00 +0900"


def test_history_has_the_columns_of_the_hosted_connector_in_their_order_and_more_behind(
    workshop: Workshop,
) -> None:
    workshop.create("daily")
    hosted = "JobID,Status,Records,Database,Table,Priority,Started,Duration"

    assert workshop.td("history", "daily", "-f", "csv").out == f"{hosted},Rows/s,Reason\n"
    assert workshop.td("list", "-f", "tsv").out.splitlines()[0].split("\t")[:6] == [
        "Name", "Cron", "Timezone", "Delay", "Database", "Table",
    ]  # fmt: skip


def test_run_with_a_format_prints_its_job_and_nothing_else(workshop: Workshop) -> None:
    workshop.create("daily", rows=2)

    (job,) = workshop.td("run", "daily", "--wait", "--format", "json").rows

    assert (job["JobID"], job["Schedule"], job["Status"], job["Records"]) == (
        1, "daily", "success", 2,
    )  # fmt: skip


def test_a_meltano_job_is_run_so_that_meltano_shows_the_same_run(workshop: Workshop) -> None:
    workshop.td("create", "nightly", "@daily", "--meltano-job", "stripe-load")

    assert workshop.td("run", "nightly", "--wait").code == 0
    job = workshop.job(1)
    started = json.loads((workshop.folder / "meltano.json").read_text())

    assert started == {
        "arguments": ["run", "stripe-load"],
        "MELTANO_RUN_ID": job["Run id"],
        "MELTANO_JOB_TRIGGER": "schedule/nightly",
        "MELTANO_RUN_STATE_ID_SUFFIX": "nightly",
        "MELTANO_CLI_LOG_FORMAT": "json",
    }
    assert job["Records"] == 7
    assert "Block run completed" in job["Log"]


def test_a_meltano_job_that_fails_is_a_failed_job(
    workshop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FAIL", "75")
    workshop.td("create", "nightly", "@daily", "--meltano-job", "stripe-load")

    assert workshop.td("run", "nightly", "--wait").code == 75


def test_who_renames_a_schedule_of_meltano_is_told_how_its_state_moves_along(
    workshop: Workshop,
) -> None:
    workshop.td("create", "nightly", "@daily", "--meltano-job", "stripe-load")

    assert workshop.td("update", "nightly", "--delay", "1").err == ""
    assert "`meltano state move …:nightly …:daily`" in (
        workshop.td("update", "nightly", "--newname", "daily").err
    )
