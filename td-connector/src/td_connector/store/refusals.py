"""What a database says when it refuses, sorted by who must act."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from td_connector.errors import ConnectorError, TryLaterError, UserError

if TYPE_CHECKING:
    from sqlalchemy.exc import DBAPIError


class _Refusal(NamedTuple):
    """One kind: a part of what the database says, and what to do about it."""

    said: str
    error: type[ConnectorError]
    fix: str


_REFUSALS = (
    _Refusal("not a database", UserError, "Name another file with `--store`."),
    _Refusal("is full", TryLaterError, "Make room on its disk and try again."),
    _Refusal("disk i/o error", TryLaterError, "Look whether its disk is full, and try again."),
    _Refusal("locked", TryLaterError, "Another program holds it; try again."),
    _Refusal("read-only", UserError, "Name the server that takes writes."),
    _Refusal("readonly", UserError, "Name a file that this user may write."),
    _Refusal("permission denied", UserError, "Let its user create tables and write to them."),
    _Refusal("authentication failed", UserError, "Correct the user or the password in its URL."),
    _Refusal("does not exist", UserError, "Create it, or correct the URL of the store."),
)
_ANY = _Refusal("", TryLaterError, "Check that it is reachable and try again.")


def refusal(shown_url: str, error: DBAPIError) -> ConnectorError:
    """Return what is raised in the place of a database's error; no password is in it."""
    lines = str(error.orig).strip().split("\n")
    sentence = lines[0].rstrip(".?")
    found = next((each for each in _REFUSALS if each.said in sentence.lower()), _ANY)
    return found.error(f"The store `{shown_url}` cannot be used now: {sentence}. {found.fix}")
