"""What one row of the stream table says.

Everything that differs between two streams and is not generated is a field of this row; no code
compares a stream's name.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


class CreatedFilter(Enum):
    """How a list endpoint narrows by the time of creation."""

    NONE = "none"
    RANGE = "created[gte], created[lt]"
    AFTER_BEFORE = "created_after, created_before"


class Paging(Enum):
    """How an endpoint gives its objects."""

    CURSOR = "limit, starting_after"
    WHOLE = "everything in one answer; `limit` is refused"
    SINGLE = "one object, not a list"


class Coverage(Enum):
    """How much of what happens to an object Stripe tells in events."""

    FULL = "full"
    PARTIAL = "partial"
    NONE = "none"
    SELF = "append-only"


@dataclass(frozen=True, kw_only=True)
class Stream:
    """One kind of Stripe object and how it is read.

    Attributes:
        name: Plural, as Singer has it: `charges`.
        object: Stripe's name in the field `object`: `charge`. Names the schema file.
        path: The list endpoint, from `/v1/`.
        aliases: Names the old connector used for it: `charge`, `balance_history`.
        params: Sent with every list request.
        requires: Parameters that vary and without which Stripe refuses the list. Such a row is read
            only when it is named, never as part of `all`.
        expand: Fields to ask Stripe to expand, without the `data.` that lists need.
        key: The fields that identify a record.
        created_filter: How the list is narrowed by creation time.
        created_field: The field that tells the creation time; empty when the object has none.
        paging: How the endpoint gives its objects.
        events: Event types whose `data.object` is this object.
        deletes: The event types among them that say the object is gone.
        coverage: How much of an object's life its events tell.
        gap: What the events do not tell, as a sentence; empty when they tell all.
        permission: What a restricted key needs, without `rak_`; empty when Stripe names none.
        core: Whether it belongs to the target `core`.
    """

    name: str
    object: str
    path: str
    aliases: tuple[str, ...] = ()
    params: Mapping[str, str] = field(default_factory=dict, hash=False)
    requires: tuple[str, ...] = ()
    expand: tuple[str, ...] = ()
    key: tuple[str, ...] = ("id",)
    created_filter: CreatedFilter = CreatedFilter.RANGE
    created_field: str = "created"
    paging: Paging = Paging.CURSOR
    events: tuple[str, ...] = ()
    deletes: tuple[str, ...] = ()
    coverage: Coverage = Coverage.FULL
    gap: str = ""
    permission: str = ""
    core: bool = False
