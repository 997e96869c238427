"""From the bytes that Stripe sends to records, without parsing what is nested.

A record is a mapping of its top-level fields to their JSON text. Times at the top level become
RFC 3339; everything else is delivered exactly as Stripe sent it.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import msgspec

from tap_stripe_td.units import UnixSeconds, format_time

if TYPE_CHECKING:
    from collections.abc import Iterable

Record = dict[str, msgspec.Raw]

_NULL = b"null"


class ListAnswer(msgspec.Struct, tag_field="object", tag="list"):
    """One page of a v1 list. https://docs.stripe.com/api/pagination.

    Attributes:
        data: The objects, newest first.
        has_more: Whether Stripe has more after the last of them.
    """

    data: list[Record]
    has_more: bool


_list_decoder = msgspec.json.Decoder(ListAnswer)
_record_decoder = msgspec.json.Decoder(Record)
_integer_decoder = msgspec.json.Decoder(int | None)
_text_decoder = msgspec.json.Decoder(str | None)


def parse_list(body: bytes) -> ListAnswer:
    """Return the page in a body.

    Stripe pretty-prints; a Singer message is one line, so the body is made compact first.

    Raises:
        msgspec.DecodeError: If the body is cut short, no JSON, or no list of Stripe's.
    """
    return _list_decoder.decode(msgspec.json.format(body, indent=-1))


def parse_object(body: bytes) -> Record:
    """Return the one object in a body.

    Raises:
        msgspec.DecodeError: If the body is cut short, no JSON, or no object.
    """
    return _record_decoder.decode(msgspec.json.format(body, indent=-1))


def text_of(record: Record, field: str) -> str | None:
    """Return a text field, None when it is missing or null.

    Raises:
        msgspec.ValidationError: If the field is no text.
    """
    raw = record.get(field)
    return None if raw is None else _text_decoder.decode(raw)


def integer_of(record: Record, field: str) -> int | None:
    """Return a whole number, None when the field is missing or null.

    Raises:
        msgspec.ValidationError: If the field is no whole number.
    """
    raw = record.get(field)
    return None if raw is None else _integer_decoder.decode(raw)


def decoded(record: Record) -> dict[str, Any]:
    """Return the record with every field parsed, for the parts of singer-sdk that need it so."""
    return {name: msgspec.json.decode(raw) for name, raw in record.items()}


def time_fields(schema: dict[str, Any]) -> tuple[str, ...]:
    """Return the top-level fields that a schema calls times."""
    return tuple(
        name
        for name, field in schema["properties"].items()
        if isinstance(field, dict) and field.get("format") == "date-time"
    )


def finished(record: Record, times: Iterable[str], added: Record) -> Record:
    """Return a record as it is written: times as RFC 3339, the tap's own fields added.

    A time that is no number stays as it is.
    """
    readable = record.copy()
    for name in times:
        raw = record.get(name)
        if raw is not None and (number := bytes(raw)).lstrip(b"-").isdigit():
            readable[name] = _time_text(int(number)) or raw
    readable.update(added)
    return readable


def _time_text(seconds: int) -> msgspec.Raw | None:
    try:
        return _encoded(datetime.fromtimestamp(seconds, UTC))
    except (ValueError, OverflowError, OSError):
        return None


def added_fields(*, updated_at: UnixSeconds, account: str | None) -> Record:
    """Return what is added to every record of an object that is there."""
    return {
        "_updated_at": _encoded(format_time(updated_at)),
        "_account": _encoded(account),
        "_sdc_deleted_at": msgspec.Raw(_NULL),
    }


def tombstone(
    object_id: str, *, deleted_at: UnixSeconds, updated_at: UnixSeconds, account: str | None
) -> Record:
    """Return the record that says an object is gone."""
    return {
        "id": _encoded(object_id),
        "deleted": msgspec.Raw(b"true"),
        "_updated_at": _encoded(format_time(updated_at)),
        "_account": _encoded(account),
        "_sdc_deleted_at": _encoded(format_time(deleted_at)),
    }


def added_properties() -> dict[str, Any]:
    """Return the JSON Schema of the fields that the tap adds."""
    time = {"type": ["null", "string"], "format": "date-time"}
    return {
        "_updated_at": time,
        "_account": {"type": ["null", "string"]},
        "_sdc_deleted_at": time,
        "deleted": {"type": ["null", "boolean"]},
    }


def _encoded(value: object) -> msgspec.Raw:
    return msgspec.Raw(msgspec.json.encode(value))
