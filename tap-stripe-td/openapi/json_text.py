"""JSON as text that is short and still gives readable diffs."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

_WIDTH: Final = 100


def format_json(value: object) -> str:
    """Write what fits on one line there, and every member of the rest on a line of its own."""
    return _format(value, margin="") + "\n"


def _format(value: object, *, margin: str) -> str:
    line = json.dumps(value)
    if len(margin) + len(line) <= _WIDTH:
        return line
    inner = margin + " "
    if isinstance(value, dict):
        pairs = (f"{json.dumps(key)}: {_format(v, margin=inner)}" for key, v in value.items())
        return _block("{", pairs, "}", margin)
    if isinstance(value, list):
        return _block("[", (_format(item, margin=inner) for item in value), "]", margin)
    return line


def _block(opening: str, members: Iterable[str], closing: str, margin: str) -> str:
    inside = ",\n".join(f"{margin} {member}" for member in members)
    return f"{opening}\n{inside}\n{margin}{closing}"
