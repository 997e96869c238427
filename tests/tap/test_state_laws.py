"""State: what is written is read back, and no bookmark goes back."""

from __future__ import annotations

import json
from types import MappingProxyType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tap_stripe_td.errors import ConfigError
from tap_stripe_td.recent import Recent, entry_of
from tap_stripe_td.slicing import Slice
from tap_stripe_td.state import Backfill, Bookmark, State, format_state, parse_state
from tap_stripe_td.units import UnixSeconds

seconds = st.integers(0, 4_000_000_000).map(UnixSeconds)
edges = st.none() | seconds
ids = st.text(min_size=1, max_size=8)
backfills = st.builds(
    Backfill,
    seconds,
    st.lists(st.builds(Slice, edges, edges, st.none() | ids), max_size=3).map(tuple),
    st.none() | st.integers(1),
    st.just("") | ids,
)
seen = st.lists(ids, max_size=3).map(tuple)
entries = st.builds(entry_of, seconds, st.binary(min_size=4, max_size=4))
recents = st.just(Recent()) | st.builds(
    Recent, seconds, st.lists(st.lists(entries, max_size=9).map(tuple), max_size=3).map(tuple)
)
bookmarks = st.builds(
    Bookmark, ids, seconds, st.none() | backfills, seen, recent=recents
) | st.builds(Bookmark, ids, st.none(), backfills, seen, recent=recents)
parents = st.dictionaries(ids, st.lists(ids, min_size=1, max_size=3).map(tuple), min_size=1)
states = st.builds(
    State,
    st.dictionaries(ids, bookmarks, max_size=3).map(MappingProxyType),
    st.none() | ids,
    children=st.dictionaries(ids, parents, max_size=2).map(MappingProxyType),
)


@given(states)
def test_a_state_that_was_written_is_read_back(state: State) -> None:
    assert parse_state(json.loads(json.dumps(format_state(state)))) == state


@given(states, ids, bookmarks)
def test_a_bookmark_never_goes_back(state: State, stream: str, to: Bookmark) -> None:
    before = state.bookmark(stream)

    after = state.advance(stream, to).bookmark(stream)

    assert after is not None
    if before is not None and before.value is not None:
        assert after.value is not None
        assert after.value >= before.value


@given(states, ids, bookmarks)
def test_advancing_one_stream_leaves_the_others_and_the_old_state_alone(
    state: State, stream: str, to: Bookmark
) -> None:
    before = dict(state.bookmarks)

    after = state.advance(stream, to)

    assert state.bookmarks == before
    assert {**after.bookmarks, stream: None} == {**before, stream: None}
    assert after.account == state.account


WORDS = (
    *("version", "bookmarks", "account", "charges", "replication_key", "replication_key_value"),
    *("seen", "backfill", "signpost", "unread", "recent", "since", "digests"),
)
anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(WORDS), inner, max_size=4)
    ),
)


@given(anything)
def test_any_json_is_read_or_refused_with_a_sentence(raw: object) -> None:
    found = state_or_refusal(raw)

    if isinstance(found, State):
        assert parse_state(format_state(found)) == found
    else:
        assert all(problem.endswith(".") for problem in found.problems)


def state_or_refusal(raw: object) -> State | ConfigError:
    try:
        return parse_state(raw)
    except ConfigError as refused:
        return refused


def test_an_empty_object_is_a_state_without_bookmarks() -> None:
    assert parse_state({}) == State()


@given(states)
def test_a_whole_state_message_is_read_as_its_value(state: State) -> None:
    message = {"type": "STATE", "value": json.loads(json.dumps(format_state(state)))}

    assert parse_state(message) == state


@pytest.mark.parametrize("raw", [{"singer_state": {"bookmarks": {}}}, {"charges": {}}])
def test_something_else_than_a_state_is_refused_and_not_taken_for_a_new_start(
    raw: dict[str, object],
) -> None:
    with pytest.raises(ConfigError, match="has no `bookmarks`"):
        parse_state(raw)


def bookmark_problems(bookmarks: object) -> tuple[str, ...]:
    with pytest.raises(ConfigError) as refused:
        parse_state({"bookmarks": bookmarks})
    return refused.value.problems


def test_a_state_of_singer_ios_tap_is_refused_as_another_taps() -> None:
    (problem,) = bookmark_problems({"charges": {"created": "2024-01-01T00:00:00Z"}})

    assert "`charges` was not written by tap-stripe-td" in problem
    assert "start anew" in problem


def test_a_bookmark_without_a_zone_is_named_with_its_value() -> None:
    mark = {"replication_key": "_updated_at", "replication_key_value": "2024-01-01"}

    (problem,) = bookmark_problems({"charges": mark})

    assert problem.startswith("The bookmark of `charges` is '2024-01-01', but it must be a time")


def test_every_damaged_bookmark_is_named_in_one_answer() -> None:
    mark = {"replication_key": "_updated_at"}

    problems = bookmark_problems({"charges": mark, "refunds": 7, "events": {**mark, "seen": [1]}})

    assert [problem.split("`")[1] for problem in problems] == ["charges", "refunds", "events"]


def test_a_damaged_backfill_is_told_from_a_damaged_value() -> None:
    good = {"replication_key": "_updated_at", "replication_key_value": "2024-01-01T00:00:00Z"}
    backfill = {"signpost": "soon", "unread": []}

    (problem,) = bookmark_problems({"charges": {**good, "backfill": backfill}})

    assert "is '2024-01-01T00:00:00Z', but it must be a time" not in problem


@pytest.mark.parametrize(
    "recent",
    [
        {"since": "soon"},
        {"digests": ""},
        {"since": "2026-11-23T08:00:00Z", "digests": "AAAA"},
        {"since": "2026-11-23T08:00:00Z", "digests": 7},
        ["2026-11-23T08:00:00Z"],
    ],
)
def test_damage_to_what_is_remembered_is_not_read_as_nothing(recent: object) -> None:
    good = {"replication_key": "created", "replication_key_value": "2024-01-01T00:00:00Z"}

    (problem,) = bookmark_problems({"balance_transactions": {**good, "recent": recent}})

    assert problem.startswith("The bookmark of `balance_transactions` is damaged.")


def test_a_state_of_a_newer_version_is_refused() -> None:
    with pytest.raises(ConfigError, match="has version 2, but this release knows only 1"):
        parse_state({"version": 2, "bookmarks": {}})
