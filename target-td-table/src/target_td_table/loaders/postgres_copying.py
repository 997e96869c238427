"""How the rows of a batch go to PostgreSQL."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import psycopg

from target_td_table.batch import Batch
from target_td_table.errors import InputError
from target_td_table.loaders import postgres_statements as statements
from target_td_table.loaders.misfits import first_failing
from target_td_table.loaders.postgres_errors import Doing
from target_td_table.loaders.postgres_misfits import find_all
from target_td_table.loaders.postgres_refusals import (
    Filling,
    Refusal,
    find,
    is_about_a_record,
    reason,
    refused_records,
)
from target_td_table.loaders.postgres_rows import Filled, filled, lines
from target_td_table.loaders.postgres_session import Session
from target_td_table.table import Table, TableName


class Copying:
    """Sends batches by COPY."""

    def __init__(self, session: Session, *, tells_all: bool) -> None:
        """With `tells_all` a refusal tells all records of a batch that are refused."""
        self._session = session
        self._tells_all = tells_all
        # Tables whose tap writes integers like 1.0.
        self._careful: set[TableName] = set()

    def copy(
        self, batch: Batch, into: TableName, placed: Table, types: Mapping[str, str], doing: Doing
    ) -> None:
        """Send a batch into a table that has the columns of `placed` in these types.

        Raises:
            InputError: If a value does not fit; nothing of the batch stays.
        """
        logical = {name: statements.logical_type(type_) for name, type_ in types.items()}
        columns = filled(batch.table, placed.columns, logical)
        statement = statements.copy_into(into, [column.name for column in columns])
        try:
            self._send(statement, batch, columns)
        except psycopg.Error as error:
            if is_about_a_record(error):
                filling = Filling(columns, types)
                raise self._refusal(statement, batch, filling, error) from error
            raise self._session.refused(doing, error) from error

    def _refusal(
        self, statement: str, batch: Batch, filling: Filling, error: psycopg.Error
    ) -> InputError:
        reasons = find_all(self._session, batch, filling) if self._tells_all else {}
        if not reasons:
            columns = filling.columns
            one = find(batch, columns, error) or self._searched(statement, batch, columns, error)
            reasons = {one.place: one.told} if one else {}
        return refused_records(batch, reasons, error)

    def _searched(
        self, statement: str, batch: Batch, columns: Sequence[Filled], error: psycopg.Error
    ) -> Refusal | None:
        """The record, if there is one, of a refusal that tells none: some are sent for nobody."""
        part = replace(batch, path=batch.path.with_name("tried.ndjson"))

        def fails(records: Sequence[bytes]) -> bool:
            part.path.write_bytes(b"".join(records))
            said = self._session.tried(statement, lines(part, columns, careful=True))
            return said is not None and is_about_a_record(said)

        try:
            found = first_failing(batch, fails)
        finally:
            part.remove()
        return Refusal(*found, None, reason(error.sqlstate)) if found else None

    def _send(self, statement: str, batch: Batch, columns: Sequence[Filled]) -> None:
        """Send a batch; a second time if its integers turn out to be written like 1.0."""
        is_careful = batch.table.name in self._careful
        try:
            self._session.copy(statement, lines(batch, columns, careful=is_careful))
        except psycopg.errors.InvalidTextRepresentation:
            if is_careful:
                raise
            self._session.copy(statement, lines(batch, columns, careful=True))
            self._careful.add(batch.table.name)
