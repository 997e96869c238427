"""The streams as singer-sdk knows them: schema, keys, selection, and reading one by one.

A run does not read through these: `sync` does, many pages at a time. They serve the catalog,
`--test`, and the SDK's standard tests.
"""

from __future__ import annotations

import logging
import sys
import threading
from functools import reduce
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import msgspec
from singer_sdk import Stream as SdkStream
from singer_sdk.exceptions import AbortedSyncFailedException, AbortedSyncPausedException

from tap_stripe_td import schemas
from tap_stripe_td.crew import Crew
from tap_stripe_td.errors import TapError
from tap_stripe_td.handover import Handover
from tap_stripe_td.plan import Bounds, make_plan
from tap_stripe_td.records import added_properties, decoded
from tap_stripe_td.state import State
from tap_stripe_td.steps import Failed, Rows
from tap_stripe_td.units import UnixSeconds, format_time
from tap_stripe_td.upkeep import replication_key

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping

    from singer_sdk import Tap

    from tap_stripe_td.config import Config
    from tap_stripe_td.source import Clock, Source
    from tap_stripe_td.streams.row import Stream


def stream_schema(stream: Stream, expanded: Collection[str] = ()) -> dict[str, Any]:
    """Return the JSON Schema of a stream's records, with the fields that the tap adds.

    A field that Stripe would expand when asked to is an id unless it is among `expanded`.
    """
    schema, *others = (_kind_schema(kind) for kind in stream.kinds)
    # A list of several kinds of objects has the fields of all.
    properties = reduce(_merged, (other["properties"] for other in others), schema["properties"])
    named = () if stream.parent is None else (stream.parent.key_field,)
    for name in named:
        properties.setdefault(name, {"type": ["null", "string"]})
    # Tables get their columns in this order, and people look for these first.
    wanted = (*stream.key, *named, "object", stream.created_field)
    first = [name for name in wanted if name in properties]
    own = {
        name: properties[name] if name in expanded else _unexpanded(properties[name])
        for name in dict.fromkeys((*first, *properties))
    }
    return {**schema, "properties": {**own, **added_properties()}}


def _kind_schema(kind: str) -> dict[str, Any]:
    text = files(schemas).joinpath(f"{kind}.json").read_bytes()
    schema: dict[str, Any] = msgspec.json.decode(text)
    return schema


def _merged(some: dict[str, Any], others: dict[str, Any]) -> dict[str, Any]:
    """Return the fields of both; one of which they say different things may be either."""
    either = {
        name: {"anyOf": [some[name], field]}
        for name, field in others.items()
        if name in some and some[name] != field
    }
    return {**others, **some, **either}


def _unexpanded(field: dict[str, Any]) -> dict[str, Any]:
    return {"type": ["null", "string"]} if field.get("type") == _EXPANDABLE else field


_EXPANDABLE = ["null", "string", "object"]


def schema_api_version() -> str:
    """Return the API version that the schemas describe."""
    return files(schemas).joinpath("api_version.txt").read_text(encoding="utf-8").strip()


_ENDS_IN_ORDER = (AbortedSyncFailedException, AbortedSyncPausedException, TapError)


class StripeStream(SdkStream):
    """One row of the stream table, as singer-sdk's stream."""

    TYPE_CONFORMANCE_LEVEL = type(SdkStream.TYPE_CONFORMANCE_LEVEL).NONE

    def __init__(
        self,
        tap: Tap,
        row: Stream,
        config: Config,
        open_source: Callable[[], tuple[Source, Clock]],
    ) -> None:
        """Make the stream; without a catalog it is read when `config` names it."""
        self.row = row
        self.selected_by_default = row in config.streams
        self._open_source = open_source
        expanded = (*row.expand, *config.expand.get(row.name, ()))
        super().__init__(tap, schema=stream_schema(row, expanded), name=row.name)
        self.primary_keys = (*row.key, "_account") if config.account_ids else row.key
        if config.incremental:
            self.replication_key = replication_key(row)

    def get_records(self, context: Mapping[str, Any] | None) -> Iterator[dict[str, Any]]:
        """Yield every record, read page by page."""
        del context
        source, clock = self._open_source()
        bounds = Bounds(clock.signpost, source.created, 0, incremental=False, version=0)
        readings = make_plan([self.row], State(), bounds, {}).lists
        handover = Handover()
        crew = Crew(source, readings, handover, workers=1)
        for step in handover.take(lambda _: crew.run(), threading.Event()):
            if isinstance(step, Failed):
                raise step.error
            if isinstance(step, Rows):
                yield from map(decoded, step.records)

    def log(self, message: str, *args: Any, level: int = logging.INFO, **kwargs: Any) -> None:
        """Log what singer-sdk says, but call nothing unhandled that ends in order.

        That is a stream of which `--test` has its one record, or one that is refused: the refusal
        is told as a sentence.
        """
        if level < logging.ERROR or not isinstance(sys.exception(), _ENDS_IN_ORDER):
            super().log(message, *args, level=level, **kwargs)

    def schema_messages(self) -> Iterator[dict[str, Any]]:
        """Yield the SCHEMA messages: more than one when a stream map makes several streams."""
        for message in self._generate_schema_messages():
            yield message.to_dict()

    def record_messages(
        self, record: dict[str, Any], version: int | None, extracted: UnixSeconds
    ) -> Iterator[dict[str, Any]]:
        """Yield the RECORD messages that selection, stream maps and flattening make of a record."""
        for message in self._generate_record_messages(record):
            made = message.to_dict()
            made.pop("version", None)
            whole = {} if version is None else {"version": version}
            yield {**made, "time_extracted": format_time(extracted), **whole}
