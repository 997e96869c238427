"""Where records go that do not fit: a table beside the one they were meant for."""

import threading
from collections.abc import Sequence
from datetime import UTC, datetime

import msgspec

from target_td_table.errors import TooManyRejectedError
from target_td_table.records import Rejected
from target_td_table.table import Column, LogicalType, Table, TableName

_COLUMNS = {
    "line": LogicalType.INTEGER,
    "reason": LogicalType.STRING,
    "record": LogicalType.STRING,
    "rejected_at": LogicalType.TIMESTAMP,
}


def rejects_of(table: Table) -> Table:
    """The table `<table>__rejected`. Its rows are added, whatever the mode."""
    name = TableName(table.name.database, f"{table.name.table}__rejected")
    columns = tuple(Column(field, field, type_) for field, type_ in _COLUMNS.items())
    return Table(f"{table.stream}__rejected", name, columns)


def rows(rejected: Sequence[Rejected]) -> bytes:
    """The rows of rejected records, each ended by a newline."""
    now = datetime.now(tz=UTC)
    return b"".join(
        msgspec.json.encode(
            {
                "line": each.line,
                "reason": each.reason,
                "record": each.record.decode(errors="backslashreplace").replace("\x00", ""),
                "rejected_at": now,
            }
        )
        + b"\n"
        for each in rejected
    )


class Limit:
    """How many records of a load may be rejected, by whomever; asked by two threads."""

    def __init__(self, most: int | None) -> None:
        self._most = most
        self._rejected = 0
        self._lock = threading.Lock()

    def add(self, rejected: Sequence[Rejected]) -> None:
        """Count records.

        Raises:
            TooManyRejectedError: If there are more than `max_rejected` now.
        """
        with self._lock:
            self._rejected += len(rejected)
        if self._most is not None and self._rejected > self._most:
            last = rejected[0]
            raise TooManyRejectedError(
                f"{self._rejected} records do not fit, and `max_rejected` is {self._most}. One of "
                f"them (line {last.line}): {last.reason}. Nothing of the last batch was published. "
                "Correct the data or the tap's schema, or raise `max_rejected`."
            )
