"""`formula`, `start_datetime` and `end_datetime` mean what they say about `created`."""

from __future__ import annotations

import operator
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from tap_stripe_td.config import parse_config
from tap_stripe_td.errors import ConfigError

if TYPE_CHECKING:
    from tap_stripe_td.slicing import Slice

COMPARE = {"gt": operator.gt, "gte": operator.ge, "lt": operator.lt, "lte": operator.le}
NOON = datetime(2024, 1, 1, 12, tzinfo=UTC)

formulas = st.sampled_from(sorted(COMPARE))
moments = st.integers(-3_000, 3_000).map(lambda ms: NOON + timedelta(milliseconds=ms))
seconds = st.integers(-5, 5).map(lambda second: int(NOON.timestamp()) + second)


def created(**settings: Any) -> Slice:
    return parse_config(settings, {}).created


@given(formulas, moments, seconds)
def test_a_formula_is_that_comparison_with_created(
    formula: str, start: datetime, second: int
) -> None:
    asked = created(formula=formula, start_datetime=start.isoformat())

    assert asked.contains(second) == COMPARE[formula](second, start.timestamp())


@given(moments, seconds)
def test_without_a_formula_objects_from_the_start_on_are_read(start: datetime, second: int) -> None:
    asked = created(start_datetime=start.isoformat())

    assert asked.contains(second) == (second >= start.timestamp())


@given(formulas, moments, moments, seconds)
def test_an_end_leaves_out_what_was_created_then_or_later(
    formula: str, start: datetime, end: datetime, second: int
) -> None:
    after_start = created(formula=formula, start_datetime=start.isoformat())
    before_end = created(end_datetime=end.isoformat())
    assume(not after_start.intersect(before_end).is_empty)

    asked = created(formula=formula, start_datetime=start.isoformat(), end_datetime=end.isoformat())

    assert asked.contains(second) == (
        COMPARE[formula](second, start.timestamp()) and second < end.timestamp()
    )


def test_unix_seconds_and_text_are_the_same_time() -> None:
    assert created(start_datetime=1_704_110_400) == created(start_datetime=NOON.isoformat())


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"start_datetime": "2024-01-01T00:00:00"}, "has no time zone. Write a time with a zone"),
        ({"end_datetime": "soon"}, "'soon' is not a time"),
        ({"formula": "gt"}, "compares with `start_datetime`, which is not given"),
        ({"formula": ">=", "start_datetime": 1}, "must be one of gt, gte, lt, lte"),
        ({"start_datetime": 9, "end_datetime": 9}, "nothing lies between"),
    ],
)
def test_bounds_that_cannot_be_meant_are_refused(settings: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigError) as refused:
        created(**settings)

    assert said in str(refused.value)
