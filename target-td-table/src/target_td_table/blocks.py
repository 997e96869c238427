"""The messages of a block of lines: runs of records together, everything else one by one."""

from collections.abc import Iterator
from dataclasses import dataclass

from target_td_table.envelope import Envelope, Records, envelope_of, run
from target_td_table.errors import InputError
from target_td_table.messages import AnyMessage, Record, parse_line, parse_lines

Line = tuple[int, AnyMessage | Records]


@dataclass(frozen=True, slots=True)
class _Step:
    """One message or run, and where the next one begins; None for none of them."""

    message: AnyMessage | Records
    end: int
    lines: int


class Blocks:
    """Parses blocks one after the other. With `one_by_one` no records come together.

    `line` is the number of the line that the next block begins with.
    """

    def __init__(self, *, one_by_one: bool = False, line: int = 1) -> None:
        self.line = line
        self._one_by_one = one_by_one
        self._envelope: Envelope | None = None

    def parse(self, block: bytes) -> Iterator[list[Line]]:
        """Yield the messages of a block with their lines.

        Raises:
            InputError: If a line is no message. The messages before it have been yielded.
        """
        found = None if self._one_by_one else self._runs(block)
        if found is not None:
            yield found
            return
        first = self.line
        self.line += block.count(b"\n")
        messages = parse_lines(block)
        if messages is not None:
            yield list(enumerate(messages, first))
        else:
            yield from _line_by_line(block, first)

    def _runs(self, block: bytes) -> list[Line] | None:
        """None if the block is better parsed another way."""
        found: list[Line] = []
        start, line = 0, self.line
        while start < len(block):
            step = self._run(block, start, line) or self._line(block, start)
            if step is None:
                return None
            if not isinstance(step.message, Record):
                found.append((line, step.message))
                start, line = step.end, line + step.lines
        self.line = line
        return found

    def _run(self, block: bytes, start: int, line: int) -> _Step | None:
        if self._envelope is None:
            return None
        records, end = run(block, start, self._envelope)
        if not records:
            return None
        lines = range(line, line + len(records))
        return _Step(Records(self._envelope, b"\n".join(records) + b"\n", lines), end, len(lines))

    def _line(self, block: bytes, start: int) -> _Step | None:
        """One line; that of a record only tells what surrounds the records from here on."""
        end = block.index(b"\n", start) + 1
        line = block[start:end]
        messages = parse_lines(line)
        if messages is None:
            return None
        if isinstance(messages[0], Record):
            before, self._envelope = self._envelope, envelope_of(line, messages[0])
            # A tap that ends every line in its own way is not for runs.
            if self._envelope is None or (before and before.prefix == self._envelope.prefix):
                return None
        return _Step(messages[0], end, 1)


def _line_by_line(block: bytes, first: int) -> Iterator[list[Line]]:
    good: list[Line] = []
    for number, line in enumerate(block.split(b"\n")[:-1], first):
        try:
            message = parse_line(line, number)
        except InputError:
            yield good
            raise
        if message is not None:
            good.append((number, message))
    yield good
