from pathlib import Path

import pytest

from tests.target.world import DuckDbTables, Tables


@pytest.fixture
def working_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def tables(tmp_path: Path) -> DuckDbTables:
    return DuckDbTables(tmp_path / "stripe.duckdb")


@pytest.fixture(params=["duckdb", "postgres"])
def anywhere(request: pytest.FixtureRequest, tmp_path: Path) -> Tables:
    """Every destination in turn."""
    if request.param == "duckdb":
        return DuckDbTables(tmp_path / "stripe.duckdb")
    found: Tables = request.getfixturevalue("postgres")
    return found
