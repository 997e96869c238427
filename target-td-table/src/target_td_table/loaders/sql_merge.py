"""How staged rows meet the rows of a table by key, in SQL that DuckDB and PostgreSQL share.

Rows of one key are ordered by `_updated_at` (none counts as the oldest), then by arrival; what is
in the table arrived before what is staged. The last one wins. When that is a tombstone, the row
is deleted with `hard_delete`; else it is marked: it gets what the tombstone brings and keeps its
other values. Whoever wins, the row keeps the greatest version that brought its key.
Decision: docs/decisions/0111-merge.md.
"""
# ruff: noqa: S608 -- a name cannot be a parameter; every name here goes through `quoted`.

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from target_td_table.loaders.sql import path, quoted
from target_td_table.table import DELETED, DELETED_AT, UPDATED_AT, LogicalType, Table, TableName
from target_td_table.versions import VERSION

_GRAVES_PREFIX = "_td_deleted_"
# Names that no column of a stream has.
_ARRIVAL, _GONE, _OF_KIND, _OF_ALL = "_td_arrival", "_td_gone", "_td_of_kind", "_td_of_all"
_GREATEST = "_td_version"


@dataclass(frozen=True, slots=True)
class Merge:
    """One table, the staged rows that go into it, and what tells which of them came later.

    `arrival` is a column of the staging table that grows with every row. `chosen` is the name of
    a temporary table that the statements make and drop.
    """

    table: Table
    staging: TableName
    arrival: str
    chosen: str = '"_td_chosen"'
    # Makes a name that the statements make up as short as the destination needs it.
    fitted: Callable[[TableName], TableName] = lambda name: name

    @property
    def key(self) -> tuple[str, ...]:
        """The columns of the key, quoted."""
        columns = [self.table.column_of(field) for field in self.table.key]
        return tuple(quoted(column.name) for column in columns if column)

    @property
    def updated_at(self) -> str | None:
        """The column that orders rows, quoted; None if the stream has none."""
        column = self.table.column_of(UPDATED_AT)
        return quoted(column.name) if column else None

    @property
    def version(self) -> str | None:
        """The column of the version that brought a row, quoted; None if no row had one."""
        column = self.table.column_of(VERSION)
        return quoted(column.name) if column else None

    @property
    def has_graves(self) -> bool:
        """Whether deleted keys are kept, so that no older row that comes later revives them."""
        return self.table.hard_delete and bool(self.updated_at) and self.gone("s") != "false"

    @property
    def graves(self) -> TableName:
        """Where deleted keys are kept, with the time of the tombstone."""
        return self.fitted(graves_of(self.table.name))

    def gone(self, row: str) -> str:
        """Whether a staged row is a tombstone."""
        return is_gone(self.table, row)

    def same_key(self, one: str, other: str) -> str:
        """Whether two rows have one key. In mode merge no field of a key is null."""
        return " AND ".join(f"{one}.{name} = {other}.{name}" for name in self.key)

    def not_older(self, one: str, other: str) -> str:
        """Whether a row that arrived later also wins over the other."""
        name = self.updated_at
        if name is None:
            return "true"
        return f"({other}.{name} IS NULL OR {one}.{name} >= {other}.{name})"


def is_gone(table: Table, row: str) -> str:
    """Whether a row, called so in the statement, is a tombstone."""
    signs = []
    if column := table.column_of(DELETED_AT):
        signs.append(f"{row}.{quoted(column.name)} IS NOT NULL")
    column = table.column_of(DELETED)
    if column and column.type is LogicalType.BOOLEAN:
        signs.append(f"coalesce({row}.{quoted(column.name)}, false)")
    return " OR ".join(signs) or "false"


def graves_of(name: TableName) -> TableName:
    """Where the keys that were deleted from a table are kept."""
    return TableName(name.database, _GRAVES_PREFIX + name.table)


def statements(merge: Merge) -> list[str]:
    """All that is to be said inside the transaction, in order; the staging table stays."""
    said = [_choose(merge)]
    if merge.has_graves:
        said += [_make_graves(merge), _leave_the_dead(merge), _forget_graves(merge)]
    said += [_update(merge), _insert(merge, gone=False)]
    if merge.table.hard_delete:
        said.append(_delete(merge))
        if merge.has_graves:
            said += [_forget_older_graves(merge), _dig(merge)]
    elif merge.gone("s") != "false":
        said += [_mark(merge), _insert(merge, gone=True)]
    if merge.version and merge.updated_at:
        said.append(_remember_losers(merge))
    return [*said, f"DROP TABLE {merge.chosen}"]


def _choose(merge: Merge) -> str:
    """Of each key the last live row, and the tombstone if that is the very last."""
    key = ", ".join(merge.key)
    order = f"{merge.updated_at} DESC NULLS LAST, " if merge.updated_at else ""
    latest = f"ORDER BY {order}{_ARRIVAL} DESC"
    kept = ", ".join([*merge.key, *filter(None, [merge.updated_at, merge.version])])
    greatest = f", max({merge.version}) OVER (PARTITION BY {key}) AS {_GREATEST}"
    rows = (
        f"SELECT {kept}, s.{merge.arrival} AS {_ARRIVAL}, ({merge.gone('s')}) AS {_GONE} "
        f"FROM {path(merge.staging)} AS s"
    )
    return (
        f"CREATE TEMPORARY TABLE {merge.chosen} AS SELECT {_ARRIVAL}, {_GONE}"
        f"{f', {_GREATEST}' if merge.version else ''} FROM (SELECT *, "
        f"row_number() OVER (PARTITION BY {key}, {_GONE} {latest}) AS {_OF_KIND}, "
        f"row_number() OVER (PARTITION BY {key} {latest}) AS {_OF_ALL}"
        f"{greatest if merge.version else ''} FROM ({rows}) AS r) AS w "
        f"WHERE (NOT {_GONE} AND {_OF_KIND} = 1) OR ({_GONE} AND {_OF_ALL} = 1)"
    )


def _staged(merge: Merge, *, gone: bool | None = None) -> str:
    """The chosen rows: live ones, tombstones, or both."""
    sign = "true" if gone is None else f"c.{_GONE}" if gone else f"NOT c.{_GONE}"
    greatest = f", c.{_GREATEST}" if merge.version else ""
    return (
        f"(SELECT s.*{greatest} FROM {path(merge.staging)} AS s JOIN {merge.chosen} AS c "
        f"ON s.{merge.arrival} = c.{_ARRIVAL} WHERE {sign})"
    )


def _names(merge: Merge) -> Sequence[str]:
    return [quoted(column.name) for column in merge.table.columns]


def _update(merge: Merge) -> str:
    values = [
        f"{name} = {_greatest(name) if name == merge.version else f's.{name}'}"
        for name in _names(merge)
        if name not in merge.key
    ]
    return _set(merge, ", ".join(values or [f"{merge.key[0]} = s.{merge.key[0]}"]), gone=False)


def _mark(merge: Merge) -> str:
    values = [
        f"{name} = {_greatest(name) if name == merge.version else f'coalesce(s.{name}, t.{name})'}"
        for name in _names(merge)
        if name not in merge.key
    ]
    return _set(merge, ", ".join(values), gone=True)


def _greatest(version: str) -> str:
    """Null is passed over, here and there: a row without a version leaves the one there is."""
    return f"greatest(t.{version}, s.{_GREATEST})"


def _remember_losers(merge: Merge) -> str:
    """A row that lost was brought all the same."""
    version = merge.version
    return (
        f"UPDATE {path(merge.table.name)} AS t SET {version} = s.{_GREATEST} "
        f"FROM {_staged(merge)} AS s WHERE {merge.same_key('t', 's')} "
        f"AND s.{_GREATEST} IS NOT NULL AND (t.{version} IS NULL OR t.{version} < s.{_GREATEST})"
    )


def _set(merge: Merge, values: str, *, gone: bool) -> str:
    return (
        f"UPDATE {path(merge.table.name)} AS t SET {values} FROM {_staged(merge, gone=gone)} AS s "
        f"WHERE {merge.same_key('t', 's')} AND {merge.not_older('s', 't')}"
    )


def _insert(merge: Merge, *, gone: bool) -> str:
    names = ", ".join(_names(merge))
    values = ", ".join(
        f"s.{_GREATEST if name == merge.version else name}" for name in _names(merge)
    )
    return (
        f"INSERT INTO {path(merge.table.name)} ({names}) SELECT {values} "
        f"FROM {_staged(merge, gone=gone)} AS s WHERE NOT EXISTS "
        f"(SELECT 1 FROM {path(merge.table.name)} AS t WHERE {merge.same_key('t', 's')})"
    )


def _delete(merge: Merge) -> str:
    return (
        f"DELETE FROM {path(merge.table.name)} AS t USING {_staged(merge, gone=True)} AS s "
        f"WHERE {merge.same_key('t', 's')} AND {merge.not_older('s', 't')}"
    )


def _make_graves(merge: Merge) -> str:
    names = ", ".join([*merge.key, str(merge.updated_at)])
    return (
        f"CREATE TABLE IF NOT EXISTS {path(merge.graves)} AS "
        f"SELECT {names} FROM {path(merge.staging)} LIMIT 0"
    )


def _leave_the_dead(merge: Merge) -> str:
    """A live row that is older than the tombstone of its key is no longer chosen."""
    return (
        f"DELETE FROM {merge.chosen} AS c USING {path(merge.staging)} AS s, "
        f"{path(merge.graves)} AS g WHERE s.{merge.arrival} = c.{_ARRIVAL} AND NOT c.{_GONE} "
        f"AND {merge.same_key('s', 'g')} AND NOT coalesce({merge.not_older('s', 'g')}, false)"
    )


def _forget_graves(merge: Merge) -> str:
    """A newer live row revives its key."""
    return (
        f"DELETE FROM {path(merge.graves)} AS g USING {_staged(merge, gone=False)} AS s "
        f"WHERE {merge.same_key('g', 's')}"
    )


def _forget_older_graves(merge: Merge) -> str:
    return (
        f"DELETE FROM {path(merge.graves)} AS g USING {_staged(merge, gone=True)} AS s "
        f"WHERE {merge.same_key('g', 's')} AND {merge.not_older('s', 'g')}"
    )


def _dig(merge: Merge) -> str:
    """Keep the keys of tombstones that won; a newer row or tombstone stays as it is."""
    names = [*merge.key, str(merge.updated_at)]
    values = ", ".join(f"s.{name}" for name in names)
    return (
        f"INSERT INTO {path(merge.graves)} ({', '.join(names)}) SELECT {values} "
        f"FROM {_staged(merge, gone=True)} AS s WHERE s.{merge.updated_at} IS NOT NULL "
        f"AND NOT EXISTS (SELECT 1 FROM {path(merge.table.name)} AS t WHERE {merge.same_key('t', 's')}) "
        f"AND NOT EXISTS (SELECT 1 FROM {path(merge.graves)} AS g WHERE {merge.same_key('g', 's')})"
    )
