from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.target.treasure_data_tables import empty
from tests.target.world import DuckDbTables, Tables


@pytest.fixture
def working_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def tables(tmp_path: Path) -> DuckDbTables:
    return DuckDbTables(tmp_path / "stripe.duckdb")


@pytest.fixture(params=["duckdb", "postgres"])
def anywhere(request: pytest.FixtureRequest) -> Tables:
    """Every database in turn."""
    name = "tables" if request.param == "duckdb" else "postgres"
    found: Tables = request.getfixturevalue(name)
    return found


@pytest.fixture(params=["duckdb", "postgres", "treasure_data"])
def everywhere(request: pytest.FixtureRequest) -> Iterator[Tables]:
    """Every destination in turn."""
    if request.param == "treasure_data":
        with empty() as found:
            yield found
    else:
        yield request.getfixturevalue("tables" if request.param == "duckdb" else "postgres")
