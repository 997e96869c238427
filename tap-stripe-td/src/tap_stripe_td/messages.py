"""Singer messages as bytes, and the one place that writes them to stdout.

https://hub.meltano.com/singer/spec#messages
"""

from __future__ import annotations

from typing import TYPE_CHECKING, BinaryIO

import msgspec

from tap_stripe_td.forgetting import forget_oldest
from tap_stripe_td.recent import MOST_RECENT
from tap_stripe_td.slicing import Slice
from tap_stripe_td.state import State, format_state
from tap_stripe_td.units import UnixSeconds, format_time

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from tap_stripe_td.records import Record
    from tap_stripe_td.steps import Whole

_encoder = msgspec.json.Encoder()


class _RecordMessage(msgspec.Struct, tag_field="type", tag="RECORD"):
    stream: str
    record: Record
    time_extracted: str
    version: int | msgspec.UnsetType = msgspec.UNSET


def record_lines(
    stream: str, records: Iterable[Record], *, version: int | None, extracted: UnixSeconds
) -> bytes:
    """Return one line a record; with a version only when they are of a whole reading."""
    date, called = format_time(extracted), msgspec.UNSET if version is None else version
    return _encoder.encode_lines(
        [_RecordMessage(stream, record, date, called) for record in records]
    )


def message_line(message: Mapping[str, object]) -> bytes:
    """Return any message as a line."""
    return _encoder.encode(message) + b"\n"


def encoded_lines(records: Iterable[Mapping[str, object]]) -> bytes:
    """Return records alone, one a line, as batch files have them."""
    return _encoder.encode_lines(list(records))


def batch_line(stream: str, encoding: Mapping[str, str], url: str, version: int | None) -> bytes:
    """Return the line that says: the records are in a file."""
    whole = {} if version is None else {"version": version}
    message = {"type": "BATCH", "stream": stream, "encoding": encoding, "manifest": [url]}
    return message_line({**message, **whole})


def activate_version_line(stream: str, whole: Whole) -> bytes:
    """Return the line that says: the records of this version are the whole stream.

    Two members are more than Singer knows, and are left out where they say nothing: `resumed`, and
    `within`, the stretch that it covers; null when no field tells what lies in it.
    """
    message: dict[str, object] = {
        "type": "ACTIVATE_VERSION",
        "stream": stream,
        "version": whole.version,
    }
    if whole.resumed:
        message["resumed"] = True
    if whole.within != Slice():
        message["within"] = None if whole.within is None else _stretch(whole.within, whole.field)
    return message_line(message)


def _stretch(within: Slice, field: str) -> dict[str, str | None]:
    edges = (within.since, within.until)
    since, until = (None if edge is None else format_time(edge) for edge in edges)
    return {"field": field, "gte": since, "lt": until}


def state_line(state: State) -> bytes:
    """Return the line that says how far everything before it was read."""
    return message_line({"type": "STATE", "value": format_state(state)})


class ReaderGoneError(Exception):
    """Nobody reads stdout any more: the target ended, or a pipe such as `| head` did."""


class OutputError(Exception):
    """Stdout takes no more, though somebody wants it: its disk is full, say; tells why."""


class Output:
    """Writes lines whole, in order, and states never more often than pays.

    A state may list thousands of event ids. Written after every page it could outweigh the
    records; it is written when the records since the last one weigh as much as it does.
    """

    def __init__(self, stdout: BinaryIO, most_recent: int = MOST_RECENT) -> None:
        """Take where lines go, and how many recent records a state may hold."""
        self._stdout = stdout
        self._most_recent = most_recent
        self._bytes_since_state = 0
        self._has_state = False
        self._bytes_of_state = 0

    def write(self, lines: bytes) -> None:
        """Write lines that are not STATE.

        Raises:
            ReaderGoneError: If nobody reads them any more.
            OutputError: If they cannot be written.
        """
        self._write_all(lines)
        self._bytes_since_state += len(lines)

    def write_first_state(self, state: State) -> None:
        """Write where the run begins, once, before its first row.

        It tells the target that this tap says where it is: rows that no STATE follows are then
        what it was at when it died.
        """
        if not self._has_state:
            self.write_state(state, always=True)

    def write_state(self, state: State, *, always: bool = False) -> None:
        """Write the state, unless the records since the last one are too few to bother."""
        if not always and self._bytes_since_state < self._bytes_of_state:
            # To make a line that is as long as the last one, and drop it, would cost more.
            return
        line = state_line(forget_oldest(state, self._most_recent))
        self._bytes_of_state = len(line)
        if always or self._bytes_since_state >= len(line):
            self._write_all(line)
            self._flush()
            self._bytes_since_state = 0
            self._has_state = True

    def _write_all(self, lines: bytes) -> None:
        # With PYTHONUNBUFFERED stdout is a raw file, and a raw write may be short.
        rest = memoryview(lines)
        try:
            while rest:
                rest = rest[self._stdout.write(rest) :]
        except OSError as error:
            raise _unwritable(error) from None

    def _flush(self) -> None:
        try:
            self._stdout.flush()
        except OSError as error:
            raise _unwritable(error) from None


def _unwritable(error: OSError) -> Exception:
    is_pipe = isinstance(error, BrokenPipeError)
    return ReaderGoneError() if is_pipe else OutputError(error.strerror)
