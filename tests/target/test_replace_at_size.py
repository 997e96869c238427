"""A reader in a loop while a million rows are replaced, in the process that has the file open."""

import threading
from pathlib import Path

from target_td_table.batch import Batch
from target_td_table.loaders.duckdb import DuckDbLoader
from target_td_table.modes import Mode
from target_td_table.table import Column, LogicalType, Table, TableName

ROWS = 1_000_000
COLUMNS = (Column("n", "n", LogicalType.INTEGER), Column("run", "run", LogicalType.INTEGER))
TABLE = Table("charges", TableName("main", "charges"), COLUMNS)


def batch_of_run(folder: Path, run: int) -> Batch:
    path = folder / f"{run}.ndjson"
    path.write_text("".join(f'{{"n":{n},"run":{run}}}\n' for n in range(ROWS)))
    return Batch(TABLE, path, ROWS, path.stat().st_size, 100, range(ROWS))


def test_a_reader_never_sees_zero_or_mixed_rows_while_a_million_are_replaced(
    tmp_path: Path,
) -> None:
    url = f"duckdb:///{tmp_path}/stripe.duckdb"
    loader = DuckDbLoader(url, database="main", memory_bytes=600 << 20)
    loader.alter(TABLE)
    loader.publish([loader.stage(batch_of_run(tmp_path, 1), Mode.REPLACE)], None)
    seen: list[tuple[int, int, int]] = []
    over = threading.Event()

    def read() -> None:
        with loader._connection.cursor() as reader:
            while not over.is_set():
                sql = "SELECT count(*), min(run), max(run) FROM main.charges"
                seen.extend(reader.execute(sql).fetchall())

    thread = threading.Thread(target=read)
    thread.start()
    try:
        staged = loader.stage(batch_of_run(tmp_path, 2), Mode.REPLACE)
        loader.publish([staged], None)
    finally:
        over.set()
        thread.join()
        loader.close()

    assert set(seen) <= {(ROWS, 1, 1), (ROWS, 2, 2)}
    assert seen[0] == (ROWS, 1, 1)
