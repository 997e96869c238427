"""The thread that talks to the destination, one thing after the other, while reading goes on."""

from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from typing import Any, TypeVar

from target_td_table import state
from target_td_table.batch import Batch
from target_td_table.loaders.base import Loader, LoadRow, Staged
from target_td_table.modes import Mode
from target_td_table.quarantine import Quarantine
from target_td_table.report import warn_of_kept_rows, warn_of_others_rows
from target_td_table.table import Table, TableName

_T = TypeVar("_T")
# A closed batch and the mode it is to be staged in.
Closed = tuple[Batch, Mode]


class Publisher:
    """Stages, publishes, then lets the state out: always in this order.

    What fails is raised by the next call.
    """

    def __init__(
        self,
        loader: Loader,
        pipeline: str,
        write: Callable[[str], None] = state.write,
        *,
        quarantine: Quarantine | None = None,
    ) -> None:
        self._loader = loader
        self._quarantine = quarantine
        self._pipeline = pipeline
        self._write = write
        self._staged: list[Staged] = []
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="loader")
        self._last: Future[Any] | None = None

    def refused(self, stream: str) -> int:
        """How many records of the stream the destination refused, of what is staged."""
        return self._quarantine.refused[stream] if self._quarantine else 0

    @property
    def is_idle(self) -> bool:
        """Whether everything asked for is done."""
        return self._last is None or self._last.done()

    def describe(self, name: TableName) -> bool:
        """Whether there is such a table."""
        return self._wait_for(lambda: self._loader.describe(name) is not None)

    def alter(self, table: Table) -> None:
        """Make the table able to take the rows."""
        self._wait_for(lambda: self._loader.alter(table))

    def stage(self, batches: Sequence[Closed]) -> None:
        """Bring batches to the destination; waits only for what was asked before."""
        self._later(lambda: self._stage(batches))

    def publish(
        self,
        batches: Sequence[Closed],
        value: str | None,
        loads: Sequence[LoadRow],
        *,
        without_rows: Sequence[Staged] = (),
    ) -> None:
        """Stage the last batches, publish everything staged, and let the state out.

        What is `without_rows` concerns its table even if nothing was staged for it.
        """
        self._later(lambda: self._publish(batches, value, loads, without_rows))

    def discard(self, table: Table, mode: Mode) -> None:
        """Throw away what is staged for this table."""
        self._wait_for(lambda: self._discard(table, mode))

    def settle(self) -> None:
        """Wait until everything asked for is done."""
        last, self._last = self._last, None
        if last is not None:
            last.result()

    def close(self) -> None:
        """Let the destination go; what was not published is gone."""
        self._thread.submit(self._loader.close).result()
        self._thread.shutdown()

    def _stage(self, batches: Sequence[Closed]) -> None:
        for batch, mode in batches:
            self._stage_one(batch, mode)
            batch.remove()

    def _stage_one(self, batch: Batch, mode: Mode) -> None:
        if self._quarantine:
            self._staged += self._quarantine.stage(batch, mode)
        else:
            self._staged.append(self._loader.stage(batch, mode))

    def _publish(
        self,
        batches: Sequence[Closed],
        value: str | None,
        loads: Sequence[LoadRow],
        without_rows: Sequence[Staged],
    ) -> None:
        for batch, mode in batches:
            # A quarantine must hear what is refused before anything is published.
            self._stage_one(replace(batch, is_last=self._quarantine is None), mode)
        self._staged += [each for each in without_rows if self._is_certain(each, loads)]
        loads = [each.without(self.refused(each.stream)) for each in loads]
        kept = None if value is None else state.State(self._pipeline, value)
        self._loader.publish(self._staged, kept, loads)
        self._staged = []
        for batch, _ in batches:
            batch.remove()
        if value is not None:
            self._write(value)

    def _is_certain(self, staged: Staged, loads: Sequence[LoadRow]) -> bool:
        """Whether what a reading did not bring is gone: nobody else's rows, and none was refused."""
        if staged.activation is None:
            return True
        table = staged.table
        if self.refused(table.stream):
            warn_of_kept_rows(table.stream, str(table.name), "some of its records did not fit")
            return False
        load = next(each for each in loads if each.table == table.name)
        others = self._loader.other_pipelines(load)
        if others:
            warn_of_others_rows(table.stream, str(table.name), others)
        return not others

    def _discard(self, table: Table, mode: Mode) -> None:
        self._loader.discard([table], mode)
        self._staged = [each for each in self._staged if each.table.name != table.name]
        if self._quarantine:
            self._quarantine.refused.pop(table.stream, None)

    def _later(self, job: Callable[[], None]) -> None:
        self.settle()
        self._last = self._thread.submit(job)

    def _wait_for(self, job: Callable[[], _T]) -> _T:
        self.settle()
        return self._thread.submit(job).result()
