"""Records as MessagePack maps, a block at a time, without looking into nested JSON.

Names and plain values pass without Python touching them; only columns that need it are converted.
"""

from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import repeat
from operator import attrgetter
from typing import Any

import msgspec

from target_td_table.loaders.treasure_data.filled import columns_filled, with_time
from target_td_table.loaders.treasure_data.reading import Reading
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
        filled, self._time = with_time(table, columns)
        self._times = times
        self._arrivals = arrivals
        self._converted = [(place, each.convert) for place, each in enumerate(filled)]
        added = {} if self._time and self._time.is_last else {"time": TIME}
        if arrivals is not None:
            added["arrival"] = ARRIVAL
        self._reading = Reading(filled, added)

    def pack(self, block: bytes) -> bytes:
        """The records of a block, one a line.

        Raises:
            msgspec.MsgspecError, OverflowError, ValueError: If a value cannot be packed.
        """
        rows, silent = self._reading.rows(block)
        moments = self._moments(rows)
        for place, convert in self._converted:
            if convert is not None and place not in silent:
                _set(rows, f"f{place}", convert(_column(rows, f"f{place}")))
        # The last thing that is done: whoever packs the block again goes on with the next ones.
        is_last = self._time is not None and self._time.is_last
        _set(rows, f"f{self._time.place}" if self._time and is_last else "time", moments)
        if self._arrivals is not None:
            _set(rows, "arrival", self._arrivals)
        return b"".join(map(_ENCODE, rows))

    def _moments(self, rows: Sequence[Any]) -> Iterable[int]:
        """The partitioning key of each row, read before its field is converted."""
        if self._time is None:
            return self._times
        found = _column(rows, f"f{self._time.place}")
        seconds = self._time.convert(found) if self._time.convert else found
        if None not in seconds:
            return seconds
        return [next(self._times) if each is None else each for each in seconds]


def _column(rows: Sequence[Any], name: str) -> list[Any]:
    return list(map(attrgetter(name), rows))


def _set(rows: Sequence[Any], name: str, found: Iterable[Any]) -> None:
    """A loop in C: most of the packing's time would pass here.

    The rows come first, so that nothing is taken from an endless `found` that no row gets.
    """
    deque(map(setattr, rows, repeat(name), found), maxlen=0)
