"""The last STATE that is not out yet, and what came before it."""

from dataclasses import dataclass

from target_td_table.batch import Mark
from target_td_table.loaders.base import Staged
from target_td_table.sink import Sink


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The last STATE that is not out yet, and how far the open batches were when it came."""

    value: str
    marks: dict[str, Mark]
    # What had been activated and was not published.
    activations: tuple[Staged, ...] = ()
    # Until a row that came after the STATE is staged: staged rows cannot be told apart.
    can_be_cut_to: bool = True

    def mark(self, sink: Sink) -> Mark:
        """How far the sink's open batch was."""
        return self.marks.get(sink.table.stream, Mark(0, 0))

    def covers(self, sink: Sink) -> bool:
        """Whether no row of the sink's open batch came after the STATE."""
        return sink.mark == self.mark(sink)
