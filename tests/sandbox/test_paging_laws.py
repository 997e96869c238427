"""What holds for every list, whatever is on it and however it is paged."""

from __future__ import annotations

import json
from itertools import pairwise
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from stripe_sandbox.messages import Request
from stripe_sandbox.paging import Window, page
from stripe_sandbox.query import Span
from stripe_sandbox.shelf import order_key
from stripe_sandbox.world import FakeStripe

# Few seconds, so that many objects share one.
seconds = st.lists(st.integers(100, 112), max_size=60)
limits = st.integers(1, 25)
spans = st.builds(Span, st.integers(95, 115), st.integers(95, 115))


def keys_of(created: list[int]) -> list[int]:
    return sorted(order_key(second, n) for n, second in enumerate(created))


def walk(keys: list[int], limit: int, span: Span, *, backwards: bool = False) -> list[list[int]]:
    """The pages from one end to the other."""
    pages = []
    cursor = None
    while True:
        window = (
            Window(limit, span, before=cursor if cursor is not None else -1)
            if backwards
            else Window(limit, span, after=cursor)
        )
        found = page(keys, window)
        pages.append(found.keys)
        if not found.has_more:
            return pages
        cursor = found.keys[0 if backwards else -1]


@given(seconds, limits, spans)
def test_forward_pages_hold_everything_in_the_span_once_newest_first(
    created: list[int], limit: int, span: Span
) -> None:
    keys = keys_of(created)

    seen = [key for found in walk(keys, limit, span) for key in found]

    assert seen == [key for key in reversed(keys) if span.holds(key >> 28)]


@given(seconds, limits, spans)
def test_backward_pages_hold_the_same_as_forward_pages(
    created: list[int], limit: int, span: Span
) -> None:
    keys = keys_of(created)

    backward = walk(keys, limit, span, backwards=True)

    forward = [key for found in walk(keys, limit, span) for key in found]
    assert [key for found in reversed(backward) for key in found] == forward


@given(seconds, limits, spans)
def test_every_page_but_the_last_is_full(created: list[int], limit: int, span: Span) -> None:
    pages = walk(keys_of(created), limit, span)

    assert all(len(found) == limit for found in pages[:-1])
    assert len(pages[-1]) <= limit


@given(seconds, st.integers(95, 115))
def test_slices_that_touch_hold_what_the_whole_holds(created: list[int], cut: int) -> None:
    keys = keys_of(created)

    older = page(keys, Window(100, Span(until=cut))).keys
    newer = page(keys, Window(100, Span(since=cut))).keys

    assert newer + older == keys[::-1]


@settings(max_examples=20, deadline=None)
@given(created=st.lists(st.integers(1000, 1004), min_size=1, max_size=15), limit=st.integers(1, 6))
def test_objects_of_one_second_keep_their_order_through_changes_and_new_ones(
    created: list[int], limit: int
) -> None:
    fake = FakeStripe(now=2000)
    made = [fake.create("charge", created=second)["id"] for second in created]
    before = listed(fake, limit)

    fake.update("charge", made[0], description="changed")
    fake.create("charge", created=1010)

    assert listed(fake, limit)[1:] == before
    times = {charge["id"]: charge["created"] for charge in fake.objects("charge")}
    assert all(times[newer] >= times[older] for newer, older in pairwise(before))


def listed(fake: FakeStripe, limit: int) -> list[str]:
    """The ids of all pages."""
    ids: list[str] = []
    more = True
    while more:
        cursor = f"&starting_after={ids[-1]}" if ids else ""
        found = body(fake, f"/v1/charges?limit={limit}{cursor}")
        ids += [member["id"] for member in found["data"]]
        more = found["has_more"]
    return ids


def body(fake: FakeStripe, target: str) -> Any:
    authorization = {"Authorization": f"Bearer {fake.key}"}
    return json.loads(fake.answer(Request.parse("GET", target, authorization)).body)
