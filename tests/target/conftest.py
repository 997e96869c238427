from pathlib import Path

import pytest

from tests.target.world import DuckDbTables


@pytest.fixture
def working_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def tables(tmp_path: Path) -> DuckDbTables:
    return DuckDbTables(tmp_path / "stripe.duckdb")
