"""What stands for a stream's recent records in a bookmark: eight bytes for each.

A record is known by the second of its creation and a digest of what Stripe sent. Pure.
"""

from __future__ import annotations

import sys
import zlib
from array import array
from base64 import b64decode, b64encode
from bisect import bisect_right
from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache
from itertools import accumulate, chain
from operator import neg, sub
from typing import TYPE_CHECKING, Any

from tap_stripe_td.units import UnixSeconds, format_time, parse_bookmark_time

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tap_stripe_td.slicing import Slice

Entry = int
"""A second and a digest: the higher and the lower half of 64 bits."""

DIGEST_BYTES = 4
"""A change is missed when both contents of a record have one digest: of four billion, one."""

MOST_RECENT = 20_000
"""More than this stand in no state, of all its streams together: some 150 KB of text."""

_DIGEST_BITS = 8 * DIGEST_BYTES
_LAST_SECOND = (1 << 32) - 1
_FASTEST = 1


def entry_of(created: int, digest: bytes) -> Entry:
    """Return what stands for a record that was created then."""
    second = min(max(created, 0), _LAST_SECOND)
    return second << _DIGEST_BITS | int.from_bytes(digest[:DIGEST_BYTES])


@dataclass(frozen=True, eq=False)
class Recent:
    """The records of a stream that were created from some second on.

    What is added makes a new value; that costs no more than what is added.

    Attributes:
        since: Every record created from then on is in it; None: nobody knows.
        parts: What stands for the records, as it was added; some of it may be older.
    """

    since: UnixSeconds | None = None
    parts: tuple[tuple[Entry, ...], ...] = ()
    _added: int = field(default=0, repr=False)

    @cached_property
    def entries(self) -> tuple[Entry, ...]:
        """What stands for the records, newest first, each once."""
        first = (self.since or 0) << _DIGEST_BITS
        # In their order, as what is nearly sorted is soon sorted.
        entries = dict.fromkeys(chain.from_iterable(self.parts))
        return tuple(sorted((e for e in entries if e >= first), reverse=True))

    @cached_property
    def _known(self) -> frozenset[Entry]:
        return frozenset(self.entries)

    def __len__(self) -> int:
        return len(self.entries)

    def __contains__(self, entry: Entry) -> bool:
        return entry in self._known

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Recent):
            return NotImplemented
        return self is other or (self.since, self.entries) == (other.since, other.entries)

    def __hash__(self) -> int:
        return self._hash

    @cached_property
    def _hash(self) -> int:
        return hash((self.since, self.entries))

    def after(self, since: UnixSeconds | None) -> Recent:
        """Return the part that was created from then on."""
        if since is None or (self.since is not None and self.since >= since):
            return self
        return Recent(since, self.parts, self._added)

    def added(self, entries: Iterable[Entry], most: int) -> Recent:
        """Return it with more in it; of the newest at least so many are kept, at most twice so."""
        part = tuple(entries)
        if not part:
            return self
        grown = Recent(self.since, (*self.parts, part), self._added + len(part))
        return grown if grown._added <= 2 * most else grown._sorted().newest(most)

    def united(self, other: Recent) -> Recent:
        """Return what is in either, of the stretch that both know."""
        if not self.parts:
            return other.after(self.since)
        both = Recent(self.since, (*self.parts, *other.parts), self._added + other._added)
        return both.after(other.since)

    def within(self, slices: Iterable[Slice]) -> Recent:
        """Return what is of records that are created in slices."""
        parts = tuple(self._of(slice_) for slice_ in slices)
        return Recent(self.since, parts, sum(map(len, parts)))

    def without(self, slices: Iterable[Slice]) -> Recent:
        """Return what is of other records; where a slice has a cursor, its last second stays.

        Some of the records of that second come before the cursor.
        """
        inner = [s if s.cursor is None or s.until is None else _below(s) for s in slices]
        dropped = {entry for slice_ in inner for entry in self._of(slice_)}
        part = tuple(entry for entry in self.entries if entry not in dropped)
        return Recent(self.since, (part,), len(part))

    def _of(self, slice_: Slice) -> tuple[Entry, ...]:
        """What is of a slice, found by halving: this is asked for with every page."""
        first = 0 if slice_.until is None else self._place(slice_.until)
        end = None if slice_.since is None else self._place(slice_.since)
        return self.entries[first:end]

    def _place(self, second: int) -> int:
        """How many entries are of that second or a later one."""
        return bisect_right(self.entries, -(second << _DIGEST_BITS), key=neg)

    def newest(self, most: int) -> Recent:
        """Return the newest, at most so many; of one second all or none."""
        return self if len(self) <= most else _newest(self, most)

    def _sorted(self) -> Recent:
        return Recent(self.since, (self.entries,), len(self.entries))

    @cached_property
    def columns(self) -> tuple[str, str]:
        """The seconds and the digests of all entries, as text."""
        seconds = [entry >> _DIGEST_BITS for entry in self.entries]
        gaps = array("I", [*seconds[:1], *map(sub, seconds, seconds[1:])])
        digests = array("I", [entry & _LAST_SECOND for entry in self.entries])
        packed = zlib.compress(_little_endian(gaps).tobytes(), _FASTEST)
        unpacked = _little_endian(digests).tobytes()
        return b64encode(packed).decode(), b64encode(unpacked).decode()


def _below(slice_: Slice) -> Slice:
    return replace(slice_, until=UnixSeconds((slice_.until or 0) - 1), cursor=None)


@lru_cache(maxsize=64)  # What is not added to stands in one STATE after the other.
def _newest(recent: Recent, most: int) -> Recent:
    since = UnixSeconds((recent.entries[most] >> _DIGEST_BITS) + 1)
    return Recent(since, (recent.entries[:most],), most)


def format_recent(recent: Recent) -> dict[str, Any] | None:
    """Return what stands in a bookmark; None when that is nothing."""
    if recent.since is None:
        return None
    formatted = {"since": format_time(recent.since)}
    if not recent.entries:
        return formatted
    seconds, digests = recent.columns
    return {**formatted, "seconds": seconds, "digests": digests}


def parse_recent(raw: Any) -> Recent:
    """Return what stands in a bookmark.

    Raises:
        ValueError, TypeError, KeyError: If it is damaged.
    """
    if raw is None:
        return Recent()
    since = parse_bookmark_time(raw["since"])
    if "digests" not in raw:
        return Recent(since)
    entries = _entries(raw["seconds"], raw["digests"])
    return Recent(since, (entries,), len(entries))


def _entries(seconds: str, digests: str) -> tuple[Entry, ...]:
    try:
        gaps = _numbers(zlib.decompress(b64decode(seconds, validate=True)))
    except zlib.error as error:
        raise ValueError("damaged") from error
    pairs = zip(accumulate(gaps, sub), _numbers(b64decode(digests, validate=True)), strict=True)
    return tuple(entry_of(second, digest.to_bytes(DIGEST_BYTES)) for second, digest in pairs)


def _numbers(content: bytes) -> array[int]:
    numbers = array("I")
    numbers.frombytes(content)
    return _little_endian(numbers)


def _little_endian(numbers: array[int]) -> array[int]:
    if sys.byteorder == "big":
        numbers = numbers[:]
        numbers.byteswap()
    return numbers
