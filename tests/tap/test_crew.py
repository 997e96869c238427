"""Workers side by side: one stream's trouble is its own, and rows come with their bookmarks."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

import pytest

from stripe_sandbox.faults import Fault
from tap_stripe_td.auth import FixedKey, Secret
from tap_stripe_td.backfill import Reading
from tap_stripe_td.client import Client
from tap_stripe_td.crew import Crew
from tap_stripe_td.errors import KeyRefusedError, StripeRefusedError
from tap_stripe_td.handover import Handover
from tap_stripe_td.limiter import Limiter
from tap_stripe_td.processor import Processor
from tap_stripe_td.records import text_of
from tap_stripe_td.slicing import Slice
from tap_stripe_td.source import Source
from tap_stripe_td.state import Backfill, Bookmark
from tap_stripe_td.steps import Failed, Finished, Rows, Step
from tap_stripe_td.streams.table import named
from tap_stripe_td.units import UnixSeconds

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.fakes.changing_stripe import ChangingStripe

HOUR = 3600
WORKERS = 8
(CHARGES,) = named("charges")
(CUSTOMERS,) = named("customers")
(REFUNDS,) = named("refunds")


@pytest.fixture
def _business(stripe: ChangingStripe) -> None:
    for kind in ("charge", "customer", "refund"):
        stripe.bulk(kind, 1_200, stripe.now - 400 * HOUR, stripe.now)
    stripe.advance(HOUR)


pytestmark = pytest.mark.usefixtures("_business")


@pytest.fixture
def steps(stripe: ChangingStripe, url: str) -> Iterator[Step]:
    """What eight workers hand over of three streams."""
    return read(stripe, url, Processor(spent=lambda: 0.0))


def read(stripe: ChangingStripe, url: str, processor: Processor) -> Iterator[Step]:
    client = Client(url, FixedKey(Secret(stripe.key)), "2026-10-28.endive", "", Limiter(10_000))
    until = UnixSeconds(stripe.now)
    start = Bookmark("_updated_at", backfill=Backfill(until, (Slice(until=until),)))
    end = Bookmark("_updated_at", until)
    readings = [Reading(stream, start, end) for stream in (CHARGES, CUSTOMERS, REFUNDS)]

    def crew(handover: Handover) -> object:
        opened = UnixSeconds(stripe.now - 401 * HOUR)
        return Crew(
            Source(client),
            readings,
            handover,
            workers=WORKERS,
            floor=opened,
            processor=processor,
        ).run()

    return Handover().take(crew, threading.Event())


def ids(steps: list[Step], path: str = "/v1/charges") -> list[str]:
    rows = [s for s in steps if isinstance(s, Rows) and s.stream.path == path]
    return [text_of(record, "id") or "" for step in rows for record in step.records]


def finished(steps: list[Step]) -> set[str]:
    return {step.stream.name for step in steps if isinstance(step, Finished)}


def left(bookmark: Bookmark | None, order: list[tuple[str, int]]) -> set[str]:
    """The ids that a bookmark says are still to be read, of a list newest first."""
    unread = () if bookmark is None or bookmark.backfill is None else bookmark.backfill.unread
    places = {id_: place for place, (id_, _) in enumerate(order)}
    return {
        id_
        for slice_ in unread
        for id_, created in order
        if slice_.contains(created)
        and (slice_.cursor is None or places[id_] > places[slice_.cursor])
    }


def test_every_row_comes_once_and_every_stream_is_finished(
    stripe: ChangingStripe, steps: Iterator[Step]
) -> None:
    came = list(steps)

    assert finished(came) == {"charges", "customers", "refunds"}
    for stream, kind in ((CHARGES, "charge"), (CUSTOMERS, "customer"), (REFUNDS, "refund")):
        there = sorted(str(each["id"]) for each in stripe.objects(kind))
        assert sorted(ids(came, stream.path)) == there


def test_rows_come_in_the_order_of_their_bookmarks(
    stripe: ChangingStripe, steps: Iterator[Step]
) -> None:
    order = [(str(each["id"]), int(str(each["created"]))) for each in stripe.objects("charge")]
    everything = {id_ for id_, _ in order}
    sent: set[str] = set()

    for step in steps:
        if isinstance(step, Rows) and step.stream is CHARGES:
            sent.update(ids([step]))
            if step.bookmark is not None:
                assert left(step.bookmark, order) == everything - sent


def test_the_bookmark_of_the_end_comes_after_all_rows(steps: Iterator[Step]) -> None:
    came = [step for step in steps if not isinstance(step, Failed) and step.stream is CHARGES]

    assert [type(step) for step in came].index(Finished) == len(came) - 1


def test_a_stream_that_fails_leaves_the_others_whole(
    stripe: ChangingStripe, steps: Iterator[Step]
) -> None:
    stripe.fail("/v1/customers", Fault.FORBIDDEN, times=None, after=3)

    came = list(steps)

    failed = [step for step in came if isinstance(step, Failed)]
    assert [step.streams for step in failed] == [(CUSTOMERS,)]
    assert isinstance(failed[0].error, StripeRefusedError)
    assert finished(came) == {"charges", "refunds"}
    assert len(set(ids(came))) == len(set(ids(came, "/v1/refunds"))) == 1_200


def test_nothing_of_a_stream_comes_after_it_failed(
    stripe: ChangingStripe, steps: Iterator[Step]
) -> None:
    stripe.fail("/v1/charges", Fault.BAD_REQUEST, times=1, after=5)

    came = list(steps)

    at = next(number for number, step in enumerate(came) if isinstance(step, Failed))
    assert ids(came[at:]) == []


def test_a_key_that_is_revoked_ends_the_whole_reading(
    stripe: ChangingStripe, steps: Iterator[Step]
) -> None:
    stripe.before("/v1/customers", 4, stripe.keys.clear)
    came: list[Step] = []

    with pytest.raises(KeyRefusedError):
        came.extend(steps)

    assert "customers" not in finished(came)
    assert len(stripe.requests) < 4 + 3 * WORKERS


def test_workers_stop_when_nobody_takes_rows(stripe: ChangingStripe, steps: Iterator[Step]) -> None:
    next(steps)
    steps.close()  # type: ignore[attr-defined] # it is a generator
    before = {thread for thread in threading.enumerate() if thread.name.startswith("worker-")}
    for thread in before:
        thread.join(40)

    assert not any(thread.is_alive() for thread in before)
    assert len(stripe.requests) < 36


def most_shares(steps: Iterator[Step]) -> int:
    """In how many parts a stream was read at the most."""
    return max(
        len(step.bookmark.backfill.unread)
        for step in steps
        if isinstance(step, Rows) and step.bookmark is not None and step.bookmark.backfill
    )


def test_a_stream_is_read_by_several_workers(stripe: ChangingStripe, steps: Iterator[Step]) -> None:
    stripe.latency_seconds = 0.02

    assert most_shares(steps) >= 3


def test_where_the_processor_has_no_time_left_no_more_workers_begin(
    stripe: ChangingStripe, url: str
) -> None:
    stripe.latency_seconds = 0.02
    whole_core = Processor(spent=time.monotonic)

    assert most_shares(read(stripe, url, whole_core)) == 1
