"""What proves to Stripe who is asking. Nothing here can be printed by accident."""

from __future__ import annotations

from dataclasses import dataclass


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


def authorization(key: Secret) -> str:
    """Return the value of the `Authorization` header.

    https://docs.stripe.com/api/authentication
    """
    return f"Bearer {key.reveal()}"
