"""Finding changed objects in their list, up to a hundred with one request. Pure.

Every page begins at the newest object that is still wanted and brings at least that one, so a sweep
never takes more requests than fetching one by one. Its pages do not overlap, so neither does it
take more than reading the whole stretch again.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from math import ceil
from typing import TYPE_CHECKING

from tap_stripe_td.records import integer_of, text_of
from tap_stripe_td.slicing import Slice
from tap_stripe_td.units import UnixSeconds

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from tap_stripe_td.fold import Change
    from tap_stripe_td.pagination import Page
    from tap_stripe_td.records import Record

_ROWS_A_SWEEP = 1_000
_MOST_SKIPPED = 20
_SPARSER = 2


@dataclass(frozen=True)
class Sweep:
    """Objects that are to be found in the list.

    Attributes:
        wanted: Changes of objects of which the second of their creation is known, newest first.
        cursor: The last object that was read, when the newest wanted may be of its second.
    """

    wanted: tuple[Change, ...]
    cursor: str | None = None

    @property
    def stretch(self) -> Slice:
        """What the next page is asked of."""
        newest, oldest = self.wanted[0], self.wanted[-1]
        return Slice(UnixSeconds(_created(oldest)), UnixSeconds(_created(newest) + 1), self.cursor)

    @property
    def without_cursor(self) -> Swept:
        """What is left to do when the cursor's object is gone: its second is not swept."""
        newest = _created(self.wanted[0])
        missed = tuple(each for each in self.wanted if _created(each) == newest)
        return Swept((), missed, _sweep(self.wanted[len(missed) :]))


@dataclass(frozen=True)
class Swept:
    """What a page brought.

    Attributes:
        found: The wanted objects on it.
        missed: Changes of objects that are fetched alone: the list does not show them, or they
            stand so far apart that a page would bring no second one.
        rest: What is still to be found; None when nothing is.
    """

    found: tuple[tuple[Change, Record], ...]
    missed: tuple[Change, ...]
    rest: Sweep | None


def sweeps_of(changes: Iterable[Change], most: int) -> list[Sweep]:
    """Return the sweeps, at most so many, that find the objects side by side."""
    newest_first = sorted(changes, key=_created, reverse=True)
    size = max(_ROWS_A_SWEEP, ceil(len(newest_first) / most))
    starts = range(0, len(newest_first), size)
    return [Sweep(tuple(newest_first[start : start + size])) for start in starts]


def after_page(sweep: Sweep, page: Page, created_field: str) -> Swept:
    """Return what a page of the sweep's stretch brought.

    Args:
        sweep: What was looked for.
        page: What Stripe answered.
        created_field: The field that tells when an object was created.
    """
    wanted = {change.object_id: change for change in sweep.wanted}
    found = tuple(
        (change, record)
        for record in page.records
        if (change := wanted.pop(text_of(record, "id") or "", None)) is not None
    )
    left = tuple(wanted.values())
    if not page.has_more or not found:
        return Swept(found, left, None)
    newest, reached = (integer_of(page.records[end], created_field) or 0 for end in (0, -1))
    passed = tuple(each for each in left if _created(each) > reached)
    rest = left[len(passed) :]
    if rest and _created(rest[0]) == reached:
        return Swept(found, passed, _sweep(rest, text_of(page.records[-1], "id")))
    skipped = _skipped(rest, newest - reached)
    rest = rest[skipped:]
    alone = rest if len(rest) == 1 else ()
    return Swept(
        found, (*passed, *left[len(passed) :][:skipped], *alone), _sweep(rest[len(alone) :])
    )


def _skipped(rest: Sequence[Change], page_seconds: int) -> int:
    """How many stand alone, as far as the last page tells how long a stretch a page is.

    The list may be sparser further down, and after some it is looked at again.
    """
    alone = 0
    for change, older in itertools.pairwise(rest):
        near = _created(change) - _created(older) <= _SPARSER * page_seconds
        if near or alone == _MOST_SKIPPED:
            break
        alone += 1
    return alone


def _sweep(wanted: tuple[Change, ...], cursor: str | None = None) -> Sweep | None:
    return Sweep(wanted, cursor) if wanted else None


def _created(change: Change) -> int:
    return change.created or 0
