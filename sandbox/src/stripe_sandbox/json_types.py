"""The types of what travels as JSON."""

from __future__ import annotations

from typing import Any, TypeAlias

JsonObject: TypeAlias = dict[str, Any]
UnixSeconds: TypeAlias = int
