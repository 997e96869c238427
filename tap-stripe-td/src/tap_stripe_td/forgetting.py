"""How much of recent records a state may hold, so that it weighs little. Pure.

Decision: docs/decisions/0016-the-newest-are-remembered.md.
"""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from tap_stripe_td.state import State


def forget_oldest(state: State, most: int) -> State:
    """Return the state with so many recent records at most, of all streams and accounts together.

    Streams with few keep all; the others keep as many as each other.
    """
    sizes = list(_sizes(state))
    return state if sum(sizes) <= most else _each(state, _share(sizes, most))


def _sizes(state: State) -> Iterator[int]:
    yield from (len(bookmark.recent) for bookmark in state.bookmarks.values())
    for own in state.accounts.values():
        yield from _sizes(own)


def _share(sizes: Iterable[int], most: int) -> int:
    """How many each may keep."""
    in_order = sorted(sizes)
    left = most
    for place, size in enumerate(in_order):
        share = left // (len(in_order) - place)
        if size > share:
            return share
        left -= size
    return most


def _each(state: State, most: int) -> State:
    bookmarks = {
        name: replace(bookmark, recent=bookmark.recent.newest(most))
        for name, bookmark in state.bookmarks.items()
    }
    accounts = {name: _each(own, most) for name, own in state.accounts.items()}
    return replace(
        state, bookmarks=MappingProxyType(bookmarks), accounts=MappingProxyType(accounts)
    )
