"""What tables are like, together with what the load wants of them."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from target_td_table.errors import TableError
from target_td_table.loaders import sql
from target_td_table.loaders.base import Change, CreateTable
from target_td_table.loaders.treasure_data.calls import Calls, ShownTable
from target_td_table.loaders.treasure_data.schema import (
    TYPES,
    SchemaColumn,
    fitted_table,
    fitted_table_name,
    is_seconds,
    is_time,
    logical_type,
    placed,
)
from target_td_table.report import log
from target_td_table.table import Column, LogicalType, Table, TableName, is_wider


class Catalog:
    """The tables of one database. What was shown is kept until `forget`."""

    def __init__(self, calls: Calls, *, frees_time: bool = False) -> None:
        self._calls = calls
        self._frees_time = frees_time
        self._shown: dict[str, ShownTable | None] = {}
        # The types columns have in this load: the vendor's own tell boolean and integer not apart.
        self._wanted: dict[str, dict[str, Column]] = {}
        self._streams: dict[str, Table] = {}

    def shown(self, name: TableName) -> ShownTable | None:
        """A table as it is now; None if there is none."""
        fitted = fitted_table_name(name)
        if fitted not in self._shown:
            self._shown[fitted] = self._calls.show_table(fitted)
        return self._shown[fitted]

    def forget(self) -> None:
        """Ask anew: something was changed."""
        self._shown.clear()

    def describe(self, name: TableName) -> Mapping[str, str] | None:
        """See `Loader`."""
        if self.shown(name) is None:
            return None
        return {column.alias: column.type for column in self.columns(name)}

    def plan(self, table: Table) -> Sequence[Change]:
        """See `Loader`."""
        self._refuse_a_second_stream(table)
        fitted = self.placed(table)
        if self.shown(table.name) is None:
            return [CreateTable(table)]
        without = [column for column in fitted.columns if not is_time(column)]
        return sql.changes(replace(fitted, columns=tuple(without)), self._types(fitted))

    def want(self, table: Table) -> None:
        """Let the columns of a table be added and widened with the next publication."""
        self.plan(table)
        wanted = self._wanted.setdefault(fitted_table_name(table.name), {})
        if not wanted:
            self._tell_of_seconds(table)
        for column in self.placed(table).columns:
            before = wanted.get(column.name)
            if not is_time(column) and (before is None or is_wider(column.type, before.type)):
                wanted[column.name] = column

    def placed(self, table: Table) -> Table:
        """The table with its columns under the keys that their values have in Treasure Data."""
        shown = self.shown(table.name)
        return placed(
            fitted_table(table, frees_time=self._frees_time), shown.columns if shown else ()
        )

    def kept(self, name: TableName) -> list[SchemaColumn]:
        """The columns that are there, in their order, with types as wide as is wanted."""
        shown = self.shown(name)
        wanted = self._wanted.get(fitted_table_name(name), {})
        columns = shown.columns if shown else ()
        return [_widened(column, wanted.get(column.key)) for column in columns]

    def is_widened(self, name: TableName) -> bool:
        """Whether a column that is there must get another type."""
        shown = self.shown(name)
        return shown is not None and list(shown.columns) != self.kept(name)

    def added(self, name: TableName) -> list[tuple[str, str]]:
        """The columns that are wanted and missing, with their types."""
        there = {column.key for column in self.kept(name)}
        wanted = self._wanted.get(fitted_table_name(name), {})
        return [(key, TYPES[each.type]) for key, each in wanted.items() if key not in there]

    def columns(self, name: TableName) -> list[SchemaColumn]:
        """All columns that the table has after the next publication."""
        return [
            *self.kept(name),
            *(SchemaColumn(key, type_, key) for key, type_ in self.added(name)),
        ]

    def wanted(self) -> list[str]:
        """The tables that were altered in this load."""
        return list(self._wanted)

    def _refuse_a_second_stream(self, table: Table) -> None:
        """Names that are two elsewhere may be one here."""
        fitted = fitted_table_name(table.name)
        first = self._streams.setdefault(fitted, table)
        if first.name != table.name:
            raise TableError(
                f"The streams `{first.stream}` and `{table.stream}` would both load into the table "
                f"`{fitted}`: names in Treasure Data have only a-z, 0-9 and `_`. Rename one of them "
                "with `stream_maps`, or select one of them."
            )

    def _tell_of_seconds(self, table: Table) -> None:
        """Numbers in a column may have been anything, e.g. milliseconds."""
        types = {each.key: each.type for each in self.kept(table.name)}
        columns = self.placed(table).columns
        names = [f"`{each.name}`" for each in columns if is_seconds(types.get(each.name), each)]
        if names:
            log.info(
                "Times go as Unix seconds into these columns of `%s`, which are numbers: %s.",
                table.name,
                ", ".join(names),
            )

    def _types(self, table: Table) -> dict[str, LogicalType | None]:
        """What the columns can keep: as this load knows them, or as the schema tells."""
        shown, wanted = self.shown(table.name), self._wanted.get(table.name.table, {})
        columns = {column.name: column for column in table.columns}
        found: dict[str, LogicalType | None] = {
            each.key: logical_type(each.type, columns[each.key]) if each.key in columns else None
            for each in (shown.columns if shown else ())
        }
        return found | {key: column.type for key, column in wanted.items()}


def _widened(column: SchemaColumn, wanted: Column | None) -> SchemaColumn:
    """A column with the type its values need; one that a person made wider stays."""
    if wanted is None:
        return column
    has = logical_type(column.type, wanted)
    if has is None or not is_wider(wanted.type, has):
        return column
    return replace(column, type=TYPES[wanted.type])
