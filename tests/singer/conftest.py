from pathlib import Path

import pytest

from tests.target.world import DuckDbTables, Tables


@pytest.fixture(params=["duckdb", "postgres"])
def tables(request: pytest.FixtureRequest, tmp_path: Path) -> Tables:
    """Every destination in turn."""
    if request.param == "duckdb":
        return DuckDbTables(tmp_path / "stripe.duckdb")
    found: Tables = request.getfixturevalue("postgres")
    return found
