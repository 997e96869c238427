"""What a tap wrote: Singer messages, one a line."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property
from typing import Any

Message = dict[str, Any]


@dataclass(frozen=True)
class Messages:
    """The lines of a tap's stdout.

    Attributes:
        stdout: The bytes as they came.
    """

    stdout: bytes

    @cached_property
    def all(self) -> list[Message]:
        """Every message, in order; a line that is no JSON object fails the test."""
        lines = self.stdout.decode().split("\n")
        assert lines.pop() == "", "the last line is cut short"
        return [json.loads(line) for line in lines]

    def of_type(self, kind: str) -> list[Message]:
        """The messages of a type, in order."""
        return [message for message in self.all if message["type"] == kind]

    def records(self, stream: str) -> list[Message]:
        """The records of a stream, in order."""
        found = self.of_type("RECORD")
        return [message["record"] for message in found if message["stream"] == stream]

    def ids(self, stream: str) -> list[str]:
        """The ids of a stream's records, in order."""
        return [record["id"] for record in self.records(stream)]

    def schema(self, stream: str) -> Message:
        """The last SCHEMA message of a stream."""
        return [m for m in self.of_type("SCHEMA") if m["stream"] == stream][-1]

    def activated(self, stream: str) -> list[int]:
        """The versions of a stream that were activated."""
        found = self.of_type("ACTIVATE_VERSION")
        return [message["version"] for message in found if message["stream"] == stream]

    @property
    def streams(self) -> set[str]:
        """The streams that have a SCHEMA."""
        return {message["stream"] for message in self.of_type("SCHEMA")}

    @property
    def states(self) -> list[Message]:
        """The value of every STATE, in order."""
        return [message["value"] for message in self.of_type("STATE")]

    @property
    def state(self) -> Message:
        """The value of the last STATE."""
        return self.states[-1]

    def up_to_each_state(self) -> list[tuple[Messages, Message]]:
        """What a reader has, and the state it has, when the tap dies after each STATE."""
        cuts = []
        end = 0
        for line, message in zip(self.stdout.splitlines(keepends=True), self.all, strict=True):
            end += len(line)
            if message["type"] == "STATE":
                cuts.append((Messages(self.stdout[:end]), message["value"]))
        return cuts
