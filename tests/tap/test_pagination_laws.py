"""Walking a list: every object once, newest first, however the list is cut into pages."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stripe_sandbox.messages import Request
from stripe_sandbox.world import FakeStripe
from tap_stripe_td.errors import UnexpectedAnswerError
from tap_stripe_td.pagination import Page, rest_after
from tap_stripe_td.records import Record, parse_list
from tap_stripe_td.slicing import Slice
from tap_stripe_td.streams.row import CreatedFilter
from tap_stripe_td.units import UnixSeconds

if TYPE_CHECKING:
    from collections.abc import Iterator

NOW = 1_790_000_000
DATE = UnixSeconds(NOW)

# Few seconds for many objects: most share theirs with others.
bursts = st.lists(st.integers(0, 6), max_size=25)
limits = st.integers(1, 10)
edges = st.none() | st.integers(0, 7).map(lambda second: UnixSeconds(NOW + second))


def stripe_with(seconds: list[int]) -> FakeStripe:
    stripe = FakeStripe(NOW + 10)
    for number, second in enumerate(seconds):
        stripe.create(
            "tax_rate", id=f"txr_{number}", created=NOW + second, event_type=None, percentage=1.0
        )
    return stripe


def page(stripe: FakeStripe, slice_: Slice, created: CreatedFilter, limit: int) -> Page:
    after = {} if slice_.cursor is None else {"starting_after": slice_.cursor}
    asked = {**slice_.params(created), **after, "limit": str(limit)}
    query = tuple(asked.items())
    headers = {"authorization": f"Bearer {stripe.key}"}
    response = stripe.answer(Request("GET", "/v1/tax_rates", query, headers))
    return Page.of(parse_list(response.body), DATE)


def walked(stripe: FakeStripe, slice_: Slice, created: CreatedFilter, limit: int) -> Iterator[str]:
    rest: Slice | None = slice_
    field = "" if created is CreatedFilter.NONE else "created"
    while rest is not None:
        answer = page(stripe, rest, created, limit)
        yield from answer.ids
        rest = rest_after(rest, answer, field)


def truth(stripe: FakeStripe, slice_: Slice) -> list[str]:
    return [rate["id"] for rate in stripe.objects("tax_rate") if slice_.contains(rate["created"])]


@given(bursts, limits, edges, edges)
def test_every_object_of_a_slice_comes_once_and_newest_first(
    seconds: list[int], limit: int, since: UnixSeconds | None, until: UnixSeconds | None
) -> None:
    stripe, slice_ = stripe_with(seconds), Slice(since, until)

    ids = list(walked(stripe, slice_, CreatedFilter.RANGE, limit))

    assert ids == truth(stripe, slice_)


@given(bursts, limits)
def test_a_list_without_a_created_filter_comes_whole(seconds: list[int], limit: int) -> None:
    stripe = stripe_with(seconds)

    ids = list(walked(stripe, Slice(), CreatedFilter.NONE, limit))

    assert ids == truth(stripe, Slice())


@given(bursts.filter(len), limits, st.data())
def test_what_is_left_after_any_page_can_be_read_later(
    seconds: list[int], limit: int, data: st.DataObject
) -> None:
    stripe, whole = stripe_with(seconds), Slice()
    first = page(stripe, whole, CreatedFilter.RANGE, limit)
    rest = rest_after(whole, first, "created")
    later = data.draw(limits)

    others = [] if rest is None else list(walked(stripe, rest, CreatedFilter.RANGE, later))

    assert [*first.ids, *others] == truth(stripe, whole)


def objects(*ids: str) -> tuple[Record, ...]:
    return tuple({"id": msgspec.Raw(b'"%s"' % id_.encode())} for id_ in ids)


def test_a_last_page_leaves_nothing() -> None:
    assert rest_after(Slice(), Page(objects("ch_1"), has_more=False, date=DATE), "") is None


def test_a_page_that_does_not_advance_is_an_error_and_no_loop() -> None:
    again = Page(objects("ch_2", "ch_1"), has_more=True, date=DATE)

    with pytest.raises(UnexpectedAnswerError, match="`ch_1` again; the list would never end"):
        rest_after(Slice(cursor="ch_1"), again, "")


def test_an_empty_page_that_promises_more_is_an_error_and_no_success() -> None:
    with pytest.raises(UnexpectedAnswerError, match="Rows may be missing"):
        rest_after(Slice(), Page((), has_more=True, date=DATE), "")
