"""Parquet files as JSON lines, written by the DuckDB that every installation has.

Decision: docs/decisions/0117-duckdb-reads-parquet-for-all-loaders.md.
"""

import contextlib
from collections.abc import Iterator
from pathlib import Path

from target_td_table import scratch

_CONFIG: dict[str, str | bool | int | float | list[str]] = {
    "memory_limit": "256MiB",
    "threads": 1,
}
_COPY = (
    "COPY (FROM read_parquet('{source}', hive_partitioning = false)) TO '{written}' (FORMAT json)"
)


@contextlib.contextmanager
def as_json_lines(path: Path) -> Iterator[Path]:
    """A file with a line of JSON for each row, there as long as the context is.

    Raises:
        ValueError: If it is no Parquet file.
        OSError: If it cannot be read.
    """
    # A load into another destination that reads no Parquet starts without it.
    import duckdb

    path.open("rb").close()
    with scratch.folder() as folder:
        # Under a name without `*`, `=` or a quotation mark, which would mean something to DuckDB.
        source, written = folder / "rows.parquet", folder / "rows.ndjson"
        source.symlink_to(path.absolute())
        try:
            with duckdb.connect(config=_CONFIG) as connection:
                connection.execute("SET TimeZone = 'UTC'")
                connection.execute(_COPY.format(source=source, written=written))
        except duckdb.Error as error:
            text = str(error).splitlines()[0].replace(str(source), path.name)
            raise ValueError(text) from error
        yield written
