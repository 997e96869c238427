"""What readers hand to the writer, in the order in which it must be written."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tap_stripe_td.slicing import Slice

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tap_stripe_td.errors import TapError
    from tap_stripe_td.recent import Entry
    from tap_stripe_td.records import Record
    from tap_stripe_td.state import Bookmark
    from tap_stripe_td.streams.row import Stream
    from tap_stripe_td.units import UnixSeconds


@dataclass(frozen=True)
class Rows:
    """Records of one stream, and how far it is read once they are written.

    Attributes:
        stream: The stream they belong to.
        records: Finished records.
        date: Stripe's clock when they were read.
        version: The version of a whole reading; None for a part of one.
        bookmark: How far the stream is read then; None when that does not change.
        entries: What stands for the records in a bookmark, where it will be asked for; of
            children, what stands for their parents.
        also: Other streams that the bookmark is of, too.
        children: Of a child stream, the ids that are to be remembered, by parent.
    """

    stream: Stream
    records: tuple[Record, ...]
    date: UnixSeconds
    version: int | None = None
    bookmark: Bookmark | None = None
    entries: tuple[Entry, ...] = ()
    also: tuple[Stream, ...] = ()
    children: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True)
class Whole:
    """What a whole reading of a stream covers.

    Attributes:
        version: What its records are called.
        resumed: Whether an earlier run wrote some of them.
        within: The stretch of creation time that it covers; None when no field of a record tells
            whether it was covered.
        field: The field that tells; empty when everything was covered.
    """

    version: int
    resumed: bool = False
    within: Slice | None = Slice()  # noqa: RUF009 - it is frozen
    field: str = ""


@dataclass(frozen=True)
class Finished:
    """One stream is read up to the run's end.

    Attributes:
        stream: The stream.
        whole: What is whole now; None when only a part was read.
        bookmark: How far it is read; None when nothing is to be remembered.
    """

    stream: Stream
    whole: Whole | None
    bookmark: Bookmark | None


@dataclass(frozen=True)
class Failed:
    """Some streams cannot be read; the others go on.

    Attributes:
        streams: The streams, whose bookmarks stay where they are.
        error: Why.
    """

    streams: tuple[Stream, ...]
    error: TapError


Step = Rows | Finished | Failed
