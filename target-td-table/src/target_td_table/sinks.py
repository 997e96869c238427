"""The sinks of a run, opened and changed as the SCHEMA messages come."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path

import msgspec

from target_td_table import mapping, naming
from target_td_table.config import Settings
from target_td_table.errors import RecordBeforeSchemaError, TableError
from target_td_table.loaders.opening import missing
from target_td_table.messages import Schema
from target_td_table.modes import Mode
from target_td_table.publisher import Closed, Publisher
from target_td_table.rejects import rejects_of
from target_td_table.sink import Sink
from target_td_table.table import DELETED_AT, Table, TableName
from target_td_table.versions import VERSION

_INTEGER = {"type": ["null", "integer"]}
_MOMENT = {"type": ["null", "string"], "format": "date-time"}


class Sinks:
    """One sink for each stream, and one stream for each table."""

    def __init__(self, settings: Settings, publisher: Publisher, folder: Path) -> None:
        self._settings = settings
        self._publisher = publisher
        self._folder = folder
        self._sinks: dict[str, Sink] = {}
        self._schemas: dict[str, Schema] = {}

    def __iter__(self) -> Iterator[Sink]:
        """Iterate over the sinks in the order their streams came."""
        return iter(self._sinks.values())

    def of(self, stream: str, line: int, what: str) -> Sink:
        """The sink of a stream.

        Raises:
            RecordBeforeSchemaError: If there was no SCHEMA yet.
        """
        if stream not in self._sinks:
            raise RecordBeforeSchemaError(
                f"Line {line} of the input is a {what} of `{stream}`, but no SCHEMA of `{stream}` "
                "came before it. Nothing of its batch was published. Correct the tap."
            )
        return self._sinks[stream]

    def rejects(self, sink: Sink) -> Sink:
        """The sink of the records that do not fit this one, opened with the first of them."""
        table = rejects_of(sink.table)
        if table.stream not in self._sinks:
            self._refuse_a_second_stream(table)
            self._refuse_a_missing_table(table)
            self._publisher.alter(table)
            found = Sink(table, Mode.APPEND, self._path(), takes_rejects=True)
            self._sinks[table.stream] = found
            sink.rejects = found
        return self._sinks[table.stream]

    def abandon(self) -> None:
        """Give up all open batches."""
        for sink in self:
            sink.abandon()

    def begin_version(self, sink: Sink, version: int, stage: Callable[[Sink], None]) -> None:
        """Mark the rows of a merging sink with the version from here on.

        `stage` is asked to stage what waits before the table changes.
        So are rows without one that come later in the run: what tells of them is newer than the
        beginning of the reading, so it cannot mean that they are gone.
        """
        is_first, sink.stamp = sink.stamp is None, max(version, sink.stamp or version)
        if is_first:
            schema = self._versioned(self._schemas[sink.table.stream])
            self._change(sink, self._table(schema), stage)

    def has_rejects(self, sink: Sink) -> bool:
        """Whether records of the stream were rejected, in this load or an earlier one."""
        return bool(sink.rejected) or self._publisher.describe(rejects_of(sink.table).name)

    def open(self, schema: Schema, stage: Callable[[Sink], None]) -> None:
        """Make the stream's table able to take what the SCHEMA says.

        `stage` is asked to stage what waits before the table changes.
        """
        sink = self._sinks.get(schema.stream)
        has_versions = sink is not None and sink.stamp is not None
        table = self._table(self._versioned(schema) if has_versions else schema)
        self._schemas[schema.stream] = schema
        if sink is None:
            self._refuse_a_second_stream(table)
            self._refuse_a_table_of_rejects(table)
            self._refuse_a_missing_table(table)
            self._refuse_a_missing_key(table)
            self._publisher.alter(table)
            self._sinks[schema.stream] = Sink(table, self._settings.mode, self._path())
        elif sink.table != table:
            self._change(sink, table, stage)

    def _change(self, sink: Sink, table: Table, stage: Callable[[Sink], None]) -> None:
        stage(sink)
        self._publisher.alter(table)
        sink.change(table)

    def _versioned(self, schema: Schema) -> Schema:
        """With the fields that tell which reading brought a row, and when it was found gone."""
        declared = schema.schema.get("properties")
        if not isinstance(declared, dict):
            return schema
        marks = {} if self._settings.hard_delete else {DELETED_AT: _MOMENT}
        fields = marks | declared | {VERSION: _INTEGER}
        return msgspec.structs.replace(schema, schema=schema.schema | {"properties": fields})

    def _path(self) -> Path:
        """Where the next sink's batches go; each adds its own number."""
        return self._folder / str(len(self._sinks))

    def _table(self, schema: Schema) -> Table:
        name = naming.table_name(self._settings.table, schema.stream)
        found = mapping.table(
            schema.stream,
            schema.schema,
            schema.key_properties or (),
            name=TableName(self._settings.database, name),
            time_column=self._settings.time_column,
        )
        return replace(found, hard_delete=self._settings.hard_delete)

    def _refuse_a_second_stream(self, table: Table) -> None:
        for sink in self:
            if _same(sink.table, table):
                raise TableError(
                    f"The streams `{sink.table.stream}` and `{table.stream}` would both load into "
                    f"the table `{table.name}`. Put `{{stream}}` into the setting `table`, or "
                    "select one of them."
                )

    def _refuse_a_table_of_rejects(self, table: Table) -> None:
        if self._settings.on_invalid == "quarantine":
            for sink in self:
                if not sink.takes_rejects:
                    _refuse_the_table_of_rejects(sink.table, table)
                    _refuse_the_table_of_rejects(table, sink.table)

    def _refuse_a_missing_key(self, table: Table) -> None:
        if self._settings.mode is not Mode.MERGE:
            return
        if not table.key:
            raise TableError(
                f"`{table.stream}` has mode merge but no key properties. Use append or replace, "
                "or give the stream a key."
            )
        unknown = [field for field in table.key if field not in table.fields]
        if unknown:
            raise TableError(
                f"`{unknown[0]}` is in the key of `{table.stream}`, but its SCHEMA does not "
                "declare it, so mode merge has no column for it. Use append or replace, or "
                "correct the tap."
            )

    def _refuse_a_missing_table(self, table: Table) -> None:
        if not self._settings.auto_create_table and not self._publisher.describe(table.name):
            raise missing(self._settings, table.name, f"the stream `{table.stream}`")


def _same(one: Table, other: Table) -> bool:
    return str(one.name).lower() == str(other.name).lower()


def _refuse_the_table_of_rejects(of: Table, table: Table) -> None:
    if _same(rejects_of(of), table):
        raise TableError(
            f"The stream `{table.stream}` would load into the table `{table.name}`, where records "
            f"of `{of.stream}` go that do not fit. Select one of the two, or set `on_invalid` to "
            "fail."
        )


def closed(sinks: Iterable[Sink]) -> list[Closed]:
    """The rows of these sinks since their last batches."""
    return [(batch, sink.mode) for sink in sinks if (batch := sink.close_batch())]
