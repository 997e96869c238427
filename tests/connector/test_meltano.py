"""A schedule of a Meltano job, with the real Meltano over stand-in plugins."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import UUID

import pytest
import yaml

from td_connector.command_line import cli

if TYPE_CHECKING:
    from tests.connector.workshop import Workshop

OURS = Path(__file__).parents[2] / "meltano.yml"
PROJECT = """
requires_meltano: ">=4.4"
project_id: connector-test
default_environment: dev
send_anonymous_usage_stats: false
cli: {{disable_version_check: true}}
environments: [{{name: dev}}]
plugins:
  extractors:
  - {{name: tap-rows, namespace: tap_rows, executable: {tap}, capabilities: [state],
      settings: [{{name: in, kind: object, value: {{rows: 3}}}}]}}
  loaders:
  - {{name: target-rows, namespace: target_rows, executable: {target}, capabilities: [structured-logging],
      settings: [{{name: out, kind: object, value: {{}}}}]}}
jobs: [{{name: load-rows, tasks: [tap-rows target-rows]}}]
"""


@pytest.mark.timeout(120)
def test_meltanos_own_history_has_the_run_under_the_same_id_and_trigger(
    workshop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("TD_CONNECTOR_MELTANO")
    monkeypatch.setenv("XDG_STATE_HOME", str(workshop.folder))
    project = PROJECT.format(
        tap=workshop.environment["TD_CONNECTOR_TAP"],
        target=workshop.environment["TD_CONNECTOR_TARGET"],
    )
    (workshop.folder / "meltano.yml").write_text(project)
    workshop.td("create", "nightly", "@daily", "--meltano-job", "load-rows")

    said = workshop.td("run", "nightly", "--wait")

    assert said.code == 0, workshop.job(1)["Log"]
    job = workshop.job(1)
    assert runs_of(workshop.folder) == [
        ("dev:tap-rows-to-target-rows", job["Run id"], "SUCCESS", "schedule/nightly")
    ]
    assert job["Records"] == 3
    assert workshop.ids() == [0, 1, 2]
    assert "target-rows: main.rows: 3 rows" in job["Log"]


def runs_of(project: Path) -> list[tuple[str, str, str, str]]:
    """What `meltano logs list` shows: Meltano's table `runs`."""
    with closing(sqlite3.connect(project / ".meltano" / "meltano.db")) as database:
        found = database.execute("SELECT job_name, run_id, state, trigger FROM runs").fetchall()
    return [(name, str(UUID(run_id)), state, by) for name, run_id, state, by in found]


def test_our_meltano_project_lists_it_as_a_utility_with_commands_that_exist() -> None:
    (utility,) = yaml.safe_load(OURS.read_text(encoding="utf-8"))["plugins"]["utilities"]

    assert utility["name"] == utility["executable"] == "td-connector"
    assert [setting["env"] for setting in utility["settings"]] == ["TD_CONNECTOR_STORE"]
    for name, command in utility["commands"].items():
        first, *arguments = command["args"].split()
        assert first == name
        cli.commands[first].make_context(first, arguments)
