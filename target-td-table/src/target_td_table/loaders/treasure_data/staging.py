"""Rows that wait in this machine's parts until they are published together."""

import hashlib
import time
from collections.abc import Iterator, Mapping, Sequence
from itertools import count, repeat

import msgspec

from target_td_table.batch import Batch
from target_td_table.loaders.misfits import first_misfit
from target_td_table.loaders.treasure_data.parts import Part, Parts
from target_td_table.loaders.treasure_data.rows import Packer
from target_td_table.modes import Mode
from target_td_table.table import Table

_BLOCK_BYTES = 1 << 20
_REFUSED = (msgspec.MsgspecError, OverflowError, ValueError)


class Staging:
    """The rows of one table and mode since the last publication."""

    def __init__(self, table: Table, mode: Mode, part_bytes: int) -> None:
        self.table = table
        self.mode = mode
        self._parts = Parts(part_bytes=part_bytes)
        self._content = hashlib.sha256()
        self._times = repeat(int(time.time()))
        self._arrivals = count() if mode is Mode.MERGE else None
        self._columns: dict[str, None] = {}

    @property
    def content(self) -> str:
        """What tells these rows from others: the records as they came."""
        return self._content.hexdigest()

    @property
    def columns(self) -> Sequence[str]:
        """The columns that any of the rows may fill."""
        return list(self._columns)

    def add(self, batch: Batch, placed: Table, types: Mapping[str, str]) -> None:
        """Pack a batch.

        Raises:
            InputError: If a value does not fit.
        """
        self.table = placed
        self._columns |= dict.fromkeys(column.name for column in placed.columns)
        self._content.update(repr(placed.columns).encode())
        folder = batch.path.parent
        for rows in self._packed(batch, placed, types):
            self._parts.add(rows, folder)
        self._parts.settle()

    def close(self) -> list[Part]:
        """The parts; nothing can be added after it."""
        return self._parts.close()

    def remove(self) -> None:
        """Give the disk space back."""
        self._parts.remove()

    def _packed(self, batch: Batch, placed: Table, types: Mapping[str, str]) -> Iterator[bytes]:
        packer = self._packer(placed, types, careful=False)
        with batch.path.open("rb") as file:
            while block := file.read(_BLOCK_BYTES) + file.readline():
                self._content.update(block)
                try:
                    yield packer.pack(block)
                except _REFUSED:
                    packer = self._packer(placed, types, careful=True)
                    yield _packed_carefully(packer, block, batch)

    def _packer(self, placed: Table, types: Mapping[str, str], *, careful: bool) -> Packer:
        return Packer(
            placed,
            types,
            times=self._times,
            careful=careful,
            arrivals=self._arrivals,
        )


class Stagings:
    """One staging for each table and mode."""

    def __init__(self, *, part_bytes: int) -> None:
        self._part_bytes = part_bytes
        self._stagings: dict[tuple[str, Mode], Staging] = {}

    def __iter__(self) -> Iterator[Staging]:
        """Iterate over those there are."""
        return iter(list(self._stagings.values()))

    def of(self, table: str, mode: Mode) -> Staging | None:
        """The one for this table and mode."""
        return self._stagings.get((table, mode))

    def opened(self, table: Table, mode: Mode) -> Staging:
        """The one for this table and mode, made if it is missing."""
        key = (table.name.table, mode)
        if key not in self._stagings:
            self._stagings[key] = Staging(table, mode, self._part_bytes)
        return self._stagings[key]

    def remove(self, staging: Staging) -> None:
        """Throw one away."""
        staging.remove()
        self._stagings.pop((staging.table.name.table, staging.mode), None)


def check(batch: Batch, placed: Table, types: Mapping[str, str]) -> None:
    """Pack a batch for nobody.

    Raises:
        BadRecordError: If a value does not fit; it tells the first record of which one does not.
    """
    packer = Packer(placed, types, times=repeat(0), careful=True)
    with batch.path.open("rb") as file:
        while block := file.read(_BLOCK_BYTES) + file.readline():
            _packed_carefully(packer, block, batch)


def _packed_carefully(packer: Packer, block: bytes, batch: Batch) -> bytes:
    try:
        return packer.pack(block)
    except _REFUSED as error:
        misfit = first_misfit(batch, lambda records: _fails(packer, records))
        if misfit is None:
            raise
        raise misfit from error


def _fails(packer: Packer, records: Sequence[bytes]) -> bool:
    try:
        packer.pack(b"".join(records))
    except _REFUSED:
        return True
    return False
