"""Fetching changed objects again, as they are now, in our API version."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING

from tap_stripe_td.errors import StripeRefusedError
from tap_stripe_td.memory import digest_of
from tap_stripe_td.steps import Failed, Rows, Step

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from tap_stripe_td.fold import Change
    from tap_stripe_td.records import Record
    from tap_stripe_td.source import Source
    from tap_stripe_td.streams.row import Stream
    from tap_stripe_td.units import UnixSeconds

_ROWS_A_STEP = 100


def hydrate(source: Source, changes: Iterable[Change]) -> Iterator[Step]:
    """Yield every changed object as it is now, or a tombstone when it is gone.

    A stream whose objects may not be fetched fails alone.
    """
    by_stream = sorted(changes, key=lambda change: (change.stream.name, change.at))
    for _, group in groupby(by_stream, key=lambda change: change.stream.name):
        of_stream = list(group)
        stream = of_stream[0].stream
        try:
            yield from _hydrate_stream(source, stream, of_stream)
        except StripeRefusedError as error:
            yield Failed((stream,), error)


@dataclass(frozen=True)
class _Current:
    """An object as it is now.

    Attributes:
        records: Its record, or a tombstone; none when it was not asked for.
        date: When that was so.
        digests: What stands for it in a bookmark.
    """

    records: tuple[Record, ...]
    date: UnixSeconds
    digests: tuple[str, ...] = ()


def _hydrate_stream(source: Source, stream: Stream, changes: list[Change]) -> Iterator[Rows]:
    for start in range(0, len(changes), _ROWS_A_STEP):
        rows = [_current(source, change) for change in changes[start : start + _ROWS_A_STEP]]
        records = tuple(record for row in rows for record in row.records)
        digests = tuple(digest for row in rows for digest in row.digests)
        if records:
            yield Rows(stream, records, rows[-1].date, digests=digests)


def _current(source: Source, change: Change) -> _Current:
    if change.deleted:
        return _Current(source.tombstones([change.object_id], change.at, change.at), change.at)
    record, date = source.fetch_object(change.stream, change.object_id)
    if record is None:
        return _Current(source.tombstones([change.object_id], change.at, date), date)
    kept = source.kept(change.stream, [record])
    digests = tuple(digest_of(each) for each in kept)
    return _Current(source.finished(change.stream, kept, date), date, digests)
