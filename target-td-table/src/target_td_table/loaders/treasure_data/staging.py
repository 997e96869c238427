"""Rows that are packed and uploaded until they are published together."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from itertools import count, repeat

import msgspec

from target_td_table.batch import Batch
from target_td_table.loaders.misfits import Explaining, first_misfit, wrong_field
from target_td_table.loaders.treasure_data.filling import Filling
from target_td_table.loaders.treasure_data.parts import PART_BYTES, Parts
from target_td_table.loaders.treasure_data.rows import Packer
from target_td_table.loaders.treasure_data.session import Session
from target_td_table.modes import Mode
from target_td_table.table import Table
from target_td_table.time_value import TimeValue

# A block and what is made of it fit into the cache of a core.
_BLOCK_BYTES = 256 << 10
_UPLOAD_TIME = TimeValue()
_REFUSED = (msgspec.MsgspecError, OverflowError, ValueError)


# Begins to fill a session; the first record tells the rows from others early.
Begin = Callable[[bytes], Filling]


class Staging:
    """The rows of one table and mode since the last publication."""

    def __init__(
        self,
        table: Table,
        mode: Mode,
        begin: Begin,
        *,
        part_bytes: int = PART_BYTES,
        time_value: TimeValue = _UPLOAD_TIME,
    ) -> None:
        self.table = table
        self.mode = mode
        self._begin = begin
        self._part_bytes = part_bytes
        self._filling: Filling | None = None
        self._parts: Parts | None = None
        self._times = time_value.seconds()
        self._arrivals = count() if mode is Mode.MERGE else None

    def content(self) -> str:
        """What tells these rows from others: the records as they came."""
        return self._parts.content() if self._parts else ""

    def add(self, batch: Batch, placed: Table, types: Mapping[str, str]) -> None:
        """Pack a batch; full parts are uploaded meanwhile.

        Raises:
            InputError: If a value does not fit.
        """
        self.table = placed
        folder = batch.path.parent
        for rows, block in self._packed(batch, placed, types):
            if self._parts is None:
                self._filling = self._begin(block.partition(b"\n")[0])
                self._parts = Parts(self._filling.add, part_bytes=self._part_bytes)
            self._parts.add(rows, block, folder)
        if self._parts:
            self._parts.settle()

    def finish(self, mark: str) -> Session | None:
        """The session that holds these rows, ready; None if there are none.

        A mark tells what they are. Nothing can be added after it.
        """
        if self._filling is None or self._parts is None:
            return None
        self._parts.close(mark)
        return self._filling.finish(mark)

    def abandon(self) -> None:
        """Forget the rows, here and at the server."""
        self.remove()
        if self._filling:
            self._filling.abandon()

    def remove(self) -> None:
        """Give the disk space back."""
        if self._parts:
            self._parts.abandon()
        if self._filling:
            self._filling.remove()

    def _packed(
        self, batch: Batch, placed: Table, types: Mapping[str, str]
    ) -> Iterator[tuple[bytes, bytes]]:
        packer = self._packer(placed, types, careful=False)
        with batch.path.open("rb") as file:
            while block := file.read(_BLOCK_BYTES) + file.readline():
                try:
                    rows = packer.pack(block)
                except _REFUSED:
                    packer = self._packer(placed, types, careful=True)
                    rows = _packed_carefully(packer, block, batch)
                yield rows, block

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

    def __init__(self, *, part_bytes: int, time_value: TimeValue) -> None:
        self._part_bytes = part_bytes
        self._time_value = time_value
        self._stagings: dict[tuple[str, Mode], Staging] = {}

    def __iter__(self) -> Iterator[Staging]:
        """Iterate over those there are."""
        return iter(list(self._stagings.values()))

    def of(self, table: str, mode: Mode) -> Staging | None:
        """The one for this table and mode."""
        return self._stagings.get((table, mode))

    def opened(self, table: Table, mode: Mode, begin: Begin) -> Staging:
        """The one for this table and mode, made if it is missing."""
        key = (table.name.table, mode)
        if key not in self._stagings:
            self._stagings[key] = Staging(
                table, mode, begin, part_bytes=self._part_bytes, time_value=self._time_value
            )
        return self._stagings[key]

    def take(self, staging: Staging) -> Staging:
        """The one, which from now on is none of these."""
        return self._stagings.pop((staging.table.name.table, staging.mode))


def check(batch: Batch, placed: Table, types: Mapping[str, str]) -> None:
    """Pack a batch for nobody.

    Raises:
        BadRecordError: If values do not fit; it tells all records of which one does not.
    """
    packer = Packer(placed, types, times=repeat(0), careful=True)
    fields: dict[int, str | None] = {}
    first = 0
    with batch.path.open("rb") as file:
        while block := file.read(_BLOCK_BYTES) + file.readline():
            records = [record + b"\n" for record in block.split(b"\n")[:-1]]
            if _fails(packer, [block]):
                fields |= {
                    place: wrong_field(batch, record, partial(_fails, packer))
                    for place, record in enumerate(records, first)
                    if _fails(packer, [record])
                }
            first += len(records)
    refusal = Explaining(batch.table).refusals(batch, fields)
    if refusal:
        raise refusal


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
