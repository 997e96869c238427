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
    PARENT = "in those of its parent"
    NONE = "none"
    SELF = "append-only"


@dataclass(frozen=True, kw_only=True)
class Parent:
    """Whose lists a child stream is made of: every object of the parent has one.

    Attributes:
        stream: The name of the parent's stream.
        key_field: The field of a record that names the parent's object. Where Stripe's object has
            no such field the tap adds it.
        parameter: The query parameter that names the parent's object; empty when the path does.
        field: Where the parent's object carries the first ten of the list, with dots when that is
            nested; empty when it never does.
        tells: Whether a change of the children shows as a change of the parent. Else the children's
            own events tell all.
        loses: Whether the list may lose a child of which no event of its own tells.
        settled: The values of the parent's `status` with which the list stays as it is.
    """

    stream: str
    key_field: str
    parameter: str = ""
    field: str = ""
    tells: bool = True
    loses: bool = False
    settled: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Stream:
    """One kind of Stripe object and how it is read.

    Attributes:
        name: Plural, as Singer has it: `charges`.
        object: Stripe's name in the field `object`: `charge`. Names the schema file.
        path: The list endpoint, from `/v1/`; of a child with `{id}` where its parent's id stands.
        objects: All of Stripe's names when the list holds several kinds; else empty.
        parent: Whose lists it is made of; None when it has one list of its own.
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
        relisted: Whether every run reads the whole list again though `created` narrows it: an
            object of any age may change, and no event tells.
        named_in: Where objects that the list leaves out are named: streams, each with the path of
            a field that is their id or the object itself.
        unlisted: What the list leaves out, as a sentence; empty when it has all. A whole reading of
            such a list says of nothing that it is gone.
        permission: What a restricted key needs, without `rak_`; empty when Stripe names none.
        core: Whether it belongs to the target `core`.
    """

    name: str
    object: str
    path: str
    objects: tuple[str, ...] = ()
    parent: Parent | None = None
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
    relisted: bool = False
    named_in: tuple[tuple[str, str], ...] = ()
    unlisted: str = ""
    permission: str = ""
    core: bool = False

    @property
    def kinds(self) -> tuple[str, ...]:
        """Stripe's names of all objects that the list holds."""
        return self.objects or (self.object,)
