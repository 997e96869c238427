"""Batches packed into parts, one after the other."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Protocol

import msgspec

from target_td_table.loaders.treasure_data.parts import PART_BYTES, Part, Parts
from target_td_table.loaders.treasure_data.rows import Packer
from target_td_table.table import Table
from target_td_table.time_value import TimeValue

# A block and what is made of it fit into the cache of a core.
_BLOCK_BYTES = 256 << 10
# What a packer raises for values that do not fit.
REFUSED = (msgspec.MsgspecError, OverflowError, ValueError)
_UPLOAD_TIME = TimeValue()
Take = Callable[[Part], None]


class RefusedRowsError(Exception):
    """A value of the batch does not fit its column; nobody has looked which one."""


class StoppedError(Exception):
    """Nobody has a use for more parts."""


@dataclass(frozen=True, slots=True)
class Form:
    """How rows are to be packed; with `has_arrivals` each tells which of them came later."""

    part_bytes: int = PART_BYTES
    time_value: TimeValue = _UPLOAD_TIME
    has_arrivals: bool = False


class Packing(Protocol):
    """Makes parts of batches, in this process or beside it."""

    def add(self, path: Path, placed: Table, types: Mapping[str, str]) -> None:
        """Pack the records of a file; each part that is full by then has been given away.

        Raises:
            RefusedRowsError: If a value does not fit. Some of the records may be packed.
        """

    def close(self, mark: str) -> None:
        """Give the last part away, under a name that tells what all of them hold."""

    def abandon(self) -> None:
        """Give up what was not given away."""


class PackingHere:
    """Packs in this process."""

    def __init__(self, form: Form, take: Take) -> None:
        self._times = form.time_value.seconds()
        self._arrivals = count() if form.has_arrivals else None
        self._parts = Parts(take, part_bytes=form.part_bytes)
        self.close = self._parts.close
        self.abandon = self._parts.abandon

    def add(self, path: Path, placed: Table, types: Mapping[str, str]) -> None:
        """See `Packing`."""
        packer = self._packer(placed, types, careful=False)
        for block in blocks(path):
            try:
                rows = packer.pack(block)
            except REFUSED:
                packer = self._packer(placed, types, careful=True)
                rows = _packed(packer, block)
            self._parts.add(rows, path.parent)
        self._parts.settle()

    def _packer(self, placed: Table, types: Mapping[str, str], *, careful: bool) -> Packer:
        return Packer(placed, types, times=self._times, careful=careful, arrivals=self._arrivals)


def blocks(path: Path) -> Iterator[bytes]:
    """The records of a file, one a line, some at a time."""
    with path.open("rb") as file:
        while block := file.read(_BLOCK_BYTES) + file.readline():
            yield block


def _packed(packer: Packer, block: bytes) -> bytes:
    try:
        return packer.pack(block)
    except REFUSED as error:
        raise RefusedRowsError from error
