from pathlib import Path

import pytest

from tests.target.world import Tables


@pytest.fixture
def working_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def tables(tmp_path: Path) -> Tables:
    return Tables(tmp_path / "stripe.duckdb")
