"""Tables that are filled beside the one they are to replace, under names a repeat can tell.

Decisions: docs/decisions/0503-a-merge-is-built-aside.md and, about the names,
docs/decisions/0513-what-a-query-fills-has-a-name-of-its-own.md.
"""

import hashlib
import uuid
from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace

from target_td_table.loaders.treasure_data import merging, queries
from target_td_table.loaders.treasure_data.calls import Calls
from target_td_table.loaders.treasure_data.catalog import Catalog
from target_td_table.loaders.treasure_data.journal import Renaming
from target_td_table.loaders.treasure_data.merging import Merge
from target_td_table.loaders.treasure_data.rows import ARRIVAL
from target_td_table.loaders.treasure_data.schema import SchemaColumn, fitted_table_name, is_time
from target_td_table.loaders.treasure_data.session import Session
from target_td_table.modes import Mode
from target_td_table.table import Table, TableName
from target_td_table.versions import Activation

# A name is cut, so that the suffixes fit into the 128 characters of a table's name.
_LONGEST_HEAD = 100


class Asides:
    """What is filled aside and not decided about, by target."""

    def __init__(self, calls: Calls, catalog: Catalog, pipeline: str) -> None:
        self._calls = calls
        self._catalog = catalog
        self._pipeline = pipeline
        self._open: dict[str, Aside] = {}
        # The tables when this load began to fill any; what is left of others is among them.
        self._there: list[str] | None = None

    def of(self, name: TableName) -> "Aside":
        """Where a table is filled aside; cleared at once, so that a refusal comes early."""
        fitted = fitted_table_name(name)
        if fitted not in self._open:
            aside = Aside(self._calls, self._catalog, name, self._pipeline)
            aside.clear()
            if self._there is None:
                self._there = self._calls.tables()
            aside.sweep(self._there)
            self._open[fitted] = aside
        return self._open[fitted]

    def take(self, target: str) -> "Aside":
        """Give one away, as it is about to be decided."""
        return self._open.pop(target)

    def clear(self) -> None:
        """Take all away: nothing of it was decided."""
        for aside in self._open.values():
            aside.clear()


class Aside:
    """The table, and with mode merge a second one for staged rows, beside one target."""

    def __init__(self, calls: Calls, catalog: Catalog, name: TableName, pipeline: str) -> None:
        self._calls = calls
        self._catalog = catalog
        self._name = name
        self.target = fitted_table_name(name)
        mark = hashlib.sha256(f"{pipeline}/{calls.database}/{self.target}".encode()).hexdigest()
        # Common to all loads of the pipeline, as the session tells by itself whose rows it has.
        self._common = f"{self.target[:_LONGEST_HEAD]}_{mark[:16]}"
        self._rows = f"{self._common}_rows"
        self._session = f"target_td_table_{self._common}"
        # A query of a load that was killed, which runs at last, must not find it.
        self._table = f"{self._common}_{uuid.uuid4().hex[:8]}"
        self._expire_days: int | None = None

    def clear(self) -> None:
        """Take away what was filled here; also shows whether the key may do so."""
        self.forget()
        self._calls.delete_table(self._rows)
        self._calls.delete_table(self._table)

    def sweep(self, there: Collection[str]) -> None:
        """Take away what earlier loads filled, among the tables that are there.

        What they decided is carried out by now, so none of it is needed.
        """
        for table in there:
            if table.startswith(self._common):
                self._calls.delete_table(table)

    def forget(self) -> None:
        """Forget the session, when its table is in its place."""
        Session(self._calls, self._session, self._table).delete()

    def sessions(self, mode: Mode, key: Sequence[str]) -> Iterator[Session]:
        """The one session for the rows that are to come."""
        if mode is Mode.MERGE:
            self._calls.create_table(self._rows)
            yield Session(self._calls, self._session, self._rows, key)
        else:
            self._create()
            yield Session(self._calls, self._session, self._table, key)

    def replaced(self, rows: Session | None) -> Renaming:
        """Fill the table with these rows alone."""
        table_id = self._made()
        if rows:
            rows.commit()
        return Renaming(self._table, self.target, table_id)

    def merged(
        self, placed: Table, rows: Session | None, activations: Sequence[Activation]
    ) -> Renaming:
        """Fill the table with the target's rows and these, by key."""
        table_id = self._made()
        merge = self._merge(placed, activations)
        self._make_rows(merge.table)
        if rows:
            rows.commit()
        if merge.has_graves:
            self._dig(merge)
        insert = merging.insert_merged(merge, self._table)
        queries.run(self._calls, insert, f"merge rows into `{self.target}`")
        self._calls.delete_table(self._rows)
        return Renaming(self._table, self.target, table_id)

    def _create(self) -> None:
        """Make the table with the target's properties and expiry, if it is not made."""
        shown = self._catalog.shown(self._name)
        self._expire_days = shown.expire_days if shown else None
        self._calls.create_like(self._table, self.target, self._expire_days)

    def _made(self) -> str:
        """Let the table be like the target is now: types, aliases, order and expiry too."""
        before = self._expire_days
        self._create()
        if self._expire_days != before:
            self._calls.update_expiry(self._table, self._expire_days or 0)
        made = self._calls.show_table(self._table)
        kept, added = self._catalog.kept(self._name), self._catalog.added(self._name)
        if kept:
            self._calls.update_schema(self._table, kept)
        if added:
            self._calls.append_schema(self._table, added)
        return made.id if made else ""

    def _make_rows(self, table: Table) -> None:
        self._calls.create_table(self._rows)
        types = {column.alias: column for column in self._catalog.columns(self._name)}
        columns = [types[each.name] for each in table.columns if not is_time(each)]
        self._calls.update_schema(self._rows, [*columns, SchemaColumn(ARRIVAL, "long", ARRIVAL)])

    def _merge(self, placed: Table, activations: Sequence[Activation]) -> Merge:
        """The merge, with every column under the name that queries use."""
        columns = self._catalog.columns(self._name)
        aliases = {column.key: column.alias for column in columns}
        table = replace(
            placed,
            columns=tuple(
                replace(column, name=aliases.get(column.name, column.name))
                for column in placed.columns
            ),
        )
        types = {column.alias: column.type for column in columns}
        return Merge(table, self.target, self._rows, types, activations)

    def _dig(self, merge: Merge) -> None:
        names = [name.strip('"') for name in [*merge.key, str(merge.updated_at)]]
        self._calls.create_table(merge.graves)
        self._calls.append_schema(merge.graves, [(name, merge.columns[name]) for name in names])
        insert = merging.insert_graves(merge)
        queries.run(self._calls, insert, f"bring together the tombstones of `{self.target}`")
