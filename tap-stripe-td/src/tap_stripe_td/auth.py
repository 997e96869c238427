"""What proves to Stripe who is asking. Nothing here can be printed by accident.

https://docs.stripe.com/api/authentication
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True)
class Secret:
    """A text that no log, error or `repr` shows."""

    _text: str

    def reveal(self) -> str:
        """Return the text, to send it to Stripe and nowhere else."""
        return self._text

    def __repr__(self) -> str:
        return "Secret(…)"

    __str__ = __repr__


class Auth(Protocol):
    """Where the key of a request comes from."""

    def key(self) -> Secret:
        """Return the key to ask with now."""

    def renew(self, refused: Secret) -> bool:
        """Get a new key after Stripe refused this one; return whether there is one."""


@dataclass(frozen=True)
class FixedKey:
    """A key from the settings: there is no other."""

    secret: Secret

    def key(self) -> Secret:
        """Return the key."""
        return self.secret

    def renew(self, refused: Secret) -> bool:  # noqa: ARG002 - the promise of `Auth`
        """Return False: another key must come from the user."""
        return False
