"""What a load tells of its tables when it is over."""

import time
from collections.abc import Iterable, Sequence

from target_td_table.publisher import Publisher
from target_td_table.rejects import rejects_of
from target_td_table.report import Loaded, summarize, warn_of_rejected
from target_td_table.sink import Sink


class Summary:
    """One load, from its beginning; a dry run tells what would have become of the records."""

    def __init__(self, publisher: Publisher, *, is_dry: bool) -> None:
        self._publisher = publisher
        self._is_dry = is_dry
        self._began_at = time.monotonic()

    def tell(self, sinks: Iterable[Sink], unfinished: Sequence[Sink]) -> None:
        """Say what became of each table; the rows of unfinished streams were discarded."""
        told = [sink for sink in sinks if not sink.takes_rejects]
        loaded = [self._loaded(sink, kept=sink not in unfinished) for sink in told]
        summarize(loaded, time.monotonic() - self._began_at)
        for sink in told:
            if rejected := sink.rejected + self._publisher.refused(sink.table.stream):
                table = str(rejects_of(sink.table).name)
                warn_of_rejected(sink.table.stream, table, rejected, is_dry=self._is_dry)

    def _loaded(self, sink: Sink, *, kept: bool) -> Loaded:
        stream = sink.table.stream
        rows = sink.rows - self._publisher.refused(stream) if kept else sink.discarded_rows
        return Loaded(stream, str(sink.table.name), rows, sink.seconds, kept)
