"""Versions of whole readings, which tell in mode merge what a stream no longer has.

Every row keeps the greatest version that brought it. When a version is activated, rows that it
did not bring are gone. Decision: docs/decisions/0115-a-whole-reading-marks-what-is-gone.md.
"""

from dataclasses import dataclass
from datetime import datetime

import msgspec

# The column of the version; singer-sdk's targets call it so too.
VERSION = "_sdc_table_version"


@dataclass(frozen=True, slots=True)
class Within:
    """A bounded reading asked for rows with `field` in `[since, until)`; None is no bound.

    It asked for rows in which the field is null, too.
    """

    field: str
    since: datetime | None
    until: datetime | None


@dataclass(frozen=True, slots=True)
class Activation:
    """A reading came to its end at a moment; without `within` it was of the whole stream."""

    version: int
    at: datetime
    within: Within | None = None


def stamped(chunk: bytes, rows: int, version: int) -> bytes:
    """Records, each ended by a newline, with the version as a field of theirs.

    None of them is empty. A field of that name which they have already gives way.
    """
    field = b'"%s":%d' % (VERSION.encode(), version)
    is_plain = chunk.startswith(b"{") and chunk.count(b"\n{") == rows - 1
    if is_plain and VERSION.encode() not in chunk:
        return (b"\n" + chunk).replace(b"\n{", b"\n{" + field + b",")[1:]
    return b"".join(_stamped(record, version) + b"\n" for record in chunk.split(b"\n")[:-1])


def _stamped(record: bytes, version: int) -> bytes:
    values = msgspec.json.decode(record, type=dict[str, msgspec.Raw])
    values[VERSION] = msgspec.Raw(str(version).encode())
    return msgspec.json.encode(values)
