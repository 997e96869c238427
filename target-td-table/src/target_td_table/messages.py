"""The messages of the Singer spec, with everything the target does not look at left as bytes.

Spec: https://hub.meltano.com/singer/spec and, for BATCH, https://sdk.meltano.com/en/latest/batch.html
"""

import json
from datetime import datetime
from typing import Annotated, Any

import msgspec

from target_td_table import nested
from target_td_table.errors import InputError

Moment = Annotated[datetime, msgspec.Meta(tz=True)]


class Message(msgspec.Struct, tag_field="type", tag=str.upper, gc=False):
    """One line of the input."""


class Record(Message, gc=False):
    """One record; with a `version` it is part of a full read that ends with ACTIVATE_VERSION."""

    stream: str
    record: msgspec.Raw
    version: int | None = None
    time_extracted: str | None = None


class Schema(Message, gc=False):
    """What the records of a stream look like from here on."""

    stream: str
    schema: dict[str, Any]
    key_properties: list[str] | None = None


class State(Message, gc=False):
    """How far the tap has come."""

    value: msgspec.Raw


class Stretch(msgspec.Struct, gc=False):
    """Half-open, of the times in one field; None is no bound."""

    field: str
    gte: Moment | None = None
    lt: Moment | None = None


class ActivateVersion(Message, tag="ACTIVATE_VERSION", gc=False):
    """A full read of a stream is whole.

    The spec knows no more than the version. Some of the records came in an earlier run if it is
    `resumed`. Only rows `within` a stretch were asked for, or some that cannot be told (null).
    """

    stream: str
    version: int
    resumed: bool = False
    within: Stretch | msgspec.UnsetType | None = msgspec.UNSET


class Batch(Message, gc=False):
    """Records that the tap wrote to files; with a `version` they are part of a full read."""

    stream: str
    encoding: dict[str, Any]
    manifest: list[str]
    version: int | None = None


AnyMessage = Record | Schema | State | ActivateVersion | Batch
TYPES = ("RECORD", "SCHEMA", "STATE", "ACTIVATE_VERSION", "BATCH")

_DECODER: msgspec.json.Decoder[AnyMessage] = msgspec.json.Decoder(AnyMessage)


def parse_lines(block: bytes) -> list[AnyMessage] | None:
    """The messages of a block, one a line; None if a line needs a closer look."""
    try:
        messages = _DECODER.decode_lines(block)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None
    # Blank lines are skipped, and then the numbers of the lines would be wrong.
    return messages if len(messages) == block.count(b"\n") else None


def parse_line(line: bytes, number: int) -> AnyMessage | None:
    """The message on a line; None if the line is blank.

    A record may hold what only Python takes for JSON, NaN or half of a surrogate pair, or be nested
    too deeply for any parser. It is for whoever looks at records to refuse it.

    Raises:
        InputError: If it is no message; the sentence names the line.
    """
    if not line.strip():
        return None
    try:
        return _DECODER.decode(line)
    except msgspec.ValidationError as error:
        raise InputError(_no_message(line, number, error)) from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        if record := _pythons_record(line) or _nested_record(line):
            return record
        raise InputError(_unreadable(number, error)) from error


def _pythons_record(line: bytes) -> Record | None:
    """A record that Python's own `json` wrote and no other parser reads."""
    try:
        found = json.loads(line)
        if not isinstance(found, dict) or found.get("type") != "RECORD" or "record" not in found:
            return None
        record = json.dumps(found["record"]).encode()
    except (ValueError, RecursionError):
        return None
    return _record(found.get("stream"), record, found.get("version"))


def _nested_record(line: bytes) -> Record | None:
    """A record that is nested too deeply to be parsed."""
    found = nested.members(line) or {}
    if found.pop("type", b"") != b'"RECORD"' or "record" not in found:
        return None
    record = found.pop("record")
    if not nested.is_too_deep(record):
        return None
    stream, version = (_value(found.get(name, b"null")) for name in ("stream", "version"))
    return _record(stream, record, version)


def _record(stream: object, record: bytes, version: object) -> Record | None:
    if not isinstance(stream, str):
        return None
    return Record(stream, msgspec.Raw(record), version if isinstance(version, int) else None)


def _value(text: bytes) -> object:
    try:
        return msgspec.json.decode(text)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


def _unreadable(number: int, error: Exception) -> str:
    if isinstance(error, RecursionError):
        return (
            f"Line {number} of the input is nested too deeply to be read. Nothing of its batch was "
            "published. Correct the tap, or deselect the field."
        )
    reason = "UTF-8" if isinstance(error, UnicodeDecodeError) else "JSON"
    return (
        f"Line {number} of the input is not valid {reason}: {error}. Nothing of its batch was "
        "published. Whatever writes it must send one Singer message a line and nothing else."
    )


def _no_message(line: bytes, number: int, error: msgspec.ValidationError) -> str:
    tag = _value((nested.members(line) or {}).get("type", b"null"))
    end = "Nothing of its batch was published. Correct the tap."
    if isinstance(tag, str) and tag in TYPES:
        return f"The {tag} on line {number} of the input breaks the Singer spec: {error}. {end}"
    known = ", ".join(TYPES)
    if isinstance(tag, str) and tag.isprintable():
        return f"Line {number} of the input has the type `{tag[:40]}`. Known are {known}. {end}"
    return f"Line {number} of the input is no Singer message. Known are {known}. {end}"
