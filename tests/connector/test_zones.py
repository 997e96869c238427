"""Time zones have their full names."""

from __future__ import annotations

from zoneinfo import available_timezones

import pytest

from td_connector.errors import UserError
from td_connector.moments import UnixSeconds, format_time, parse_time
from td_connector.zones import parse_zone


@pytest.mark.parametrize(
    ("name", "offered"),
    [
        ("PST", "America/Los_Angeles"),
        ("JST", "Asia/Tokyo"),
        ("EST", "America/New_York"),
        ("cet", "Europe/Berlin"),
        ("asia/tokyo", "Asia/Tokyo"),
        ("America/Los Angeles", "America/Los_Angeles"),
        ("Tokio", "Asia/Tokyo"),
        ("utc", "UTC"),
        ("Z", "UTC"),
        ("", "UTC"),
    ],
)
def test_what_is_no_full_name_is_refused_and_the_full_name_offered(name: str, offered: str) -> None:
    with pytest.raises(UserError, match=f"such as `{offered}`"):
        parse_zone(name)


def test_a_name_that_resembles_none_is_refused_with_where_to_look() -> None:
    with pytest.raises(UserError, match="Use a name such as `Asia/Tokyo`, or `UTC`"):
        parse_zone("Mars/Olympus_Mons_9")


def test_every_full_name_is_a_zone() -> None:
    names = [name for name in available_timezones() if "/" in name]

    assert [parse_zone(name).key for name in names] == names
    assert parse_zone("UTC").key == "UTC"


def test_a_time_without_an_offset_is_meant_in_the_zone() -> None:
    tokyo = parse_zone("Asia/Tokyo")

    assert parse_time("1970-01-01 09:00", tokyo) == UnixSeconds(0)
    assert parse_time("1970-01-01T00:00:00Z", tokyo) == UnixSeconds(0)
    assert format_time(UnixSeconds(0), tokyo) == "1970-01-01 09:00:00 +0900"


def test_what_is_no_time_is_refused() -> None:
    with pytest.raises(UserError, match="`yesterday` is no time"):
        parse_time("yesterday", parse_zone("UTC"))
