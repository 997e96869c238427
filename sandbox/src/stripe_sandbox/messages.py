"""A request and the answer to it, as plain values."""

from __future__ import annotations

import enum
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlsplit

if TYPE_CHECKING:
    from collections.abc import Mapping

Pairs = tuple[tuple[str, str], ...]


class Wire(enum.Enum):
    """How the bytes of an answer leave the server."""

    WHOLE = "whole"
    RESET = "reset before the first byte"
    RESET_MID_BODY = "reset in mid-body"
    CUT = "closed in mid-body"
    SLOW = "byte by byte"
    CHUNKED = "in chunks"
    CUT_CHUNKED = "closed between two chunks"


@dataclass(frozen=True)
class Request:
    """What was asked. The names of headers are in lower case."""

    method: str
    path: str
    query: Pairs = ()
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""

    @classmethod
    def parse(
        cls, method: str, target: str, headers: Mapping[str, str], body: bytes = b""
    ) -> Request:
        """The request with this request target, e.g. `/v1/charges?limit=3`."""
        parts = urlsplit(target)
        lowered = {name.lower(): value for name, value in headers.items()}
        query = tuple(parse_qsl(parts.query, keep_blank_values=True))
        return cls(method, parts.path, query, lowered, body)


@dataclass(frozen=True)
class Response:
    """What is answered."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    wire: Wire = Wire.WHOLE


@dataclass(frozen=True)
class Asked:
    """One line of the request log."""

    method: str
    path: str
    query: list[tuple[str, str]]
    headers: Mapping[str, str]
    status: int
    account: str = ""
