"""`meltano.yml` as people who live in Meltano use it, with the real Meltano."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from stripe_sandbox.business import grow
from tap_stripe_td.streams.table import STREAMS
from tests.pair.meltano_project import MeltanoProject

if TYPE_CHECKING:
    from pathlib import Path

    from tests.fakes.changing_stripe import ChangingStripe

HOUR = 3600
STATE_ID = "dev:tap-stripe-td-to-target-td-table"


@pytest.fixture
def project(tmp_path: Path, stripe: ChangingStripe, url: str) -> MeltanoProject:
    grow(stripe, customers=4)
    stripe.advance(HOUR)
    return MeltanoProject.copied_to(
        tmp_path,
        TAP_STRIPE_TD_SECRET_KEY=stripe.key,
        TAP_STRIPE_TD_BASE_URL=url,
        # Stripe allows a test key 25; the sandbox, more.
        TAP_STRIPE_TD_REQUESTS_PER_SECOND="1000",
    )


def test_a_second_run_loads_only_news_and_the_state_is_stored(
    stripe: ChangingStripe, project: MeltanoProject
) -> None:
    first = project.meltano("run", "tap-stripe-td", "target-td-table")
    assert first.exit_code == 0, first.stderr
    before = rows(project)
    assert sorted(before) == sorted(row.name for row in STREAMS if row.core)
    gone = str(stripe.objects("customer")[0]["id"])
    stripe.create("charge", id="ch_new")
    stripe.delete("customer", gone)
    stripe.advance(HOUR)

    second = project.meltano("run", "stripe-load")

    assert second.exit_code == 0, second.stderr
    came = {table: count - before[table] for table, count in rows(project).items()}
    assert {"charges": 1, "customers": 0, "events": 2}.items() <= came.items()
    assert came["invoices"] == came["products"] == came["subscriptions"] == 0
    stored = project.meltano("--environment=dev", "state", "get", STATE_ID)
    assert "charges" in json.loads(stored.stdout)["singer_state"]["bookmarks"]


def test_a_full_refresh_reads_everything_again_and_marks_what_is_gone(
    stripe: ChangingStripe, tmp_path: Path, url: str
) -> None:
    grow(stripe, customers=4)
    project = MeltanoProject.copied_to(
        tmp_path,
        TAP_STRIPE_TD_SECRET_KEY=stripe.key,
        TAP_STRIPE_TD_BASE_URL=url,
        TAP_STRIPE_TD__SELECT='["customers.*", "charges.*"]',
    )
    project = with_a_kept_catalog(project)
    first = project.meltano("run", "tap-stripe-td", "target-td-table")
    assert first.exit_code == 0, first.stderr
    before = rows(project)
    gone = str(stripe.objects("customer")[0]["id"])
    stripe.delete("customer", gone)
    # Longer than events are kept, so only a whole reading can tell.
    stripe.advance(40 * 24 * HOUR)

    refreshed = project.meltano("run", "--full-refresh", "tap-stripe-td", "target-td-table")

    assert refreshed.exit_code == 0, refreshed.stderr
    assert "Using custom catalog" in refreshed.stderr
    assert "Running catalog discovery" not in refreshed.stderr
    assert sorted(before) == ["charges", "customers"]
    assert rows(project) == before
    marked = "SELECT id FROM customers WHERE _sdc_deleted_at IS NOT NULL"
    assert project.tables.rows(marked) == [(gone,)]


def test_the_settings_can_be_tested(project: MeltanoProject) -> None:
    tested = project.meltano("config", "test", "tap-stripe-td")

    assert tested.exit_code == 0, tested.stderr
    assert b"Plugin configuration is valid" in tested.stdout


def test_the_schedule_is_listed_with_the_state_of_runs_by_hand_and_a_trigger_of_its_own(
    project: MeltanoProject,
) -> None:
    listed = project.meltano("schedule", "list", "--format=json")

    assert listed.exit_code == 0, listed.stderr
    (schedule,) = json.loads(listed.stdout)["schedules"]["job"]
    assert (schedule["name"], schedule["cron_interval"]) == ("daily_stripe_import", "10 0 * * *")
    assert schedule["job"]["tasks"] == ["tap-stripe-td target-td-table"]
    assert schedule["env"] == {"MELTANO_JOB_TRIGGER": "schedule/daily_stripe_import"}


def test_the_project_passes_meltanos_own_check(project: MeltanoProject) -> None:
    compiled = project.meltano("compile", "--lint")

    assert compiled.exit_code == 0, compiled.stderr
    assert "[warning" not in compiled.stderr


def test_a_schedule_of_the_connector_goes_on_from_runs_by_hand_and_both_histories_have_it(
    project: MeltanoProject, stripe: ChangingStripe
) -> None:
    chosen = '["charges.*", "coupons.*"]'
    few = replace(project, variables={**project.variables, "TAP_STRIPE_TD__SELECT": chosen})
    by_hand = few.meltano("run", "tap-stripe-td", "target-td-table")
    assert by_hand.exit_code == 0, by_hand.stderr
    before = rows(few)
    stripe.create("charge", id="ch_new")
    stripe.advance(HOUR)
    job = ("nightly", "10 0 * * *", "--meltano-job", "stripe-load")
    created = few.typed("td-connector", "create", *job)
    assert created.exit_code == 0, created.stderr

    run = few.meltano("invoke", "td-connector", "run", "nightly", "--wait", "--format", "json")

    assert run.exit_code == 0, run.stderr
    (row,) = json.loads(run.stdout)
    assert (row["Status"], row["Records"]) == ("success", 1)
    assert rows(few) == {**before, "charges": before["charges"] + 1}
    listed = few.meltano("logs", "list", "--format=json")
    runs = [(run["job_name"], run["trigger"]) for run in json.loads(listed.stdout)["runs"]]
    assert runs == [(STATE_ID, "schedule/nightly"), (STATE_ID, "cli")]


def test_setting_a_setting_changes_no_other_line_of_the_project(project: MeltanoProject) -> None:
    before = (project.folder / "meltano.yml").read_text(encoding="utf-8").splitlines()

    assert project.meltano("config", "set", "tap-stripe-td", "workers", "4").exit_code == 0

    after = (project.folder / "meltano.yml").read_text(encoding="utf-8").splitlines()
    assert [line.strip() for line in after if line not in before] == ["workers: 4"]
    assert [line for line in before if line not in after] == []
    # A comment right above `config:` would explain what is below it no more.
    assert after[after.index("      workers: 4") - 2].strip() == "# end of settings"


def with_a_kept_catalog(project: MeltanoProject) -> MeltanoProject:
    """The project as docs/orchestration.md says to keep its catalog."""
    dumped = project.meltano("invoke", "--dump=catalog", "tap-stripe-td")
    assert dumped.exit_code == 0, dumped.stderr
    (project.folder / "catalog.json").write_bytes(dumped.stdout)
    return replace(
        project, variables={**project.variables, "TAP_STRIPE_TD__CATALOG": "catalog.json"}
    )


def rows(project: MeltanoProject) -> dict[str, int]:
    tables = project.tables.rows(
        "SELECT table_name FROM duckdb_tables() WHERE NOT starts_with(table_name, '_')"
    )
    counts = " UNION ALL ".join(f"SELECT '{name}', count(*) FROM {name}" for (name,) in tables)
    return dict(project.tables.rows(counts))
