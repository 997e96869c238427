"""What a merged table holds, as one SELECT in Trino's SQL.

Rows of a key are ordered by `_updated_at`, none being the oldest, then by arrival; the last one
wins: docs/decisions/0111-merge.md. Rows that a whole reading did not bring are gone:
docs/decisions/0115-a-whole-reading-marks-what-is-gone.md. The result is written beside the table and put in its place:
docs/decisions/0503-a-merge-is-built-aside.md.
"""
# ruff: noqa: S608 -- a name cannot be a parameter; every name here goes through `quoted`.

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from target_td_table.loaders.sql import quoted
from target_td_table.loaders.treasure_data import activating
from target_td_table.loaders.treasure_data.rows import ARRIVAL
from target_td_table.mapping import TIME
from target_td_table.table import UPDATED_AT, Table
from target_td_table.versions import VERSION, Activation

GRAVES_PREFIX = "_td_deleted_"
_GONE, _OF_KIND, _OF_ALL = "_td_gone", "_td_of_kind", "_td_of_all"
_GREATEST = "_td_version"


@dataclass(frozen=True, slots=True)
class Merge:
    """A table, the table of the rows that meet it, and the columns that the result has.

    Columns are named as queries name them, with their types; `time` is none of them.
    """

    table: Table
    target: str
    staging: str
    columns: Mapping[str, str]
    activations: Sequence[Activation] = ()

    @property
    def key(self) -> list[str]:
        """The columns of the key, quoted."""
        found = [self.table.column_of(field) for field in self.table.key]
        return [quoted(column.name) for column in found if column]

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
    def gone(self) -> str:
        """Whether a staged row is a tombstone."""
        return activating.is_gone(self.table, self.columns)

    @property
    def has_graves(self) -> bool:
        """Whether deleted keys are kept, so that no older row that comes later revives them."""
        return self.table.hard_delete and bool(self.updated_at) and self.gone != "false"

    @property
    def graves(self) -> str:
        """The table of the deleted keys: every tombstone that came, the newest of a key counts."""
        return GRAVES_PREFIX + self.target


def insert_graves(merge: Merge) -> str:
    """Keep the tombstones. Kept twice, they mean the same."""
    names = ", ".join([TIME, *merge.key, str(merge.updated_at)])
    return (
        f"INSERT INTO {quoted(merge.graves)} ({names}) SELECT {names} "
        f"FROM {quoted(merge.staging)} WHERE ({merge.gone}) AND {merge.updated_at} IS NOT NULL"
    )


def insert_merged(merge: Merge, into: str) -> str:
    """Write what the table will hold into an empty table."""
    names = ", ".join([TIME, *map(quoted, merge.columns)])
    kept = _with_the_dead_deleted(merge) if merge.table.hard_delete else _with_the_dead(merge)
    # They come after the common table expressions, and see what the merge has made of them.
    for activation in merge.activations:
        kept = activating.remaining(merge.table, kept, merge.columns, activation)
    return f"INSERT INTO {quoted(into)} ({names}) WITH {_chosen(merge)} {kept}"


def _chosen(merge: Merge) -> str:
    """Of each key the last live row, and the tombstone if that is the very last."""
    key = ", ".join(merge.key)
    order = f"{merge.updated_at} DESC NULLS LAST, " if merge.updated_at else ""
    latest = f"ORDER BY {order}{ARRIVAL} DESC"
    greatest = f", max({merge.version}) OVER (PARTITION BY {key}) AS {_GREATEST}"
    without = f"{_of_the_dead(merge)}" if merge.has_graves else "true"
    return (
        f"marked AS (SELECT *, ({merge.gone}) AS {_GONE} FROM {quoted(merge.staging)}), "
        f"ranked AS (SELECT *, "
        f"row_number() OVER (PARTITION BY {key}, {_GONE} {latest}) AS {_OF_KIND}, "
        f"row_number() OVER (PARTITION BY {key} {latest}) AS {_OF_ALL}"
        f"{greatest if merge.version else ''} FROM marked), "
        f"live AS (SELECT s.* FROM ranked s WHERE NOT {_GONE} AND {_OF_KIND} = 1 AND {without}), "
        f"dead AS (SELECT s.* FROM ranked s WHERE {_GONE} AND {_OF_ALL} = 1), "
        f"merged AS ({_with_the_live(merge)})"
    )


def _of_the_dead(merge: Merge) -> str:
    """Not older than the newest tombstone of its key."""
    return (
        f"NOT EXISTS (SELECT 1 FROM {quoted(merge.graves)} g WHERE {_same(merge, 's', 'g')} "
        f"AND NOT coalesce(s.{merge.updated_at} >= g.{merge.updated_at}, false))"
    )


def _with_the_live(merge: Merge) -> str:
    wins = f"(l.{TIME} IS NOT NULL AND (t.{TIME} IS NULL OR {_not_older(merge, 'l', 't')}))"
    staged = _staged(merge)
    values = [
        f"{_greatest('l', 't', name)} AS {name}"
        if name == merge.version
        else f"CASE WHEN {wins} THEN {f'l.{name}' if name in staged else f't.{name}'} "
        f"ELSE t.{name} END AS {name}"
        for name in _names(merge)
    ]
    return (
        f"SELECT {', '.join(values)} FROM {quoted(merge.target)} t FULL JOIN live l "
        f"ON {_same(merge, 't', 'l')}"
    )


def _with_the_dead(merge: Merge) -> str:
    """A tombstone brings what it knows, and its row keeps the rest, its time too."""
    wins = f"(d.{TIME} IS NOT NULL AND (m.{TIME} IS NULL OR {_not_older(merge, 'd', 'm')}))"
    staged = _staged(merge)
    values = [f"coalesce(m.{TIME}, d.{TIME}) AS {TIME}"]
    values += [
        f"{_greatest('d', 'm', name)} AS {name}"
        if name == merge.version
        else f"CASE WHEN {wins} THEN coalesce(d.{name}, m.{name}) ELSE m.{name} END AS {name}"
        if name in staged
        else f"m.{name} AS {name}"
        for name in map(quoted, merge.columns)
    ]
    joined = f"FROM merged m FULL JOIN dead d ON {_same(merge, 'm', 'd')}"
    return f"SELECT {', '.join(values)} {joined}"


def _with_the_dead_deleted(merge: Merge) -> str:
    values = [
        f"{_greatest('d', 'm', name)} AS {name}" if name == merge.version else f"m.{name}"
        for name in _names(merge)
    ]
    return (
        f"SELECT {', '.join(values)} FROM merged m LEFT JOIN dead d ON {_same(merge, 'm', 'd')} "
        f"WHERE d.{TIME} IS NULL OR NOT coalesce({_not_older(merge, 'd', 'm')}, false)"
    )


def _greatest(one: str, other: str, version: str) -> str:
    """Whoever wins, the row keeps the greatest version; Trino's `greatest` of a null is null."""
    ours, theirs = f"{one}.{_GREATEST}", f"{other}.{version}"
    return f"greatest(coalesce({ours}, {theirs}), coalesce({theirs}, {ours}))"


def _names(merge: Merge) -> list[str]:
    return [TIME, *map(quoted, merge.columns)]


def _staged(merge: Merge) -> frozenset[str]:
    return frozenset([TIME, *(quoted(column.name) for column in merge.table.columns)])


def _same(merge: Merge, one: str, other: str) -> str:
    return " AND ".join(f"{one}.{name} = {other}.{name}" for name in merge.key)


def _not_older(merge: Merge, one: str, other: str) -> str:
    """Whether a row that arrived later also wins over the other."""
    name = merge.updated_at
    if name is None:
        return "true"
    return f"({other}.{name} IS NULL OR coalesce({one}.{name} >= {other}.{name}, false))"
