"""What has been heard of a running load, folded line by line."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from td_connector.job import Progress
from td_connector.program_log import LastWords, RowCount, keep_end, parse_log_line
from td_connector.starting import is_state

if TYPE_CHECKING:
    from collections.abc import Iterable

    from td_connector.masking import Redactor
    from td_connector.pipe import Said


@dataclass(frozen=True)
class Heard:
    """All that stays of what the programs said.

    Attributes:
        programs: Their names, in the order of the pipe.
        redact: Takes secrets out before anything is kept.
        words: The last words of each program.
        rows: The rows that came.
        log: The end of the log.
        state: The last state that the target let out.
    """

    programs: tuple[str, ...]
    redact: Redactor
    words: tuple[LastWords, ...]
    rows: RowCount = field(default_factory=RowCount)
    log: str = ""
    state: str | None = None

    @classmethod
    def nothing(cls, programs: tuple[str, ...], redact: Redactor, note: str = "") -> Heard:
        """What is known before the first line; the log begins with the note."""
        log = f"td-connector: {redact(note)}\n" if note else ""
        return cls(programs, redact, tuple(LastWords() for _ in programs), log=log)

    def add(self, said: Iterable[Said]) -> Heard:
        """Return what is known after more lines."""
        heard = self
        for line in said:
            heard = heard._add(line)
        return heard

    def _add(self, said: Said) -> Heard:
        if said.is_state:
            return replace(self, state=said.text) if is_state(said.text) else self
        line = parse_log_line(self.redact(said.text))
        words = list(self.words)
        words[said.position] = words[said.position].add(line)
        name = line.plugin or self.programs[said.position]
        sentence = line.sentence.removeprefix(f"{name}: ")
        return replace(
            self,
            words=tuple(words),
            rows=self.rows.add(line),
            log=keep_end(f"{self.log}{name}: {sentence}\n"),
        )

    def progress(self, *, is_over: bool) -> Progress:
        """What the store is to know. Rows that were read are in no table yet, but show life."""
        rows = self.rows.loaded if is_over else max(self.rows.loaded, self.rows.read)
        return Progress(rows, self.log, self.state)
