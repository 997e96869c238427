"""How far every stream was read: a value that is written to STATE lines and read back.

https://hub.meltano.com/singer/spec#state
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any

from tap_stripe_td.errors import ConfigError
from tap_stripe_td.recent import Recent, format_recent, parse_recent
from tap_stripe_td.slicing import Slice
from tap_stripe_td.units import UnixSeconds, format_time, parse_bookmark_time

STATE_VERSION = 1

MOST_CHILDREN = 10_000
"""More children of one stream than this are not remembered: the state would weigh too much."""

Known = Mapping[str, Mapping[str, tuple[str, ...]]]
"""Ids of children, by their stream and by their parent's id."""

_NEW_START = "Take it out of the state to read the stream from the start."


@dataclass(frozen=True)
class Backfill:
    """A first reading that is not finished.

    Attributes:
        signpost: The upper edge that was fixed when it began.
        unread: The stretches that are still to be read.
        version: What its records are called as a whole stream; None when they are a part of one.
        harvested: Of what the list leaves out and is fetched in the order of its ids once nothing
            else is unread, the last id that was sent; empty for none.
    """

    signpost: UnixSeconds
    unread: tuple[Slice, ...]
    version: int | None = None
    harvested: str = ""


@dataclass(frozen=True)
class Bookmark:
    """How far one stream was read.

    Attributes:
        replication_key: The field that orders the stream's changes.
        value: Everything that happened before this second was read; None while the first reading
            is not finished.
        backfill: What a first reading has left, None when it is finished.
        seen: Ids of what was read in the look-back before `value`: of events, or of objects of a
            stream that is read forward. It is not sent again.
        digests: `id#digest` of objects that are all read again every time, and sent when they
            changed.
        recent: What stands for recent objects, that are likewise.
    """

    replication_key: str
    value: UnixSeconds | None = None
    backfill: Backfill | None = None
    seen: tuple[str, ...] = ()
    digests: tuple[str, ...] = ()
    recent: Recent = Recent()  # noqa: RUF009 - it is frozen


@dataclass(frozen=True)
class State:
    """The bookmarks of all streams, and the account they belong to.

    Attributes:
        bookmarks: By stream name.
        account: The Stripe account that was read; None when the key may not tell.
        accounts: The states of connected accounts, by id, when several are read.
        children: Ids of children that may be gone without an event that shows them, by their stream
            and their parent's id; of the parents read last, where they are too many.
        version: Of this tap's states, the one it was read as; None when it does not tell.
    """

    bookmarks: Mapping[str, Bookmark] = field(default_factory=lambda: MappingProxyType({}))
    account: str | None = None
    accounts: Mapping[str, State] = field(default_factory=lambda: MappingProxyType({}))
    children: Known = field(default_factory=lambda: MappingProxyType({}))
    version: int | None = field(default=None, compare=False)

    def with_account(self, account: str, state: State) -> State:
        """Return the state with a connected account's own state in it."""
        return replace(self, accounts=MappingProxyType({**self.accounts, account: state}))

    def bookmark(self, stream: str) -> Bookmark | None:
        """Return how far a stream was read, None when it never was."""
        return self.bookmarks.get(stream)

    def advance(self, stream: str, to: Bookmark) -> State:
        """Return the state with this stream read up to there. It never goes back.

        A later first reading of a stream, after its bookmark became too old, keeps the old value
        until it is finished.
        """
        before = self.bookmarks.get(stream)
        if before is not None and before.value is not None:
            to = replace(
                to, value=before.value if to.value is None else max(before.value, to.value)
            )
        return replace(self, bookmarks=MappingProxyType({**self.bookmarks, stream: to}))

    def remember(self, child: str, ids: Mapping[str, tuple[str, ...]]) -> State:
        """Return the state that knows these children of some parents, and no others of those."""
        before = self.children.get(child, {})
        if not any(ids.values()) and before.keys().isdisjoint(ids):
            return self
        known = {parent: those for parent, those in before.items() if parent not in ids}
        known.update((parent, those) for parent, those in ids.items() if those)
        too_many = sum(map(len, known.values())) - MOST_CHILDREN
        while too_many > 0:
            too_many -= len(known.pop(next(iter(known))))
        return replace(self, children=MappingProxyType({**self.children, child: known}))


def format_state(state: State) -> dict[str, Any]:
    """Return the state as the value of a STATE message."""
    formatted: dict[str, Any] = {
        "version": STATE_VERSION,
        "bookmarks": {name: _format_bookmark(mark) for name, mark in state.bookmarks.items()},
    }
    if state.account is not None:
        formatted["account"] = state.account
    if any(state.children.values()):
        formatted["children"] = {
            child: {parent: list(ids) for parent, ids in known.items()}
            for child, known in state.children.items()
            if known
        }
    if state.accounts:
        accounts = {account: format_state(own) for account, own in state.accounts.items()}
        formatted["accounts"] = {
            account: {name: own[name] for name in ("bookmarks", "children") if name in own}
            for account, own in accounts.items()
        }
    return formatted


def _format_bookmark(bookmark: Bookmark) -> dict[str, Any]:
    formatted: dict[str, Any] = {"replication_key": bookmark.replication_key}
    if bookmark.value is not None:
        formatted["replication_key_value"] = format_time(bookmark.value)
    if bookmark.backfill is not None:
        formatted["backfill"] = {
            "signpost": format_time(bookmark.backfill.signpost),
            "unread": [_format_slice(slice_) for slice_ in bookmark.backfill.unread],
        }
        if bookmark.backfill.version is not None:
            formatted["backfill"]["version"] = bookmark.backfill.version
        if bookmark.backfill.harvested:
            formatted["backfill"]["harvested"] = bookmark.backfill.harvested
    if bookmark.seen:
        formatted["seen"] = list(bookmark.seen)
    if bookmark.digests:
        formatted["digests"] = list(bookmark.digests)
    if (recent := format_recent(bookmark.recent)) is not None:
        formatted["recent"] = recent
    return formatted


def _format_slice(slice_: Slice) -> list[str | None]:
    edges = [None if edge is None else format_time(edge) for edge in (slice_.since, slice_.until)]
    return edges if slice_.cursor is None else [*edges, slice_.cursor]


def parse_state(raw: object) -> State:
    """Return the state that a STATE message's value, or the whole message, says.

    Raises:
        ConfigError: If it is no state of this tap's, with every problem that was found.
    """
    if not isinstance(raw, dict):
        raise ConfigError(
            f"The state is a {type(raw).__name__}, but must be a JSON object with `bookmarks`. "
            "Give the last line that the target wrote, or leave `--state` out to start anew."
        )
    if raw.get("type") == "STATE" and "value" in raw:
        return parse_state(raw["value"])
    _refuse_newer(raw.get("version", STATE_VERSION))
    if raw and "bookmarks" not in raw:
        raise ConfigError(
            "The state has no `bookmarks`, so all would be read again from the start. Give the "
            "last line that the target wrote, or leave `--state` out to start anew."
        )
    bookmarks = raw.get("bookmarks", {})
    account, accounts = raw.get("account"), raw.get("accounts", {})
    children = raw.get("children", {})
    parts = (bookmarks, accounts, children)
    if not all(isinstance(part, dict) for part in parts) or not isinstance(account, str | None):
        raise ConfigError(
            "The state's `bookmarks`, `account`, `accounts` or `children` is damaged. Give the last "
            "line that the target wrote, or leave `--state` out to start anew."
        )
    parsed: dict[str, Bookmark] = {}
    problems: list[str] = []
    for name, mark in bookmarks.items():
        try:
            parsed[name] = _parse_bookmark(mark)
        except (ValueError, TypeError, KeyError) as error:
            problems.append(_bookmark_problem(name, mark, error))
    known = _parse_children(children, problems)
    if problems:
        raise ConfigError(*problems)
    own = {name: parse_state(part) for name, part in accounts.items()}
    return State(
        MappingProxyType(parsed), account, MappingProxyType(own), known, raw.get("version")
    )


def _parse_children(raw: Mapping[str, Any], problems: list[str]) -> Known:
    known: dict[str, Mapping[str, tuple[str, ...]]] = {}
    for child, parents in raw.items():
        if not isinstance(parents, dict) or not all(map(_is_texts, parents.values())):
            problems.append(f"The state's `children` of `{child}` are damaged. Take them out.")
        else:
            known[child] = {parent: tuple(ids) for parent, ids in parents.items()}
    return MappingProxyType(known)


def _refuse_newer(version: object) -> None:
    if version != STATE_VERSION:
        raise ConfigError(
            f"The state has version {version!r}, but this release knows only {STATE_VERSION}. Use "
            "the release that wrote it, or a newer one."
        )


def _bookmark_problem(name: str, mark: object, error: Exception) -> str:
    if isinstance(mark, dict) and "replication_key" not in mark:
        return (
            f"The bookmark of `{name}` was not written by tap-stripe-td. States of other taps, "
            "such as singer-io's tap-stripe, mean something else and cannot be resumed. Leave "
            "`--state` out to start anew."
        )
    value = mark.get("replication_key_value") if isinstance(mark, dict) else None
    if isinstance(error, _TimeError) and value is not None:
        return (
            f"The bookmark of `{name}` is {value!r}, but it must be a time with a zone. "
            f"{_NEW_START}"
        )
    return f"The bookmark of `{name}` is damaged. {_NEW_START}"


def _parse_bookmark(raw: Any) -> Bookmark:
    value = raw.get("replication_key_value") if isinstance(raw, dict) else _damaged()
    backfill = raw.get("backfill")
    seen, digests = raw.get("seen", []), raw.get("digests", [])
    if (value is None and backfill is None) or not _is_texts(seen) or not _is_texts(digests):
        _damaged()
    return Bookmark(
        replication_key=_text(raw["replication_key"]),
        value=None if value is None else _parse_value(value),
        backfill=None if backfill is None else _parse_backfill(backfill),
        seen=tuple(seen),
        digests=tuple(digests),
        recent=parse_recent(raw.get("recent")),
    )


class _TimeError(ValueError):
    """A bookmark's own time is none."""


def _parse_value(value: object) -> UnixSeconds:
    try:
        return parse_bookmark_time(value)
    except ValueError as error:
        raise _TimeError from error


def _parse_backfill(raw: Any) -> Backfill:
    return Backfill(
        signpost=parse_bookmark_time(raw["signpost"]),
        unread=tuple(_parse_slice(*slice_) for slice_ in raw["unread"]),
        version=_version(raw.get("version")),
        harvested=_text(raw.get("harvested", "")),
    )


def _parse_slice(since: Any, until: Any, cursor: Any = None) -> Slice:
    edges = [None if edge is None else parse_bookmark_time(edge) for edge in (since, until)]
    return Slice(edges[0], edges[1], None if cursor is None else _text(cursor))


def _version(value: object) -> int | None:
    return value if value is None or type(value) is int else _damaged()


def _text(value: object) -> str:
    return value if isinstance(value, str) else _damaged()


def _is_texts(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(item, str) for item in value)


def _damaged() -> Any:
    raise TypeError("damaged")
