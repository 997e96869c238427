"""A run: what is read is written, and the state follows what was written."""

from __future__ import annotations

import logging
import sys
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from tap_stripe_td.crew import Crew
from tap_stripe_td.delivery import Delivery, InFiles, Inline
from tap_stripe_td.errors import StripeRefusedError, TapError
from tap_stripe_td.following import follow
from tap_stripe_td.forgetting import forget_oldest
from tap_stripe_td.handover import Handover, Taker
from tap_stripe_td.harvest import Harvest, Noting
from tap_stripe_td.plan import (
    Bounds,
    forgotten_until,
    is_behind,
    make_plan,
    needs_visible_events,
    reconciling,
)
from tap_stripe_td.progress import Progress
from tap_stripe_td.recent import MOST_RECENT
from tap_stripe_td.shaping import Shape, shape_of
from tap_stripe_td.splitting import STRIPES_FIRST_SECOND
from tap_stripe_td.steps import Failed, Finished, Rows
from tap_stripe_td.tail import visible_events
from tap_stripe_td.units import UnixSeconds, format_time
from tap_stripe_td.upkeep import bookmark_of

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable, Iterable

    from tap_stripe_td.backfill import Reading
    from tap_stripe_td.batches import BatchFiles
    from tap_stripe_td.discovery import StripeStream
    from tap_stripe_td.messages import Output
    from tap_stripe_td.source import Clock, Source
    from tap_stripe_td.state import Bookmark, State
    from tap_stripe_td.steps import Whole
    from tap_stripe_td.streams.row import Stream

_logger = logging.getLogger("tap-stripe-td.sync")


@dataclass(frozen=True)
class Run:
    """One run of the tap.

    Attributes:
        source: What is read.
        clock: Where and when it begins.
        streams: What is read of it, by name.
        state: Where the last run left off.
        incremental: Whether to go on from there and write bookmarks.
        lookback_seconds: How far before a bookmark is read again.
        workers: How many threads read.
        reconcile_days: How many days of objects are read again where events do not tell all.
        most_recent: How many recent objects may be remembered.
        version: What whole readings are called; None when they are not announced as whole.
        files: Where records are written to; None when they stand in the messages.
        announce: Makes the lines that say what of a stream is whole; None for the usual ones.
    """

    source: Source
    clock: Clock
    streams: Mapping[str, StripeStream]
    state: State
    incremental: bool
    lookback_seconds: int
    workers: int
    reconcile_days: int = 0
    most_recent: int = MOST_RECENT
    version: int | None = None
    files: BatchFiles | None = None
    announce: Callable[[str, Whole], bytes] | None = None

    @property
    def rows(self) -> tuple[Stream, ...]:
        """The streams' rows of the table."""
        return tuple(stream.row for stream in self.streams.values())

    @property
    def bounds(self) -> Bounds:
        """What the plan is made within."""
        return Bounds(
            self.clock.signpost,
            self.source.created,
            self.lookback_seconds,
            self.incremental,
            self.version,
            self.reconcile_days,
            self.most_recent,
        )


Shapes = Mapping[str, Shape]


def write_schemas(streams: Mapping[str, StripeStream], output: Output) -> Shapes:
    """Write the SCHEMA lines of all streams; return what makes their other lines."""
    shapes = {name: shape_of(stream) for name, stream in streams.items()}
    for shape in shapes.values():
        output.write(shape.schema_lines())
    return shapes


def sync(
    run: Run,
    shapes: Shapes,
    output: Output,
    stop: threading.Event,
    remember: Callable[[State], State] = lambda state: state,
) -> list[TapError]:
    """Write every selected stream's news, and return why some could not be read.

    Stops early, with the state of what was written, when `stop` is set.

    Args:
        run: What is read, and how.
        shapes: What makes the lines of each stream, whose SCHEMA is written.
        output: Takes the lines.
        stop: Set when somebody asks to stop.
        remember: Makes the state that is written of the state of this run.

    Raises:
        TapError: If nothing can be read: the key is wrong, or Stripe cannot be reached.
    """
    state = replace(run.state, account=run.clock.account or run.state.account)
    if run.incremental:
        output.write_first_state(remember(state))
    failures: list[TapError] = []
    delivery = Inline() if run.files is None else InFiles(run.files)
    limiter = run.source.client.limiter
    progress = Progress(lambda: limiter.requests, limiter.account_per_second)
    progress.begin(run.streams, terminal=sys.stderr.isatty())
    try:
        for step in Handover().take(lambda handover: _read(run, handover), stop):
            if isinstance(step, Failed):
                failures.append(step.error)
                _logger.warning("%s cannot be read; the others go on.", _names(step.streams))
                for stream in step.streams:
                    progress.failed(stream.name)
                continue
            output.write(_lines(step, shapes, delivery, run.announce))
            _note(progress, step)
            state = _advanced(state, step)
            # Rows without a bookmark are followed by one; until then the state lags behind them.
            if run.incremental and step.bookmark is not None and delivery.is_even:
                # What is in files weighs nothing here, and so would never pay for a state.
                output.write_state(remember(state), always=run.files is not None)
    finally:
        output.write(delivery.rest())
        if run.incremental:
            # Of many accounts the states wait for the last: each is to weigh little.
            state = forget_oldest(state, run.most_recent)
            output.write_state(remember(state), always=True)
        progress.end()
    return failures


def _note(progress: Progress, step: Rows | Finished) -> None:
    if isinstance(step, Finished):
        progress.finished(step.stream.name)
    else:
        progress.wrote(step.stream.name, len(step.records), step.bookmark)


def _lines(
    step: Rows | Finished,
    shapes: Shapes,
    delivery: Delivery,
    announce: Callable[[str, Whole], bytes] | None,
) -> bytes:
    name = step.stream.name
    if isinstance(step, Rows):
        return delivery.lines(step, shapes[name])
    if step.whole is None:
        return b""
    if announce is not None:
        return announce(name, step.whole)
    return delivery.rest() + shapes[name].whole_lines(step.whole)


def _names(streams: Iterable[Stream]) -> str:
    return ", ".join(f"`{stream.name}`" for stream in streams)


def _advanced(state: State, step: Rows | Finished) -> State:
    if isinstance(step, Rows) and step.children:
        state = state.remember(step.stream.name, step.children)
    if step.bookmark is None:
        return state
    for stream in (step.stream, *(step.also if isinstance(step, Rows) else ())):
        state = state.advance(stream.name, bookmark_of(stream, step.bookmark))
    return state


def _read(run: Run, handover: Handover) -> None:
    """Read everything: lists first, side by side; then what changed."""
    bounds = run.bounds
    plan = make_plan(run.rows, run.state, bounds, _visible(run, bounds))
    for stream in plan.aged:
        _logger.warning(
            "The bookmark of `%s` is older than the events that Stripe keeps (30 days), so it is "
            "read from the start again.",
            stream.name,
        )
    _warn_of_forgotten(plan.lists, bounds)
    noting = Noting(handover, plan.lists)
    read = _read_lists(run, plan.lists, noting)
    read = _harvested(run, plan.lists, read, noting)
    # A resumed reading ends at the signpost of the run that began it.
    resumed = {s: mark for s, mark in read.items() if is_behind(s, mark, bounds)}
    behind = {**plan.tail, **resumed}
    if not behind or handover.is_abandoned:
        return
    followed = follow(run.source, behind, bounds, handover, workers=run.workers)
    again = reconciling(followed, bounds)
    if again and not handover.is_abandoned:
        _warn_of_forgotten(again, bounds)
        _read_lists(run, again, handover)


def _warn_of_forgotten(readings: Iterable[Reading], bounds: Bounds) -> None:
    for reading in readings:
        since = forgotten_until(reading, bounds)
        if since is not None:
            _logger.warning(
                "Of %s only what was created since %s is read again, not the last %d days: no "
                "more is remembered, and all before would be sent twice. What changes about "
                "older objects is not seen.",
                _names(reading.written),
                format_time(since),
                bounds.reconcile_days,
            )


def _read_lists(run: Run, readings: Iterable[Reading], taker: Taker) -> Mapping[Stream, Bookmark]:
    floor = run.clock.opened or STRIPES_FIRST_SECOND
    return Crew(run.source, readings, taker, workers=run.workers, floor=floor).run()


def _harvested(
    run: Run,
    readings: tuple[Reading, ...],
    read: Mapping[Stream, Bookmark],
    noting: Noting,
) -> Mapping[Stream, Bookmark]:
    """Hand over what lists leave out; return how far every stream is read then."""
    read_lists = partial(_read_lists, run)
    harvest = Harvest(run.source, run.bounds, run.rows, run.workers, read_lists)
    return harvest.after(readings, read, noting)


def _visible(run: Run, bounds: Bounds) -> Mapping[str, tuple[str, ...]]:
    streams = needs_visible_events(run.rows, run.state, bounds)
    if not streams:
        return {}
    since = UnixSeconds(bounds.tail_end - run.lookback_seconds)
    try:
        return visible_events(run.source, streams, since=since, until=run.clock.signpost)
    except StripeRefusedError as refused:
        _logger.warning(
            "Events cannot be read, so the next run will not find what changed: %s", refused
        )
        return {}
