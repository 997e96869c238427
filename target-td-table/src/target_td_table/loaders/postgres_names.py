"""Names that fit into PostgreSQL's 63 bytes; longer ones would be cut, and might fall together.

https://www.postgresql.org/docs/current/sql-syntax-lexical.html#SQL-SYNTAX-IDENTIFIERS
"""

import hashlib
from dataclasses import replace

from target_td_table.table import Table, TableName

_LONGEST_BYTES = 63
_DIGEST_LENGTH = 8


def fitted(name: str) -> str:
    """The name, or if it is too long its beginning and a mark made from all of it."""
    raw = name.encode()
    if len(raw) <= _LONGEST_BYTES:
        return name
    digest = hashlib.sha256(raw).hexdigest()[:_DIGEST_LENGTH]
    # A character that the cut goes through is left out.
    head = raw[: _LONGEST_BYTES - _DIGEST_LENGTH - 1].decode(errors="ignore")
    return f"{head}_{digest}"


def fitted_name(name: TableName) -> TableName:
    """The name of a table, and of its schema, as PostgreSQL can keep it."""
    return TableName(fitted(name.database), fitted(name.table))


def fitted_table(table: Table) -> Table:
    """The table with every name as PostgreSQL can keep it."""
    columns = tuple(replace(column, name=fitted(column.name)) for column in table.columns)
    return replace(table, name=fitted_name(table.name), columns=columns)
