"""From messages to publications.

A publication holds exactly the rows that came before a STATE, and that STATE: whoever runs again
from it repeats nothing and misses nothing. Only at the end of the input also the rows that no
STATE followed are published, unless the tap is seen to have died.
Decisions: docs/decisions/0102-publish-at-a-state.md, docs/decisions/0121-a-tap-that-dies-is-noticed.md.
"""

import time
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime

from target_td_table import batch_files, ending, messages, replacing
from target_td_table.activating import activation
from target_td_table.batch import Mark
from target_td_table.blocks import Line
from target_td_table.checkpoint import Checkpoint
from target_td_table.config import Settings
from target_td_table.ending import Ending
from target_td_table.envelope import Gathered, Records, gather
from target_td_table.errors import CutInputError, UnfinishedStreamError
from target_td_table.history import History
from target_td_table.loaders.base import Staged
from target_td_table.loaders.opening import publish_bytes, wanted_bytes
from target_td_table.modes import Mode
from target_td_table.publisher import Publisher
from target_td_table.rejects import Limit
from target_td_table.rejects import rows as rows_of
from target_td_table.report import Progress
from target_td_table.sink import Sink
from target_td_table.sinks import Sinks, closed
from target_td_table.summary import Summary

# A destination that has nothing to do gets smaller batches. While it is busy, one grows until it is
# full.
_FULL_BYTES = 384 << 20
# A row group of DuckDB: https://duckdb.org/docs/stable/guides/performance/file_formats
_FULL_ROWS = 122_880


class Load:
    """One run: what came, what is staged, and when to publish."""

    def __init__(
        self,
        settings: Settings,
        publisher: Publisher,
        sinks: Sinks,
        limit: Limit,
        *,
        is_dry: bool = False,
    ) -> None:
        self._settings = settings
        self._publisher = publisher
        self._sinks = sinks
        self._limit = limit
        self._wanted_bytes = wanted_bytes(settings)
        self._progress = Progress()
        self._history = History(settings.pipeline)
        self._summary = Summary(publisher, is_dry=is_dry)
        self._checkpoint: Checkpoint | None = None
        self._ending = Ending()
        # What whole readings take away with the next publication, in mode merge.
        self._activations: list[Staged] = []
        # What came since the last publication, and when that was.
        self._rows = 0
        self._bytes = 0
        self._published_at = time.monotonic()

    def take(self, block: Iterable[Line]) -> None:
        """Take the messages of one block, each with its line; none means that time passed."""
        self._take_all(block)
        self._progress.show(
            sum(sink.rows for sink in self._sinks),
            is_told_by_tap=self._ending.begins_with_state,
        )
        self._publish_when_idle()

    def finish(self) -> None:
        """The input is over: publish all of it.

        Raises:
            CutInputError: If the tap died, in mode append; see `stop` for what is published.
            UnfinishedStreamError: If a stream did not come to its end, in mode replace.
        """
        cut_streams = self._ending.cut_streams()
        if cut_streams and self._settings.mode is Mode.APPEND:
            self.stop()
            raise CutInputError(ending.cut(cut_streams))
        unfinished: list[Sink] = []
        if self._settings.mode is Mode.REPLACE:
            unfinished = [
                sink
                for sink in self._sinks
                if not replacing.is_whole(sink, is_cut=sink.table.stream in cut_streams)
            ]
            replacing.warn([sink for sink in self._sinks if not sink.takes_rejects])
            for sink in unfinished:
                self._discard(sink)
        value = self._checkpoint.value if self._checkpoint and not unfinished else None
        self._publish(value)
        self._publisher.settle()
        self._tell(unfinished)
        if unfinished:
            raise UnfinishedStreamError(replacing.unfinished(unfinished))

    def stop(self) -> None:
        """Publish what came before the last STATE, and forget what came after it.

        Where rows after it are staged with those before it, nothing more is published.
        """
        # What is still being published may fail, and that is what a person has to hear.
        self._publisher.settle()
        checkpoint = self._checkpoint
        is_replace = self._settings.mode is Mode.REPLACE
        if checkpoint is None or is_replace or not checkpoint.can_be_cut_to:
            return
        for sink in self._sinks:
            sink.cut(checkpoint.mark(sink))
        self._publish(checkpoint.value, checkpoint.activations)
        self._publisher.settle()
        self._tell([])

    def _take_all(self, block: Iterable[Line]) -> None:
        gathered: Gathered = {}
        for line, message in block:
            if type(message) is messages.Record:
                gather(gathered, message, line)
                continue
            self._take_gathered(gathered)
            gathered = {}
            if type(message) is Records:
                self._take_run(message)
            elif not isinstance(message, Records):
                self._take_other(message, line)
        self._take_gathered(gathered)

    def _take_run(self, run: Records) -> None:
        sink = self._sinks.of(run.envelope.stream, run.lines[0], "RECORD")
        if sink.accepts(run.chunk):
            self._add(sink, run.envelope.version, run.chunk, run.lines)
        else:
            self._take_all(run.messages())

    def _take_gathered(self, gathered: Gathered) -> None:
        for (stream, version), (records, lines) in gathered.items():
            sink = self._sinks.of(stream, lines[0], "RECORD")
            chunk = b"\n".join(records) + b"\n"
            if sink.accepts(chunk):
                self._add(sink, version, chunk, lines)
            else:
                self._take_doubtful(sink, version, records, lines)

    def _take_doubtful(
        self, sink: Sink, version: int | None, records: Sequence[bytes], lines: Sequence[int]
    ) -> None:
        quarantine = self._settings.on_invalid == "quarantine"
        looked = sink.look_again(records, lines, quarantine=quarantine)
        if looked.good:
            chunk = b"".join(record + b"\n" for _, record in looked.good)
            self._add(sink, version, chunk, [line for line, _ in looked.good])
        if looked.bad:
            self._ending.add(sink.table.stream, len(looked.bad))
            rejects = self._sinks.rejects(sink)
            self._add(rejects, None, rows_of(looked.bad), [each.line for each in looked.bad])
            self._limit.add(looked.bad)

    def _add(self, sink: Sink, version: int | None, chunk: bytes, lines: Sequence[int]) -> None:
        if version != sink.version:
            self._begin_version(sink, version)
        if version is not None and version == sink.activated:
            self._go_on(sink)
        sink.add(chunk, lines)
        if not sink.takes_rejects:
            self._ending.add(sink.table.stream, len(lines))
        self._rows += len(lines)
        self._bytes += len(chunk)
        if self._is_full(sink.mark) or self._is_wanted(sink.mark):
            self._stage(sink)

    def _take_other(self, message: messages.AnyMessage, line: int) -> None:
        if isinstance(message, messages.State):
            self._take_state(bytes(message.value).decode())
        elif isinstance(message, messages.Schema):
            self._sinks.open(message, self._stage)
        elif isinstance(message, messages.ActivateVersion):
            self._activate(self._sinks.of(message.stream, line, "ACTIVATE_VERSION"), message)
        elif isinstance(message, messages.Batch):
            self._sinks.of(message.stream, line, "BATCH")
            for records in batch_files.read(message, line):
                lines = [line] * len(records)
                self._take_gathered({(message.stream, message.version): (records, lines)})

    def _activate(self, sink: Sink, message: messages.ActivateVersion) -> None:
        sink.activated, sink.is_resumed = message.version, message.resumed
        if sink.mode is not Mode.MERGE:
            return
        self._sinks.begin_version(sink, message.version, self._stage)
        has_rejects = bool(sink.rejected) or (message.resumed and self._sinks.has_rejects(sink))
        found = activation(sink, message, datetime.now(tz=UTC), has_rejects=has_rejects)
        if found:
            self._activations.append(Staged(sink.table, 0, sink.mode, found))

    def _take_state(self, value: str) -> None:
        self._ending.note_state()
        marks = {sink.table.stream: sink.mark for sink in self._sinks}
        self._checkpoint = Checkpoint(value, marks, tuple(self._activations))
        if self._settings.mode is not Mode.REPLACE and self._is_due():
            self._publish(value)

    def _begin_version(self, sink: Sink, version: int | None) -> None:
        """A new version of a stream makes the rows of the one before it void, in mode replace.

        Records without a version that follow a reading belong to it: they are news.
        """
        if sink.mode is Mode.REPLACE and version is None:
            return
        if sink.mode is Mode.REPLACE and sink.rows:
            self._discard(sink)
        if sink.mode is Mode.MERGE and version is not None:
            self._sinks.begin_version(sink, version, self._stage)
        sink.version = version

    def _go_on(self, sink: Sink) -> None:
        """A reading that was activated before its end, as some taps do with a new table."""
        sink.activated = None
        stream = sink.table.stream
        self._activations = [each for each in self._activations if each.table.stream != stream]

    def _is_full(self, mark: Mark) -> bool:
        return mark.rows >= min(
            _FULL_ROWS, self._settings.batch_size_rows
        ) or mark.size_bytes >= min(_FULL_BYTES, self._settings.batch_bytes)

    def _is_wanted(self, mark: Mark) -> bool:
        return mark.size_bytes >= self._wanted_bytes and self._publisher.is_idle

    def _is_due(self) -> bool:
        age_seconds = time.monotonic() - self._published_at
        return (
            self._rows >= self._settings.batch_size_rows
            or self._bytes >= publish_bytes(self._settings, is_idle=self._publisher.is_idle)
            or age_seconds >= self._settings.batch_seconds
        )

    def _publish_when_idle(self) -> None:
        """A tap that pauses after a STATE must not keep that STATE waiting."""
        checkpoint = self._checkpoint
        if checkpoint is None or self._settings.mode is Mode.REPLACE or not self._is_due():
            return
        if checkpoint.can_be_cut_to and all(map(checkpoint.covers, self._sinks)):
            self._publish(checkpoint.value, checkpoint.activations)

    def _stage(self, sink: Sink) -> None:
        if self._checkpoint and not self._checkpoint.covers(sink):
            self._checkpoint = replace(self._checkpoint, can_be_cut_to=False)
        elif self._checkpoint:
            marks = self._checkpoint.marks | {sink.table.stream: Mark(0, 0)}
            self._checkpoint = replace(self._checkpoint, marks=marks)
        self._publisher.stage(closed([sink]))

    def _publish(self, value: str | None, activations: Sequence[Staged] | None = None) -> None:
        """Publish what is staged, and all activations or only those of them that still hold."""
        held = [each for each in self._activations if activations is None or each in activations]
        whole = [
            Staged(sink.table, 0, sink.mode)
            for sink in self._sinks
            if sink.mode is Mode.REPLACE and replacing.has_news(sink)
        ]
        whole += held
        self._activations = [each for each in self._activations if each not in held]
        loads = self._history.rows(self._sinks)
        self._publisher.publish(closed(self._sinks), value, loads, without_rows=whole)
        self._checkpoint = None
        self._rows = self._bytes = 0
        self._published_at = time.monotonic()

    def _discard(self, sink: Sink) -> None:
        for batch, _ in closed([sink]):
            batch.remove()
        self._publisher.discard(sink.table, sink.mode)
        sink.discarded_rows, sink.rows = sink.rows, 0

    def _tell(self, unfinished: Sequence[Sink]) -> None:
        self._progress.clear()
        self._summary.tell(self._sinks, unfinished)
