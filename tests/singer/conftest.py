from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.target.treasure_data_tables import empty
from tests.target.world import DuckDbTables, Tables


@pytest.fixture(params=["duckdb", "postgres", "treasure_data"])
def tables(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Tables]:
    """Every destination in turn."""
    if request.param == "duckdb":
        yield DuckDbTables(tmp_path / "stripe.duckdb")
    elif request.param == "postgres":
        yield request.getfixturevalue("postgres")
    else:
        with empty() as found:
            yield found
