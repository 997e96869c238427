"""Rows that are packed and uploaded until they are published together."""

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import replace
from functools import partial
from itertools import repeat
from pathlib import Path

from target_td_table.batch import Batch
from target_td_table.loaders.misfits import Explaining, first_misfit, wrong_field
from target_td_table.loaders.treasure_data.beside import Packings
from target_td_table.loaders.treasure_data.filling import Filling
from target_td_table.loaders.treasure_data.packing import (
    REFUSED,
    Form,
    Packing,
    RefusedRowsError,
    blocks,
)
from target_td_table.loaders.treasure_data.rows import Packer
from target_td_table.loaders.treasure_data.session import Session
from target_td_table.modes import Mode
from target_td_table.table import Table
from target_td_table.time_value import TimeValue

# At once: a hash lets other threads go on meanwhile.
_HASHED_BYTES = 1 << 20
# Begins to fill a session; the first record tells the rows from others early.
Begin = Callable[[bytes], Filling]


class Staging:
    """The rows of one table and mode since the last publication."""

    def __init__(  # noqa: PLR0913 -- what is common to all of them, one by one
        self,
        table: Table,
        mode: Mode,
        begin: Begin,
        *,
        form: Form,
        packings: Packings,
        hashing: ThreadPoolExecutor,
    ) -> None:
        self.table = table
        self.mode = mode
        self._begin = begin
        self._form = form
        self._packings = packings
        self._hashing = hashing
        self._content = hashlib.sha256()
        self._filling: Filling | None = None
        self._packing: Packing | None = None

    def content(self) -> str:
        """What tells these rows from others: the records as they came."""
        return self._content.hexdigest()

    def add(self, batch: Batch, placed: Table, types: Mapping[str, str]) -> None:
        """Pack a batch; full parts are uploaded meanwhile.

        Raises:
            InputError: If a value does not fit.
        """
        self.table = placed
        hashed = self._hashing.submit(self._hash, batch.path)
        try:
            self._opened(batch).add(batch.path, placed, types)
        except RefusedRowsError as error:
            packer = Packer(placed, types, times=repeat(0), careful=True)
            misfit = first_misfit(batch, partial(_fails, packer))
            raise misfit or error from error
        finally:
            wait([hashed])
        hashed.result()

    def finish(self, mark: str) -> Session | None:
        """The session that holds these rows, ready; None if there are none.

        A mark tells what they are. Nothing can be added after it.
        """
        if self._filling is None or self._packing is None:
            return None
        self._packing.close(mark)
        return self._filling.finish(mark)

    def abandon(self) -> None:
        """Forget the rows, here and at the server."""
        self.remove()
        if self._filling:
            self._filling.abandon()

    def remove(self) -> None:
        """Give the disk space back."""
        if self._packing:
            self._packing.abandon()
        if self._filling:
            self._filling.remove()

    def _hash(self, path: Path) -> None:
        with path.open("rb") as file:
            while block := file.read(_HASHED_BYTES):
                self._content.update(block)

    def _opened(self, batch: Batch) -> Packing:
        if self._packing is None:
            # A process comes up while the server is asked.
            self._packings.expect(batch)
            self._filling = self._begin(_first_record(batch))
            self._packing = self._packings.open(batch, self._form, self._filling.add)
        return self._packing


class Stagings:
    """One staging for each table and mode."""

    def __init__(self, *, part_bytes: int, time_value: TimeValue, packings: Packings) -> None:
        self._form = Form(part_bytes, time_value)
        self._packings = packings
        self._hashing = ThreadPoolExecutor(max_workers=1, thread_name_prefix="hash")
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
            # What came later wins a merge.
            form = replace(self._form, has_arrivals=mode is Mode.MERGE)
            self._stagings[key] = Staging(
                table, mode, begin, form=form, packings=self._packings, hashing=self._hashing
            )
        return self._stagings[key]

    def close(self) -> None:
        """End what served all of them."""
        self._hashing.shutdown()
        self._packings.close()

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
    for block in blocks(batch.path):
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


def _first_record(batch: Batch) -> bytes:
    with batch.path.open("rb") as file:
        return file.readline().rstrip(b"\n")


def _fails(packer: Packer, records: Sequence[bytes]) -> bool:
    try:
        packer.pack(b"".join(records))
    except REFUSED:
        return True
    return False
