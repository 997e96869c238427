"""The slow path: singer-sdk's stream maps, flattening and record metadata.

Every record is parsed, given to singer-sdk and written again, so what comes out is what any other
singer-sdk target would load. Taken only when a setting asks for it.
"""

import copy
import logging
import time
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

import msgspec
from singer_sdk.exceptions import StreamMapConfigError
from singer_sdk.mapper import PluginMapper
from singer_sdk.singerlib.json import deserialize_json, serialize_json

from target_td_table.blocks import Line
from target_td_table.envelope import Records
from target_td_table.errors import InputError, SettingsError
from target_td_table.messages import ActivateVersion, AnyMessage, Batch, Record, Schema

_MOMENT = {"type": ["null", "string"], "format": "date-time"}
_COUNT = {"type": ["null", "integer"]}
# https://sdk.meltano.com/en/latest/implementation/record_metadata.html
_METADATA = {
    "_sdc_extracted_at": _MOMENT,
    "_sdc_received_at": _MOMENT,
    "_sdc_batched_at": _MOMENT,
    "_sdc_deleted_at": _MOMENT,
    "_sdc_sequence": _COUNT,
    "_sdc_table_version": _COUNT,
    "_sdc_sync_started_at": _COUNT,
}


class Transform:
    """Hands messages to singer-sdk's mapper and gives back what it makes of them."""

    def __init__(self, config: Mapping[str, Any]) -> None:
        try:
            self._mapper = PluginMapper(
                plugin_config=dict(config), logger=logging.getLogger("target-td-table")
            )
        except StreamMapConfigError as error:
            raise SettingsError([f"`stream_maps` cannot be used: {error}"]) from error
        self._adds_metadata = bool(config.get("add_record_metadata"))
        self._started_at = round(time.time() * 1000)

    def block(self, block: list[Line]) -> list[Line]:
        """The messages of a block, transformed; a message may become none or several."""
        return [(line, made) for line, message in block for made in self._made(message, line)]

    def _made(self, message: AnyMessage | Records, line: int) -> Iterator[AnyMessage | Records]:
        if isinstance(message, Schema):
            yield from self._schemas(message)
        elif isinstance(message, Batch):
            raise InputError(
                f"The BATCH of `{message.stream}` on line {line} cannot be transformed. Turn off "
                "the tap's `batch_config`, or the target's stream maps, flattening and metadata."
            )
        elif not isinstance(message, Record | ActivateVersion):
            yield message
        elif message.stream not in self._mapper.stream_maps:
            yield message  # whoever looks for its SCHEMA will say that there was none
        elif isinstance(message, Record):
            yield from self._records(message, line)
        else:
            for stream_map in self._mapper.stream_maps[message.stream]:
                yield msgspec.structs.replace(message, stream=stream_map.stream_alias)

    def _schemas(self, message: Schema) -> Iterator[Schema]:
        # singer-sdk takes the schema for one with properties; `mapping` says it if it has none.
        if "properties" not in message.schema:
            yield message
            return
        try:
            self._mapper.register_raw_stream_schema(
                message.stream, message.schema, message.key_properties
            )
        except StreamMapConfigError as error:
            raise SettingsError([f"`stream_maps` cannot be used: {error}"]) from error
        for each in self._mapper.stream_maps[message.stream]:
            schema = copy.deepcopy(each.transformed_schema)
            if self._adds_metadata:
                schema["properties"] |= _METADATA
            keys = list(each.transformed_key_properties or ())
            # A map to `__NULL__` removes the stream.
            if type(each).__name__ != "RemoveRecordTransform":
                yield Schema(each.stream_alias, schema, keys)

    def _records(self, message: Record, line: int) -> Iterator[Record]:
        try:
            parsed = deserialize_json(bytes(message.record))
        except RecursionError as error:
            # What a map would have changed or left out must not be kept aside as it came.
            raise InputError(
                f"The RECORD of `{message.stream}` on line {line} is nested too deeply to be "
                "transformed. Nothing of its batch was published. Correct the tap, or deselect the "
                "field there."
            ) from error
        for stream_map in self._mapper.stream_maps[message.stream]:
            record = stream_map.transform(copy.copy(parsed))
            if record is None:
                continue
            if self._adds_metadata:
                record |= self._metadata(message, record)
            raw = msgspec.Raw(serialize_json(record).encode())
            yield Record(stream_map.stream_alias, raw, message.version, message.time_extracted)

    def _metadata(self, message: Record, record: Mapping[str, Any]) -> dict[str, Any]:
        now = datetime.now(tz=UTC).isoformat()
        return {
            "_sdc_extracted_at": message.time_extracted,
            "_sdc_received_at": now,
            "_sdc_batched_at": now,
            "_sdc_deleted_at": record.get("_sdc_deleted_at"),
            "_sdc_sequence": round(time.time() * 1000),
            "_sdc_table_version": message.version,
            "_sdc_sync_started_at": self._started_at,
        }
