"""Closed batches, as a sink would hand them to a loader."""

import json
from collections.abc import Mapping, Sequence
from itertools import count
from pathlib import Path
from typing import Any

from target_td_table.batch import Batch, OpenBatch
from target_td_table.table import Table

_numbers = count()


def batch_of(folder: Path, table: Table, records: Sequence[Mapping[str, Any]]) -> Batch:
    """These records, as they came on the first lines of the input."""
    lines = [json.dumps(record).encode() + b"\n" for record in records]
    opened = OpenBatch(folder / f"batch-{next(_numbers)}.ndjson")
    opened.add(b"".join(lines), range(1, len(lines) + 1))
    return opened.close(table)
