"""Runs by hand: `run`, the state they move, and what `history` and `job` show of them."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from td_connector.heartbeat import LOST_AFTER_SECONDS
from td_connector.moments import UnixSeconds
from td_connector.new_jobs import job_by_hand
from td_connector.store import jobs, schedules
from td_connector.store.database import open_store

if TYPE_CHECKING:
    from tests.connector.workshop import Workshop


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


@pytest.mark.parametrize("refusal", [75, 2])
def test_after_a_target_that_failed_the_next_run_does_not_start_before_the_target_tells_its_state(
    workshop: Workshop, refusal: int
) -> None:
    workshop.create("daily", rows=2, out={"die_after": {"next": 2}, "mute": refusal})

    assert workshop.td("run", "daily", "--wait").code == 1
    said = workshop.td("run", "daily", "--wait")
    assert (said.code, said.err) == (
        refusal,
        "td-connector: target-td-table: The key may not read the state.\n",
    )
    assert workshop.ids() == [0, 1]

    workshop.td("update", "daily", workshop.load_file(rows=2))
    assert workshop.td("run", "daily", "--wait").code == 0
    assert workshop.ids() == [0, 1, 2, 3]


def test_a_key_that_may_not_read_the_state_goes_on_from_the_last_one_that_came_out(
    workshop: Workshop,
) -> None:
    workshop.create("daily", rows=2, out={"fail": 1, "mute": 77})

    workshop.td("run", "daily", "--wait")
    workshop.td("run", "daily", "--wait")

    assert workshop.ids() == [0, 1, 2, 3]
    assert workshop.job(2)["Log"].startswith(
        "td-connector: target-td-table: The key may not read the state. So this run starts from the "
        "last state it let out.\n"
    )


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


def silent(workshop: Workshop, seconds: float, *, lost_after_seconds: float) -> None:
    """Leave a running job of the schedule behind that was last heard of so long ago."""
    store = open_store(workshop.store)
    schedule, heard = schedules.find(store, "daily"), UnixSeconds(time.time() - seconds)
    job = job_by_hand(schedule.load, schedule, scheduled_at=heard, now=heard)
    queued = jobs.queue(store, replace(job, lost_after_seconds=lost_after_seconds))
    assert queued is not None
    jobs.take(store, queued.id, owner="a machine that is off", now=heard)
    store.close()


def test_a_job_that_was_silent_for_long_stands_in_the_way_of_no_other_run(
    workshop: Workshop,
) -> None:
    workshop.create("daily", rows=1)
    silent(workshop, 301, lost_after_seconds=3)
    assert workshop.jobs()[0]["Reason"].startswith("Silent for 5 min 1 s; ")

    said = workshop.td("run", "daily", "--wait")

    assert said.code == 0
    assert said.err == "Job 1 was not heard of for long. Looking for 0.3 s whether it lives …\n"
    assert [job["Status"] for job in workshop.jobs()] == ["success", "lost"]


def test_a_job_that_was_silent_for_less_may_still_live(workshop: Workshop) -> None:
    workshop.create("daily", rows=1)
    silent(workshop, 290, lost_after_seconds=LOST_AFTER_SECONDS)

    assert workshop.td("run", "daily", "--wait").code == 75
    assert workshop.td("scheduler", "--once").code == 0

    assert [(job["Status"], job["Reason"]) for job in workshop.jobs()] == [("running", "")]


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
