"""Which keys are on a page: the rules of `starting_after`, `ending_before` and `has_more`."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

from stripe_sandbox.query import Span
from stripe_sandbox.shelf import order_key

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence


ALWAYS = Span()


@dataclass(frozen=True)
class Page:
    """The order keys on a page, newest first, and whether more follow in that direction."""

    keys: list[int]
    has_more: bool


@dataclass(frozen=True)
class Window:
    """What part of a list is looked at: keys strictly between cursors, inside a span of time."""

    limit: int
    created: Span = ALWAYS
    after: int | None = None
    before: int | None = None


def page(keys: Sequence[int], window: Window, takes: Callable[[int], bool] | None = None) -> Page:
    """The page of a list whose keys are sorted oldest first.

    `after` is the key that the page follows (older objects come), `before` the key it precedes:
    then the page holds the objects next to that key. A cursor needs not be in `keys`.
    """
    low = bisect_left(keys, order_key(max(window.created.since, 0), 0))
    high = bisect_left(keys, order_key(max(window.created.until, 0), 0))
    if window.after is not None:
        high = min(high, bisect_left(keys, window.after))
    if window.before is not None:
        low = max(low, bisect_right(keys, window.before))
        upwards = _taken((keys[at] for at in range(low, high)), takes, window.limit)
        return Page(upwards[: window.limit][::-1], len(upwards) > window.limit)
    downwards = _taken((keys[at] for at in range(high - 1, low - 1, -1)), takes, window.limit)
    return Page(downwards[: window.limit], len(downwards) > window.limit)


def _taken(keys: Iterable[int], takes: Callable[[int], bool] | None, limit: int) -> list[int]:
    wanted = keys if takes is None else filter(takes, keys)
    return list(islice(wanted, limit + 1))
