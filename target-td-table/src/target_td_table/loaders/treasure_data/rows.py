"""Records as MessagePack maps, a block at a time, without looking into nested JSON.

Names and plain values pass without Python touching them; only columns that need it are converted.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

import msgspec

from target_td_table.loaders.treasure_data.filled import columns_filled, with_time
from target_td_table.loaders.treasure_data.reading import Columns, Reading
from target_td_table.mapping import TIME
from target_td_table.table import Table

# The column that tells which staged row came later, in mode merge.
ARRIVAL = "_td_arrival"

_ENCODE = msgspec.msgpack.Encoder().encode


class Packer:
    """Writes the records of one table as MessagePack."""

    def __init__(
        self,
        table: Table,
        types: Mapping[str, str],
        *,
        times: Iterator[int],
        careful: bool = False,
        arrivals: Iterator[int] | None = None,
    ) -> None:
        """`types` are those the columns have at the destination; a careful packer takes 1.0.

        Rows without a value for the partitioning key get the next of `times`; with `arrivals`,
        each row gets the next of them.
        """
        columns = columns_filled(table, types, careful=careful)
        self._filled, self._time = with_time(table, columns)
        self._times = times
        self._arrivals = arrivals
        self._reading = Reading(self._filled)
        self._places: list[int] = []
        self._row = self._row_of([])

    def pack(self, block: bytes) -> bytes:
        """The records of a block, one a line.

        Raises:
            msgspec.MsgspecError, OverflowError, ValueError: If a value cannot be packed.
        """
        found = self._reading.columns(block)
        moments = self._moments(found)
        alone = self._time.place if self._time and self._time.is_last else None
        places = [place for place in found.values if place != alone]
        columns = [self._converted(place, found.values[place]) for place in places]
        # The last thing that is done: whoever packs the block again goes on with the next ones.
        columns.append(moments)
        if self._arrivals is not None:
            columns.append(islice(self._arrivals, found.rows))
        if places != self._places:
            self._places, self._row = places, self._row_of(places)
        return _encoded(list(map(self._row, *columns)))

    def _moments(self, found: Columns) -> Iterable[int]:
        """The partitioning key of each row, read before its field is converted."""
        values = found.values.get(self._time.place) if self._time else None
        if self._time is None or values is None:
            return islice(self._times, found.rows)
        seconds = self._time.convert(values) if self._time.convert else values
        if None not in seconds:
            return seconds
        return [next(self._times) if each is None else each for each in seconds]

    def _converted(self, place: int, values: Sequence[Any]) -> Iterable[Any]:
        convert = self._filled[place].convert
        return convert(values) if convert else values

    def _row_of(self, places: Sequence[int]) -> type[msgspec.Struct]:
        """A row of some columns. A null is not written: the column is null without it."""
        names = {f"f{place}": self._filled[place].name for place in places} | {"time": TIME}
        if self._arrivals is not None:
            names["arrival"] = ARRIVAL
        fields: list[tuple[str, Any, Any]] = [(field, Any, None) for field in names]
        return msgspec.defstruct("Row", fields, rename=names, gc=False, omit_defaults=True)


def _encoded(rows: Sequence[Any]) -> bytes:
    """The rows one after the other: an array of them without its head, which is one call for all.

    The head of an array: https://github.com/msgpack/msgpack/blob/master/spec.md#array-format-family
    """
    count = len(rows)
    head_bytes = 1 if count < 1 << 4 else 3 if count < 1 << 16 else 5
    return _ENCODE(rows)[head_bytes:]
