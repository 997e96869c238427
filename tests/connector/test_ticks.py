"""When schedules run: each tick once, in order, and one run for all that were missed."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from itertools import islice, pairwise, takewhile
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from td_connector.cron import NAMED, check_cron, ticks_after
from td_connector.errors import UserError
from td_connector.load import Load
from td_connector.moments import UnixSeconds
from td_connector.schedule import Schedule, due, first_tick, tick_instead

LOS_ANGELES = ZoneInfo("America/Los_Angeles")
TOKYO = ZoneInfo("Asia/Tokyo")

# How fast the machine is says nothing about what holds.
on_any_machine = settings(deadline=None)
crons = st.sampled_from(
    ["*/7 * * * *", "10 0 * * *", "30 2 * * *", "0,30 1,2 * * *", "15 */5 * * 1", *NAMED]
)
zones = st.sampled_from(["UTC", "America/Los_Angeles", "Asia/Tokyo", "Europe/Berlin"])
moments = st.integers(1_700_000_000, 1_800_000_000).map(lambda n: UnixSeconds(float(n)))


def schedule(cron: str, zone: str, now: UnixSeconds, delay_seconds: int = 0) -> Schedule:
    first = first_tick(cron, ZoneInfo(zone), now)
    return Schedule(1, "s", cron, zone, delay_seconds, Load("/"), "p", next_tick=first)


def ticks(cron: str, zone: ZoneInfo, after: str, count: int) -> list[str]:
    start = UnixSeconds(datetime.fromisoformat(after).replace(tzinfo=zone).timestamp())
    found = islice(ticks_after(cron, zone, start), count)
    return [datetime.fromtimestamp(tick, zone).isoformat() for tick in found]


@on_any_machine
@given(crons, zones, moments)
def test_ticks_come_in_order_and_after_the_moment_asked_for(
    cron: str, zone: str, now: UnixSeconds
) -> None:
    found = list(islice(ticks_after(cron, ZoneInfo(zone), now), 20))

    assert [now, *found] == sorted({now, *found})


@on_any_machine
@given(crons, zones, moments, moments)
def test_asking_from_a_later_moment_changes_no_tick(
    cron: str, zone: str, now: UnixSeconds, other: UnixSeconds
) -> None:
    first, *_, last = islice(ticks_after(cron, ZoneInfo(zone), now), 30)
    between = UnixSeconds(first + other % (last - first))

    whole = [t for t in islice(ticks_after(cron, ZoneInfo(zone), now), 30) if t > between]

    assert list(islice(ticks_after(cron, ZoneInfo(zone), between), len(whole))) == whole


@on_any_machine
@given(
    crons,
    zones,
    moments,
    st.integers(0, 7200),
    st.lists(st.floats(0, 20_000), min_size=1, max_size=6),
)
def test_every_tick_has_one_run_that_stands_for_it_however_rarely_the_clock_is_seen(
    cron: str, zone: str, now: UnixSeconds, delay_seconds: int, pauses: list[float]
) -> None:
    waiting, clock, runs, stood_for = schedule(cron, zone, now, delay_seconds), now, 0, 0
    for pause in pauses:
        clock = UnixSeconds(clock + pause)
        found = due(waiting, clock)
        if found is None:
            continue
        assert found.tick + delay_seconds <= clock < found.next_tick + delay_seconds
        runs, stood_for = runs + 1, stood_for + 1 + found.missed
        waiting = replace(waiting, next_tick=found.next_tick)

    passed = 0
    for tick in ticks_after(cron, ZoneInfo(zone), now):
        if tick + delay_seconds > clock:
            break
        passed += 1
    assert stood_for == passed
    assert runs <= len(pauses)


def test_a_run_after_a_pause_says_how_many_runs_it_stands_for() -> None:
    hourly = schedule("@hourly", "UTC", UnixSeconds(0))

    assert [found.note if (found := due(hourly, UnixSeconds(now))) else None for now in (
        3599, 3600, 7200, 4 * 3600,
    )] == [
        None,
        "",
        "1 earlier run was missed; this one stands for all.",
        "3 earlier runs were missed; this one stands for all.",
    ]  # fmt: skip


def test_a_run_after_decades_is_found_as_fast_as_any_and_counts_to_a_bound() -> None:
    """A clock may have been wrong by that when the tick before was set."""
    each_minute = schedule("* * * * *", "Europe/Berlin", UnixSeconds(0))

    found = due(each_minute, UnixSeconds(1.8e9 + 30))

    assert found is not None
    assert (found.tick, found.next_tick) == (1.8e9, 1.8e9 + 60)
    assert found.note == "More than 10,000 earlier runs were missed; this one stands for all."


@on_any_machine
@given(crons, zones, moments, st.integers(0, 60 * 86400), st.integers(0, 7200))
def test_a_late_run_stands_for_the_last_tick_that_has_passed(
    cron: str, zone: str, since: UnixSeconds, late_seconds: int, delay_seconds: int
) -> None:
    late = schedule(cron, zone, since, delay_seconds)
    assert late.next_tick is not None
    until = UnixSeconds(late.next_tick + late_seconds)

    found = due(late, UnixSeconds(until + delay_seconds))

    assert found is not None
    after = ticks_after(cron, ZoneInfo(zone), since)
    passed = list(takewhile(lambda tick: tick <= until, after))
    assert (found.tick, found.missed) == (passed[-1], len(passed) - 1)


def test_a_delay_starts_a_run_later_and_moves_no_tick() -> None:
    delayed = schedule("10 0 * * *", "Asia/Tokyo", UnixSeconds(0), delay_seconds=60)

    assert delayed.next_tick is not None
    assert due(delayed, UnixSeconds(delayed.next_tick + 59)) is None
    found = due(delayed, UnixSeconds(delayed.next_tick + 60))
    assert found is not None
    assert found.tick == delayed.next_tick


@on_any_machine
@given(crons, zones, moments, st.integers(0, 3600))
def test_a_tick_that_a_clock_less_than_an_hour_ahead_has_set_stays(
    cron: str, zone: str, now: UnixSeconds, ahead_seconds: int
) -> None:
    found = schedule(cron, zone, UnixSeconds(now + ahead_seconds))

    assert tick_instead(found, now) is None


@on_any_machine
@given(crons, zones, moments)
def test_a_tick_that_a_clock_months_ahead_has_set_is_replaced_by_the_first_that_comes(
    cron: str, zone: str, now: UnixSeconds
) -> None:
    found = schedule(cron, zone, UnixSeconds(now + 70 * 86400))

    assert tick_instead(found, now) == first_tick(cron, ZoneInfo(zone), now)


def test_without_a_cron_line_nothing_is_due() -> None:
    by_hand = replace(schedule("@daily", "UTC", UnixSeconds(0)), next_tick=first_tick("", TOKYO, UnixSeconds(0)))  # fmt: skip

    assert due(by_hand, UnixSeconds(1e10)) is None


def test_a_time_that_a_night_skips_comes_right_after_the_gap() -> None:
    assert ticks("30 2 * * *", LOS_ANGELES, "2026-03-07T12:00", 3) == [
        "2026-03-08T03:00:00-07:00",
        "2026-03-09T02:30:00-07:00",
        "2026-03-10T02:30:00-07:00",
    ]


def test_two_times_in_one_gap_come_once() -> None:
    assert ticks("0,30 2 * * *", LOS_ANGELES, "2026-03-07T12:00", 3) == [
        "2026-03-08T03:00:00-07:00",
        "2026-03-09T02:00:00-07:00",
        "2026-03-09T02:30:00-07:00",
    ]


def test_a_time_that_a_night_repeats_comes_once() -> None:
    assert ticks("30 1 * * *", LOS_ANGELES, "2026-10-31T12:00", 2) == [
        "2026-11-01T01:30:00-07:00",
        "2026-11-02T01:30:00-08:00",
    ]


def test_a_time_that_was_over_does_not_come_again_when_asked_for_in_the_repeated_hour() -> None:
    second_pass = datetime(2026, 11, 1, 1, 10, tzinfo=LOS_ANGELES, fold=1)

    found = next(ticks_after("30 1 * * *", LOS_ANGELES, UnixSeconds(second_pass.timestamp())))

    assert datetime.fromtimestamp(found, LOS_ANGELES).isoformat() == "2026-11-02T01:30:00-08:00"


def test_hourly_runs_go_on_through_gap_and_fold() -> None:
    assert ticks("@hourly", LOS_ANGELES, "2026-03-08T00:30", 3) == [
        "2026-03-08T01:00:00-08:00",
        "2026-03-08T03:00:00-07:00",
        "2026-03-08T04:00:00-07:00",
    ]
    assert ticks("@hourly", LOS_ANGELES, "2026-11-01T00:30", 3) == [
        "2026-11-01T01:00:00-07:00",
        "2026-11-01T01:00:00-08:00",
        "2026-11-01T02:00:00-08:00",
    ]


def test_tokyo_has_no_gaps() -> None:
    found = list(islice(ticks_after("10 0 * * *", TOKYO, UnixSeconds(1_767_193_200)), 365))

    assert {later - earlier for earlier, later in pairwise(found)} == {86_400}
    assert {datetime.fromtimestamp(tick, UTC).strftime("%H:%M") for tick in found} == {"15:10"}


@pytest.mark.parametrize(
    ("cron", "first"),
    [
        ("@hourly", "2026-01-01T01:00:00+00:00"),
        ("@daily", "2026-01-02T00:00:00+00:00"),
        ("@weekly", "2026-01-04T00:00:00+00:00"),
        ("@monthly", "2026-02-01T00:00:00+00:00"),
        ("0 0 * * 7", "2026-01-04T00:00:00+00:00"),
        ("0 0 * * sun", "2026-01-04T00:00:00+00:00"),
        ("0 0 13 * 5", "2026-01-02T00:00:00+00:00"),
        ("0 0 L * *", "2026-01-31T00:00:00+00:00"),
        ("  10   0 * * * ", "2026-01-01T00:10:00+00:00"),
    ],
)
def test_cron_lines_mean_what_they_mean_to_debian(cron: str, first: str) -> None:
    assert ticks(check_cron(cron), ZoneInfo("UTC"), "2026-01-01T00:00", 1) == [first]


@pytest.mark.parametrize(
    ("cron", "sentence"),
    [
        ("* * * *", "has 4 fields"),
        ("0 * * * * *", "has 6 fields"),
        ("", "has 0 fields"),
        ("61 * * * *", "impossible minute"),
        ("0 24 * * *", "impossible hour"),
        ("0 0 30 2 *", "impossible day-of-month"),
        ("0 0 * * 8", "impossible day-of-week"),
        ("x * * * *", "impossible minute"),
        ("@yearly", "Use one of: `@hourly`, `@daily`, `@weekly`, `@monthly`."),
    ],
)
def test_what_is_no_cron_line_is_refused_with_what_to_write(cron: str, sentence: str) -> None:
    with pytest.raises(UserError, match=sentence):
        check_cron(cron)
