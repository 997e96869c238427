from pathlib import Path

import pytest

from tests.target.world import DuckDbTables


@pytest.fixture
def tables(tmp_path: Path) -> DuckDbTables:
    return DuckDbTables(tmp_path / "stripe.duckdb")
