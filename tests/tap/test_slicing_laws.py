"""Slices of creation time: nothing between two of them, nothing in two of them."""

from __future__ import annotations

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from tap_stripe_td.slicing import Slice
from tap_stripe_td.streams.row import CreatedFilter
from tap_stripe_td.units import UnixSeconds

seconds = st.integers(0, 60).map(UnixSeconds)
slices = st.builds(Slice, st.none() | seconds, st.none() | seconds)


@given(slices, seconds, seconds)
def test_every_second_of_a_split_slice_lies_in_exactly_one_part(
    slice_: Slice, at: UnixSeconds, second: UnixSeconds
) -> None:
    assume(slice_.contains(at) and at != slice_.since)

    older, newer = slice_.split(at)

    assert slice_.contains(second) == (older.contains(second) != newer.contains(second))


@given(slices, seconds)
def test_a_slice_is_only_split_inside(slice_: Slice, at: UnixSeconds) -> None:
    assume(not slice_.contains(at) or at == slice_.since)

    with pytest.raises(ValueError, match="cannot be split"):
        slice_.split(at)


def test_a_slice_that_is_read_in_part_is_not_split() -> None:
    with pytest.raises(ValueError, match="cannot be split"):
        Slice(UnixSeconds(0), UnixSeconds(9), "ch_1").split(UnixSeconds(5))


@given(slices, slices, seconds)
def test_an_intersection_holds_what_both_hold(one: Slice, other: Slice, second: int) -> None:
    both = one.intersect(other)

    assert both.contains(second) == (one.contains(second) and other.contains(second))


@given(seconds, seconds, seconds)
def test_a_slice_is_empty_when_no_second_lies_in_it(
    since: UnixSeconds, until: UnixSeconds, second: int
) -> None:
    slice_ = Slice(since, until)

    assert slice_.is_empty == (since >= until)
    assert not (slice_.is_empty and slice_.contains(second))


@given(slices, seconds)
def test_stripe_is_asked_for_exactly_the_seconds_of_a_slice(slice_: Slice, second: int) -> None:
    asked = slice_.params(CreatedFilter.RANGE)

    lower, upper = int(asked.get("created[gte]", 0)), int(asked.get("created[lt]", 61))
    assert slice_.contains(second) == (lower <= second < upper)


@given(slices, seconds)
def test_created_after_and_before_ask_for_no_less_whether_or_not_they_count_themselves(
    slice_: Slice, second: int
) -> None:
    asked = slice_.params(CreatedFilter.AFTER_BEFORE)

    after, before = int(asked.get("created_after", -1)), int(asked.get("created_before", 61))
    assert after < second < before or not slice_.contains(second)


@given(slices)
def test_a_list_without_a_filter_is_asked_for_whole(slice_: Slice) -> None:
    assert slice_.params(CreatedFilter.NONE) == {}


@given(slices, seconds, seconds)
def test_what_is_left_after_an_object_holds_every_older_second_and_its_own(
    slice_: Slice, reached: UnixSeconds, second: int
) -> None:
    left = slice_.after(cursor="ch_1", created=reached)

    assert left.contains(second) == (slice_.contains(second) and second <= reached)
    assert left.cursor == "ch_1"
