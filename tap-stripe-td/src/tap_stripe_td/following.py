"""What changed since the bookmarks, as steps: found in the events, fetched as it is now."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from typing import TYPE_CHECKING

from tap_stripe_td.errors import ENDS_THE_RUN, TapError
from tap_stripe_td.hydrate import hydrate
from tap_stripe_td.plan import is_reconciled
from tap_stripe_td.steps import Failed, Finished, Rows, Step
from tap_stripe_td.tail import read_tail

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from tap_stripe_td.handover import Taker
    from tap_stripe_td.plan import Bounds
    from tap_stripe_td.recent import Entry
    from tap_stripe_td.source import Source
    from tap_stripe_td.state import Bookmark
    from tap_stripe_td.streams.row import Stream


def follow(
    source: Source, behind: Mapping[Stream, Bookmark], bounds: Bounds, taker: Taker, *, workers: int
) -> Mapping[Stream, Bookmark]:
    """Hand over what changed to streams; return how far those are read that did not fail.

    Raises:
        TapError: If no stream can be read.
    """
    bookmarks: dict[Stream, Bookmark] = {}
    sent: defaultdict[Stream, list[Entry]] = defaultdict(list)
    for step in _guarded(tuple(behind), _steps(source, behind, bounds, workers)):
        if isinstance(step, Rows):
            sent[step.stream].extend(step.entries)
        elif isinstance(step, Finished) and step.bookmark is not None:
            bookmarks[step.stream] = _remembering(step.stream, step.bookmark, sent, bounds)
            taker.put(replace(step, bookmark=bookmarks[step.stream]))
            continue
        taker.put(step)
    return bookmarks


def _remembering(
    stream: Stream, bookmark: Bookmark, sent: Mapping[Stream, Iterable[Entry]], bounds: Bounds
) -> Bookmark:
    """Return the bookmark of a stream with what was sent of it, if that will be asked for."""
    if stream not in sent or not is_reconciled(stream, bounds):
        return bookmark
    recent = bookmark.recent.added(sent[stream], bounds.most_recent)
    return replace(bookmark, recent=recent)


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
    # A list that is read again after the events knows what is younger than they are. Of what is
    # older it may know two versions, and not which was sent last, when a run was cut in between.
    # Decision: docs/decisions/0019-what-changed-of-an-older-object-is-sent-whatever-is-known.md
    known = {
        stream: mark.recent.after(mark.value)
        for stream, mark in bookmarks.items()
        if is_reconciled(stream, bounds)
    }
    for step in hydrate(source, tail.changes, workers=workers, sent=known):
        if isinstance(step, Failed):
            failed.update(step.streams)
        yield step
    for stream, bookmark in bookmarks.items():
        if stream not in failed:
            seen = tail.seen.get(stream.name, ())
            yield Finished(stream, None, replace(bookmark, value=until, seen=seen))
