"""What the real target published is not doubled, whenever one of the programs dies."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import duckdb
import pytest

from tests.connector.workshop import stand_in

if TYPE_CHECKING:
    from pathlib import Path

    from tests.connector.workshop import Workshop


@pytest.fixture
def mortal(workshop: Workshop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workshop:
    """A workshop with the real target, which is killed once when it has published."""
    monkeypatch.setenv("TD_CONNECTOR_TARGET", stand_in(tmp_path, "mortal_target"))
    return workshop


def numbers(workshop: Workshop) -> list[int]:
    with duckdb.connect(str(workshop.folder / "stripe.duckdb"), read_only=True) as tables:
        found = tables.execute("SELECT CAST(id AS INT) FROM d.t ORDER BY 1").fetchall()
    return [number for (number,) in found]


def test_a_target_that_is_killed_between_commit_and_state_doubles_no_row(mortal: Workshop) -> None:
    mortal.create("daily", rows=5, page=5, long=True)
    assert mortal.td("run", "daily", "--wait").code == 1
    assert b"\n" not in (mortal.folder / "killed").read_bytes()
    assert mortal.show("daily")["Config Diff"] is None
    assert numbers(mortal) == list(range(5))

    assert mortal.td("run", "daily", "--wait").code == 0

    assert numbers(mortal) == list(range(10))
    assert json.loads(mortal.show("daily")["Config Diff"])["next"] == 10
