"""What is remembered of records has a bound, and what goes beyond it is what is oldest."""

from __future__ import annotations

import random
from types import MappingProxyType
from typing import TYPE_CHECKING

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from tap_stripe_td.forgetting import forget_oldest
from tap_stripe_td.memory import Known, Memory, Rule
from tap_stripe_td.messages import state_line
from tap_stripe_td.recent import MOST_RECENT, Entry, Recent, entry_of
from tap_stripe_td.slicing import Slice
from tap_stripe_td.state import Bookmark, State
from tap_stripe_td.units import UnixSeconds

if TYPE_CHECKING:
    from tap_stripe_td.records import Record

NOW = 1_790_000_000
DAY = 86_400
TWO_WEEKS_AGO = UnixSeconds(NOW - 14 * DAY)
ROOM = 5

entries = st.builds(entry_of, st.integers(NOW - 30, NOW), st.binary(min_size=4, max_size=4))
lists_of_entries = st.lists(entries, max_size=30)
recents = st.builds(
    lambda since, some: Recent(UnixSeconds(since), (tuple(some),)),
    st.integers(NOW - 40, NOW),
    lists_of_entries,
)
states = st.recursive(
    st.builds(
        lambda found: State(
            MappingProxyType(
                {name: Bookmark("created", UnixSeconds(NOW), recent=r) for name, r in found.items()}
            )
        ),
        st.dictionaries(st.sampled_from("abcd"), recents),
    ),
    lambda own: st.builds(
        lambda accounts: State(accounts=MappingProxyType(accounts)),
        st.dictionaries(st.sampled_from("xyz"), own),
    ),
    max_leaves=4,
)


def remembered(state: State) -> list[Recent]:
    own = [bookmark.recent for bookmark in state.bookmarks.values()]
    return [*own, *(each for other in state.accounts.values() for each in remembered(other))]


@given(states, st.integers(0, 60))
def test_a_state_remembers_the_newest_of_each_stream_and_no_more_than_it_may(
    state: State, most: int
) -> None:
    before, after = remembered(state), remembered(forget_oldest(state, most))

    assert sum(map(len, after)) <= max(most, 0)
    for all_of_it, kept in zip(before, after, strict=True):
        assert kept.since is not None
        assert kept.entries == tuple(e for e in all_of_it.entries if e >> 32 >= kept.since)


@given(states)
def test_where_there_is_room_nothing_is_forgotten(state: State) -> None:
    assert forget_oldest(state, sum(map(len, remembered(state)))) == state


@given(st.lists(lists_of_entries, max_size=20), st.integers(1, 20))
def test_while_a_list_is_read_the_newest_are_kept_and_never_much_more(
    pages: list[list[Entry]], most: int
) -> None:
    recent = Recent(TWO_WEEKS_AGO)
    for page in pages:
        recent = recent.added(page, most)
        assert sum(map(len, recent.parts)) <= 2 * most + 30

    everything = {entry for page in pages for entry in page}
    assert recent.since is not None
    assert set(recent.entries) == {entry for entry in everything if entry >> 32 >= recent.since}


@given(recents, st.lists(st.integers(NOW - 45, NOW + 5), min_size=2, max_size=6, unique=True))
def test_what_is_left_of_a_list_and_what_was_read_of_it_are_told_by_the_second(
    recent: Recent, edges: list[int]
) -> None:
    times = iter(map(UnixSeconds, sorted(edges)))
    slices = [Slice(since, until) for since, until in zip(times, times, strict=False)]
    inside = {e for e in recent.entries if any(s.contains(e >> 32) for s in slices)}

    assert set(recent.within(slices).entries) == inside
    assert set(recent.without(slices).entries) == set(recent.entries) - inside


def test_a_full_state_weighs_less_than_200_kb() -> None:
    chance = random.Random(7)
    some = tuple(
        entry_of(chance.randint(TWO_WEEKS_AGO, NOW), chance.randbytes(4))
        for _ in range(2 * MOST_RECENT)
    )
    mark = Bookmark("created", UnixSeconds(NOW), recent=Recent(TWO_WEEKS_AGO, (some,)))
    state = State(MappingProxyType(dict.fromkeys(("files", "payment_intents", "topups"), mark)))

    line = state_line(forget_oldest(state, MOST_RECENT))

    assert 100_000 < len(line) < 200_000


def record(id_: str, content: int) -> Record:
    return {"id": msgspec.Raw(msgspec.json.encode(id_)), "n": msgspec.Raw(b"%d" % content)}


def read(rule: Rule, listed: dict[str, int], before: Memory) -> tuple[list[str], Memory]:
    """Read a list in pages of three; return the ids that are sent, and what is remembered."""
    known, memory, passed, sent = Known(before), Memory(), False, []
    records = [record(id_, content) for id_, content in listed.items()]
    for start in range(0, len(records), 3):
        page = records[start : start + 3]
        if rule.forgets(known):
            news, passed = rule.unknown_in_order(page, known, passed=passed)
        else:
            news = rule.unknown(page, known)
        memory = rule.remember(memory, page, known)
        sent += [msgspec.json.decode(each["id"]) for each in news]
    return sent, memory


@given(
    st.integers(0, 20),
    st.integers(0, 4),
    st.sets(st.integers(0, 19)),
    st.sets(st.integers(0, 19)),
)
def test_of_a_long_list_read_whole_nothing_comes_twice_and_news_come(
    count: int, new: int, changed: set[int], gone: set[int]
) -> None:
    rule = Rule(names=True, most_named=ROOM)
    listed = {f"old_{number}": 0 for number in range(count)}
    sent, memory = read(rule, listed, Memory())
    kept = Memory(digests=memory.digests[:ROOM])
    known = list(listed)[:ROOM]
    later = {
        **{f"new_{number}": 0 for number in range(new)},
        **{id_: n in changed for n, id_ in enumerate(listed) if n not in gone},
    }

    sent_later, memory_later = read(rule, later, kept)

    assert sent == list(listed)
    expected = [i for i in later if i.startswith("new") or (i in known and later[i])]
    if any(id_ in later for id_ in known):
        assert sent_later == expected
    assert memory_later.gone_since(kept) == tuple(id_ for id_ in known if id_ not in later)
