"""DuckDB's own errors, as DuckDB makes them, and what is told of them."""

from pathlib import Path

import duckdb
import pytest

from target_td_table.errors import BusyError
from target_td_table.loaders.duckdb_errors import refused


def test_a_disk_that_is_full_of_what_duckdb_spills_is_a_full_disk(tmp_path: Path) -> None:
    settings: dict[str, str | bool | int | float | list[str]] = {
        "memory_limit": "20MiB", "max_temp_directory_size": "1MiB", "threads": 1,
    }  # fmt: skip
    much = "SELECT range::VARCHAR || repeat('x', 100) FROM range(1000000) ORDER BY hash(range)"
    with (
        duckdb.connect(tmp_path / "x.duckdb", config=settings) as connection,
        pytest.raises(duckdb.Error) as told,
    ):
        connection.execute(f"CREATE TABLE t AS {much}")
    refusal = refused("x.duckdb", None, told.value)
    assert isinstance(refusal, BusyError)
    assert "The disk of `x.duckdb` is full" in str(refusal)
