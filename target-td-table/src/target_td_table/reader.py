"""Standard input, read by the block."""

import contextlib
import os
import selectors
from collections.abc import Iterator
from typing import IO, Any

from target_td_table.blocks import Blocks, Line
from target_td_table.errors import CutInputError, InputError

# What stays in the processor's cache: bigger pieces cost a third more to cut and check.
BLOCK_BYTES = 1 << 17
# How long a slow tap may keep us from looking at the clock and at signals.
IDLE_SECONDS = 0.5
_F_SETPIPE_SZ = 1031
# The most that everybody may ask for.
_PIPE_BYTES = 1 << 20


def blocks(source: IO[Any], *, one_by_one: bool = False) -> Iterator[list[Line]]:
    """Yield the messages of the input with their lines, a block at a time.

    An empty list is yielded when the tap has had nothing to say for half a second. With
    `one_by_one` every record is a message of its own.

    Raises:
        InputError: If a line is no message. The messages before it have been yielded.
        CutInputError: If the input ends in the middle of a line.
    """
    parser, rest = Blocks(one_by_one=one_by_one), b""
    for piece in _pieces(source):
        end = piece.rfind(b"\n") + 1
        if not end:
            rest += piece
            if not piece:
                yield []
            continue
        block, rest = rest + piece[:end], piece[end:]
        yield from parser.parse(block)
    if rest.strip():
        yield from _last_line(rest, parser.line)


def _last_line(rest: bytes, line: int) -> Iterator[list[Line]]:
    try:
        messages = list(Blocks(one_by_one=True, line=line).parse(rest + b"\n"))
    except InputError as error:
        raise CutInputError(
            f"The input ended in the middle of line {line}: the tap seems to have died. What was "
            "published before stays. Run again from the last state."
        ) from error
    yield from messages


def _pieces(source: IO[Any]) -> Iterator[bytes]:
    """Yield what can be read, about a block at a time; b"" when there was nothing for a while."""
    binary = getattr(source, "buffer", source)
    try:
        descriptor = binary.fileno()
    except (OSError, AttributeError):
        yield from _pieces_of_text(source)
        return
    with contextlib.suppress(ImportError, OSError):
        import fcntl

        fcntl.fcntl(descriptor, _F_SETPIPE_SZ, _PIPE_BYTES)
    try:
        with selectors.DefaultSelector() as selector:
            selector.register(descriptor, selectors.EVENT_READ)
            yield from _pieces_of_pipe(descriptor, selector)
    except PermissionError:  # a file on disk, which is always ready
        while piece := os.read(descriptor, BLOCK_BYTES):
            yield piece


def _pieces_of_pipe(descriptor: int, selector: selectors.BaseSelector) -> Iterator[bytes]:
    gathered = bytearray()
    while True:
        # While something waits here, do not wait for more to come.
        if not selector.select(0 if gathered else IDLE_SECONDS):
            yield bytes(gathered)
            gathered.clear()
            continue
        piece = os.read(descriptor, BLOCK_BYTES)
        gathered += piece
        if gathered and (not piece or len(gathered) >= BLOCK_BYTES):
            yield bytes(gathered)
            gathered.clear()
        if not piece:
            return


def _pieces_of_text(source: IO[Any]) -> Iterator[bytes]:
    while piece := source.read(BLOCK_BYTES):
        yield piece if isinstance(piece, bytes) else piece.encode()
