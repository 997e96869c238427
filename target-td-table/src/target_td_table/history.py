"""What is written down about a load, in `_td_loads`."""

import uuid
from collections.abc import Iterable
from datetime import UTC, datetime

from target_td_table.loaders.base import LoadRow
from target_td_table.sink import Sink


class History:
    """One load: when it began, and a row for each of its tables."""

    def __init__(self, pipeline: str) -> None:
        self._pipeline = pipeline
        self._load_id = uuid.uuid4().hex
        self._started_at = datetime.now(tz=UTC)

    def rows(self, sinks: Iterable[Sink]) -> list[LoadRow]:
        """The rows as of a publication that holds everything the sinks took."""
        return [
            LoadRow(
                self._load_id, self._pipeline, sink.table.stream, sink.table.name, sink.mode,
                sink.rows, sink.rejected, self._started_at,
            )
            for sink in sinks
            if not sink.takes_rejects
        ]  # fmt: skip
