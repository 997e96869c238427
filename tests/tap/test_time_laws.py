"""Times: what is written is read back, and what leaves the zone open is refused."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from email.utils import formatdate
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tap_stripe_td.units import (
    UnixSeconds,
    format_time,
    parse_bookmark_time,
    parse_http_date,
    parse_time,
)

seconds = st.integers(0, 253_402_300_799).map(UnixSeconds)
zones = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
moments = st.datetimes(
    datetime(1970, 1, 2),  # noqa: DTZ001 - hypothesis adds the zone
    datetime(9999, 12, 30),  # noqa: DTZ001
    timezones=zones,
)


@given(seconds)
def test_a_time_that_was_written_is_read_back(moment: UnixSeconds) -> None:
    assert parse_bookmark_time(format_time(moment)) == moment
    assert parse_time(format_time(moment)) == moment


@given(moments)
def test_text_and_what_yaml_makes_of_it_are_the_same_time(moment: datetime) -> None:
    assert parse_time(moment.isoformat()) == parse_time(moment)
    assert parse_time(moment) == parse_time(moment.astimezone(UTC))


@given(moments)
def test_no_part_of_a_second_is_lost(moment: datetime) -> None:
    whole = parse_time(moment.replace(microsecond=0))

    assert parse_time(moment) - whole == Fraction(moment.microsecond, 1_000_000)


@given(seconds)
def test_unix_seconds_stand_for_themselves(moment: UnixSeconds) -> None:
    assert parse_time(int(moment)) == moment


@given(st.integers(0, 4_000_000_000))
def test_stripes_clock_is_read_from_the_date_header(moment: int) -> None:
    assert parse_http_date(formatdate(moment, usegmt=True)) == moment


@pytest.mark.parametrize(
    "value",
    ["2024-01-01T00:00:00", datetime(2024, 1, 1)],  # noqa: DTZ001 - that is the point
    ids=["text", "unquoted in YAML"],
)
def test_a_time_without_a_zone_is_refused(value: object) -> None:
    with pytest.raises(ValueError, match="has no time zone"):
        parse_time(value)


@pytest.mark.parametrize("value", ["yesterday", "", True, 1.5, None, [], date(2024, 1, 1)])
def test_what_is_no_time_is_refused(value: object) -> None:
    with pytest.raises(ValueError, match=r"not a time|without a time"):
        parse_time(value)


@pytest.mark.parametrize("value", [0, None, "", "2024-01-01", "2024-01-01T00:00:00"])
def test_a_bookmark_must_be_text_with_a_time_and_a_zone(value: object) -> None:
    with pytest.raises(ValueError, match=r"zone|not a time"):
        parse_bookmark_time(value)
