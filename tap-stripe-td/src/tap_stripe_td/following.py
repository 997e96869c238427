"""What changed since the bookmarks, as steps: found in the events, fetched as it is now."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from tap_stripe_td.errors import ENDS_THE_RUN, TapError
from tap_stripe_td.hydrate import hydrate
from tap_stripe_td.steps import Failed, Finished, Rows, Step
from tap_stripe_td.tail import read_tail

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from tap_stripe_td.handover import Taker
    from tap_stripe_td.plan import Bounds
    from tap_stripe_td.source import Source
    from tap_stripe_td.state import Bookmark
    from tap_stripe_td.streams.row import Stream


@dataclass(frozen=True)
class Followed:
    """What following the events gave.

    Attributes:
        bookmarks: How far the streams are read that did not fail.
        digests: What stands for the records that were sent, by stream.
    """

    bookmarks: Mapping[Stream, Bookmark]
    digests: Mapping[str, tuple[str, ...]]


def follow(
    source: Source, behind: Mapping[Stream, Bookmark], bounds: Bounds, taker: Taker, *, workers: int
) -> Followed:
    """Hand over what changed to streams since their bookmarks.

    Raises:
        TapError: If no stream can be read.
    """
    bookmarks: dict[Stream, Bookmark] = {}
    digests: dict[str, tuple[str, ...]] = {}
    for step in _guarded(tuple(behind), _steps(source, behind, bounds, workers)):
        taker.put(step)
        if isinstance(step, Finished) and step.bookmark is not None:
            bookmarks[step.stream] = step.bookmark
        elif isinstance(step, Rows):
            name = step.stream.name
            digests[name] = (*digests.get(name, ()), *step.digests)
    return Followed(bookmarks, digests)


def _guarded(streams: tuple[Stream, ...], steps: Iterable[Step]) -> Iterator[Step]:
    """Yield the steps; a refusal ends them, but not the run, unless no stream can be read."""
    try:
        yield from steps
    except ENDS_THE_RUN:
        raise
    except TapError as error:
        yield Failed(streams, error)


def _steps(
    source: Source, bookmarks: Mapping[Stream, Bookmark], bounds: Bounds, workers: int
) -> Iterator[Step]:
    until, lookback = bounds.tail_end, bounds.lookback_seconds
    tail = read_tail(source, bookmarks, until=until, lookback_seconds=lookback)
    failed: set[Stream] = set()
    for step in hydrate(source, tail.changes, workers=workers):
        if isinstance(step, Failed):
            failed.update(step.streams)
        yield step
    for stream, bookmark in bookmarks.items():
        if stream not in failed:
            seen = tail.seen.get(stream.name, ())
            yield Finished(stream, None, replace(bookmark, value=until, seen=seen))
