"""Who asks: API keys and what they may do."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from typing import TYPE_CHECKING

from stripe_sandbox.errors import Refusal

if TYPE_CHECKING:
    from collections.abc import Mapping

NO_KEY = (
    "You did not provide an API key. You need to provide your API key in the Authorization header, "
    "using Bearer auth (e.g. 'Authorization: Bearer YOUR_SECRET_KEY'). See "
    "https://stripe.com/docs/api#authentication for details, or we can help at "
    "https://support.stripe.com/."
)


@dataclass(frozen=True)
class Access:
    """What a key opens. `permissions` is `None` for a key without restrictions."""

    key: str
    account: str
    permissions: frozenset[str] | None = None
    expires_at: int | None = None

    def require(self, permission: str) -> None:
        """Refuse a restricted key that lacks a permission.

        Raises:
            Refusal: As Stripe words it, naming the permission as `rak_…`.
        """
        if self.permissions is None or permission in self.permissions:
            return
        raise Refusal(
            403,
            f"The provided key '{masked(self.key)}' does not have the required permissions for this "
            f"endpoint on account '{self.account}'. Having the 'rak_{permission}' permission would "
            "allow this request to continue.",
            code="more_permissions_required",
        )


def masked(key: str) -> str:
    """A key as Stripe's errors show it: `sk_test_***************xyz1`."""
    head = "_".join(key.split("_")[:2]) + "_" if key.count("_") >= 2 else ""
    rest = key[len(head) :]
    return head + "*" * max(len(rest) - 4, 3) + rest[-4:]


def presented_key(headers: Mapping[str, str]) -> str | None:
    """The key of a request, from Bearer or Basic authorization."""
    scheme, _, value = headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return value.strip() or None
    if scheme.lower() == "basic":
        return _basic_user(value)
    return None


def _basic_user(value: str) -> str | None:
    try:
        return base64.b64decode(value, validate=True).decode().split(":", 1)[0] or None
    except (binascii.Error, UnicodeDecodeError):
        return None


def access_of(headers: Mapping[str, str], keys: Mapping[str, Access], now: int) -> Access:
    """The access that a request's key gives.

    Raises:
        Refusal: If there is no key, or the key is unknown or expired.
    """
    key = presented_key(headers)
    challenge = {"WWW-Authenticate": 'Bearer realm="Stripe"'}
    if key is None:
        raise Refusal(401, NO_KEY, headers=challenge)
    access = keys.get(key)
    if access is None:
        raise Refusal(401, f"Invalid API Key provided: {masked(key)}", headers=challenge)
    if access.expires_at is not None and access.expires_at <= now:
        raise Refusal(
            401,
            f"Expired API Key provided: {masked(key)}",
            code="api_key_expired",
            headers=challenge,
        )
    return access
