"""From records to lines, as the catalog and the settings of singer-sdk want them.

The fast way leaves the JSON of every field as Stripe sent it. Stream maps, flattening and
deselected nested fields need the fields parsed: for such a stream singer-sdk's own way is taken.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from singer_sdk.mapper import RemoveRecordTransform, SameRecordTransform

from tap_stripe_td.messages import activate_version_line, message_line, record_lines
from tap_stripe_td.records import decoded
from tap_stripe_td.units import UnixSeconds

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from tap_stripe_td.discovery import StripeStream
    from tap_stripe_td.records import Record
    from tap_stripe_td.steps import Whole

_logger = logging.getLogger("tap-stripe-td.shaping")


class Shape(Protocol):
    """Makes the lines of one stream."""

    def schema_lines(self) -> bytes:
        """Return the SCHEMA lines."""

    def record_lines(
        self, records: Iterable[Record], *, version: int | None, extracted: UnixSeconds
    ) -> bytes:
        """Return the RECORD lines of some records."""

    def named(self, records: Iterable[Record]) -> Iterable[tuple[str, Mapping[str, object]]]:
        """Return the records as they are written, each with the name of its stream."""

    def whole_lines(self, whole: Whole) -> bytes:
        """Return the lines that say: these records are the whole stream."""


def shape_of(stream: StripeStream) -> Shape:
    """Return the fastest way that gives what was asked for."""
    deselected = [crumb for crumb, selected in stream.mask.items() if not selected and crumb]
    top_level = frozenset(crumb[1] for crumb in deselected if len(crumb) == 2)
    nested = any(len(crumb) > 2 and crumb[1] not in top_level for crumb in deselected)
    if not nested and _is_unmapped(stream):
        return _Fast(stream, top_level)
    _logger.info(
        "`%s` is written field by field, which is slower: its stream map, flattening or nested "
        "selection needs the fields parsed.",
        stream.name,
    )
    return _Parsed(stream)


def _is_unmapped(stream: StripeStream) -> bool:
    maps = stream.stream_maps
    return len(maps) == 1 and type(maps[0]) is SameRecordTransform and not _flattens(stream)


def _flattens(stream: StripeStream) -> bool:
    return bool(stream.config.get("flattening_enabled"))


@dataclass(frozen=True)
class _Fast:
    stream: StripeStream
    deselected: frozenset[str]

    def schema_lines(self) -> bytes:
        return _schema_lines(self.stream)

    def record_lines(
        self, records: Iterable[Record], *, version: int | None, extracted: UnixSeconds
    ) -> bytes:
        selected = self._selected(records)
        return record_lines(self.stream.name, selected, version=version, extracted=extracted)

    def named(self, records: Iterable[Record]) -> Iterable[tuple[str, Mapping[str, object]]]:
        return ((self.stream.name, record) for record in self._selected(records))

    def whole_lines(self, whole: Whole) -> bytes:
        return activate_version_line(self.stream.name, whole)

    def _selected(self, records: Iterable[Record]) -> Iterable[Record]:
        if not self.deselected:
            return records
        return ({n: v for n, v in r.items() if n not in self.deselected} for r in records)


@dataclass(frozen=True)
class _Parsed:
    stream: StripeStream

    def schema_lines(self) -> bytes:
        return _schema_lines(self.stream)

    def record_lines(
        self, records: Iterable[Record], *, version: int | None, extracted: UnixSeconds
    ) -> bytes:
        messages = (
            message
            for record in records
            for message in self.stream.record_messages(decoded(record), version, extracted)
        )
        return b"".join(message_line(message) for message in messages)

    def named(self, records: Iterable[Record]) -> Iterable[tuple[str, Mapping[str, object]]]:
        return (
            (message["stream"], message["record"])
            for record in records
            for message in self.stream.record_messages(decoded(record), None, UnixSeconds(0))
        )

    def whole_lines(self, whole: Whole) -> bytes:
        aliases = dict.fromkeys(
            each.stream_alias
            for each in self.stream.stream_maps
            if not isinstance(each, RemoveRecordTransform)
        )
        return b"".join(activate_version_line(alias, whole) for alias in aliases)


def _schema_lines(stream: StripeStream) -> bytes:
    return b"".join(message_line(message) for message in stream.schema_messages())
