"""Runs of RECORD lines, stripped of what surrounds the records without parsing it.

Most taps write the same bytes before and after every record of a stream. Whether what is between
them are records is asked when they are checked; if they are not, `Records.messages` tells what the
lines said.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import msgspec

from target_td_table.messages import AnyMessage, Record, parse_line

_PROBE = b'{"probe":1}'
_RECORD = msgspec.json.Decoder(Record)
_BEFORE_RECORD = re.compile(rb'"record"\s*:\s*$')


@dataclass(frozen=True, slots=True)
class Envelope:
    """What surrounds the records on the lines of one stream."""

    stream: str
    version: int | None
    prefix: bytes
    suffix: bytes


@dataclass(frozen=True, slots=True)
class Records:
    """RECORD messages of one stream and version that came on lines one after the other.

    `chunk` holds the records, each ended by a newline.
    """

    envelope: Envelope
    chunk: bytes
    lines: Sequence[int]

    def messages(self) -> list[tuple[int, AnyMessage]]:
        """The messages one by one, with their lines.

        Raises:
            InputError: If a line is no message.
        """
        before, after = self.envelope.prefix, self.envelope.suffix
        found = []
        for line, record in zip(self.lines, self.chunk.split(b"\n"), strict=False):
            message = parse_line(before + record + after, line)
            if message is not None:
                found.append((line, message))
        return found


def envelope_of(line: bytes, message: Record) -> Envelope | None:
    """What surrounds the record on this line, newline included; None if that is unclear."""
    record = bytes(message.record)
    prefix, _, suffix = line.rstrip(b"\r\n").partition(record)
    if not _BEFORE_RECORD.search(prefix):
        return None
    try:
        probed = _RECORD.decode(prefix + _PROBE + suffix)
    except msgspec.MsgspecError:
        return None
    if bytes(probed.record) != _PROBE:
        return None
    return Envelope(message.stream, message.version, prefix, suffix)


def run(block: bytes, start: int, envelope: Envelope) -> tuple[list[bytes], int]:
    """The records on the lines from `start` on, as long as they begin and end alike.

    Also where the next line begins. The block ends with a newline.
    """
    prefix, suffix = envelope.prefix, envelope.suffix
    head, tail = len(prefix), len(suffix)
    records: list[bytes] = []
    end = block.find(b"\n", start)
    while end >= 0 and block.startswith(prefix, start) and block.endswith(suffix, start, end):
        records.append(block[start + head : end - tail])
        start = end + 1
        end = block.find(b"\n", start)
    return records, start


# Records that came one by one, by stream and version, with the lines they came on.
Gathered = dict[tuple[str, int | None], tuple[list[bytes], list[int]]]


def gather(gathered: Gathered, message: Record, line: int) -> None:
    """Put a record to those of its stream and version."""
    records, lines = gathered.setdefault((message.stream, message.version), ([], []))
    records.append(bytes(message.record))
    lines.append(line)
