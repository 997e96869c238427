"""Batches that DuckDB reads for nobody, to learn what it refuses."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

import duckdb

from target_td_table.batch import Batch
from target_td_table.errors import BadRecordError
from target_td_table.loaders import duckdb_statements as statements
from target_td_table.loaders.duckdb_errors import ABOUT_A_RECORD
from target_td_table.loaders.misfits import Explaining, first_misfit, misfit_at

_LINE = re.compile(r"in line (\d+)")


class Trying:
    """Reads on a connection of its own: the transaction of the loader stays as it is."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self._loaders = connection
        self._connection: duckdb.DuckDBPyConnection | None = None

    def close(self) -> None:
        """Let the connection go."""
        if self._connection:
            self._connection.close()

    def refuse_misfits(self, batch: Batch, existing: Mapping[str, str]) -> None:
        """Refuse a batch that a table with these columns does not take.

        Raises:
            BadRecordError: If it does not; it tells all records that are refused.
        """
        if not self._refusal(batch, existing, batch.path):
            return
        refusal = self._misfits(batch, existing) or self.misfit(batch, existing)
        if refusal:
            raise refusal

    def misfit(self, batch: Batch, existing: Mapping[str, str]) -> BadRecordError | None:
        """A record that DuckDB refuses: the one at the line that it names, or the first one."""
        path = batch.path.with_name("tried.ndjson")

        def fails(records: Sequence[bytes]) -> bool:
            path.write_bytes(b"".join(records))
            return bool(self._refusal(batch, existing, path))

        try:
            named = _LINE.search(self._refusal(batch, existing, batch.path))
            found = misfit_at(batch, int(named[1]) - 1, fails) if named else None
            return found or first_misfit(batch, fails)
        finally:
            path.unlink(missing_ok=True)

    def _misfits(self, batch: Batch, existing: Mapping[str, str]) -> BadRecordError | None:
        """All records that it refuses; each is tried alone, so that none is passed over."""
        path = batch.path.with_name("placed.ndjson")
        longest = batch.longest_chunk_bytes + len(_place(batch.rows))
        columns = batch.table.columns
        try:
            batch.write_marked(path, _place)
            found = self._rows(statements.find_misfits(batch.table, path, longest, existing))
            found += self._rows(statements.find_twice(batch.table, path, longest))
        finally:
            path.unlink(missing_ok=True)
        fields = {
            place: columns[int(wrong.split(",")[0])].field if wrong else None
            for place, wrong in reversed(found)
        }
        return Explaining(batch.table).refusals(batch, fields)

    def _rows(self, statement: str) -> list[tuple[int, str]]:
        return self._opened().execute(statement).fetchall()

    def _refusal(self, batch: Batch, existing: Mapping[str, str], path: Path) -> str:
        """What DuckDB says of records that it cannot take; nothing if it takes them."""
        statement = statements.try_file(batch.table, path, batch.longest_chunk_bytes, existing)
        try:
            self._opened().execute(statement).fetchall()
        except ABOUT_A_RECORD as error:
            return str(error)
        return ""

    def _opened(self) -> duckdb.DuckDBPyConnection:
        if self._connection is None:
            self._connection = self._loaders.cursor()
            self._connection.execute("SET TimeZone = 'UTC'")
        return self._connection


def _place(place: int) -> bytes:
    """The field that tells a record's place."""
    return b'"%s":%d' % (statements.PLACE.encode(), place)
