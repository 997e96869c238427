from pathlib import Path

import pytest

from tests.target.world import Tables


@pytest.fixture
def tables(tmp_path: Path) -> Tables:
    return Tables(tmp_path / "stripe.duckdb")
