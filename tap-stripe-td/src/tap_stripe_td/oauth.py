"""Access tokens from a refresh token: Stripe Apps' OAuth, and Connect's before it.

https://docs.stripe.com/stripe-apps/api-authentication/oauth and
https://docs.stripe.com/connect/oauth-standard-accounts
"""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Protocol

import msgspec

from tap_stripe_td.auth import Secret
from tap_stripe_td.errors import ConfigError, TryLaterError
from tap_stripe_td.token_file import Tokens, locked, read_tokens, write_tokens

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

ACCESS_TOKEN_SECONDS = 3600
_MARGIN_SECONDS = 300
"""An access token this close to its end is exchanged before it is used."""

APPS_PATH = "/v1/oauth/token"
CONNECT_PATH = "/oauth/token"


NO_EXCHANGE = (
    "There is no access token that is still good, and a preview does not exchange the refresh "
    "token, as Stripe would replace it. Load once first, or preview with a `secret_key`."
)


class Exchange(Protocol):
    """Posts a form to a token endpoint; never repeated, as a refresh token is good for one use."""

    def __call__(self, path: str, form: Mapping[str, str]) -> tuple[int, bytes]:
        """Return the status and the body.

        Raises:
            TapError: If the answer was lost.
        """


class _Granted(msgspec.Struct):
    access_token: str
    refresh_token: str


class _Refused(msgspec.Struct):
    error: str
    error_description: str = ""


class RefreshedKey:
    """Keys that are got with a refresh token, one exchange at a time.

    The new refresh token is stored before the access token is used. Processes that share the token
    file share its access token, too.
    """

    def __init__(
        self,
        exchange: Exchange,
        refresh_token: Secret,
        path: Path,
        *,
        may_exchange: bool = True,
    ) -> None:
        """Take what is needed; nothing is exchanged until a key is asked for.

        Args:
            exchange: Posts to Stripe's token endpoints.
            refresh_token: What the first exchange is made with, when the file holds nothing newer.
            path: The token file.
            may_exchange: False to use a token that is there, or none.
        """
        self._may_exchange = may_exchange
        self._exchange = exchange
        self._first = refresh_token
        self._path = path
        self._lock = threading.Lock()
        self._tokens: Tokens | None = None

    def key(self) -> Secret:
        """Return an access token that is still good.

        Raises:
            TapError: If Stripe refuses the refresh token, or the answer was lost.
        """
        with self._lock:
            if self._tokens is None or _is_stale(self._tokens):
                self._tokens = self._newest(refused=None)
            return Secret(self._tokens.access_token)

    def renew(self, refused: Secret) -> bool:
        """Exchange again, unless somebody did since; return True.

        Raises:
            TapError: If Stripe refuses the refresh token, or the answer was lost.
        """
        with self._lock:
            if self._tokens is None or self._tokens.access_token == refused.reveal():
                self._tokens = self._newest(refused=refused)
            return True

    def _newest(self, refused: Secret | None) -> Tokens:
        with locked(self._path):
            stored = read_tokens(self._path) or Tokens(self._first.reveal())
            known_bad = refused is not None and stored.access_token == refused.reveal()
            if stored.access_token and not known_bad and not _is_stale(stored):
                return stored
            if not self._may_exchange:
                raise ConfigError(NO_EXCHANGE)
            # What cannot be stored must not be exchanged: the new token would be lost.
            write_tokens(self._path, stored)
            fresh = self._exchanged(stored.refresh_token)
            write_tokens(self._path, fresh)
            return fresh

    def _exchanged(self, refresh_token: str) -> Tokens:
        form = {"grant_type": "refresh_token", "refresh_token": refresh_token}
        refusal = ""
        for path, expires in ((APPS_PATH, True), (CONNECT_PATH, False)):
            status, body = self._exchange(path, form)
            if status == 200:
                return _tokens(body, expires=expires)
            refusal = _refusal(status, body)
        raise ConfigError(
            f"Stripe refused the refresh token ({refusal}): it was used, revoked, or belongs to "
            "another app or mode. Let the account's owner authorize again, put the new "
            f"`refresh_token` into the settings, and remove `{self._path}`."
        )


def _is_stale(tokens: Tokens) -> bool:
    age = time.time() - tokens.obtained_at
    return tokens.expires and not 0 <= age < ACCESS_TOKEN_SECONDS - _MARGIN_SECONDS


def _tokens(body: bytes, *, expires: bool) -> Tokens:
    try:
        granted = msgspec.json.decode(body, type=_Granted)
    except msgspec.DecodeError:
        raise TryLaterError(uncertain("the answer was not Stripe's")) from None
    return Tokens(granted.refresh_token, granted.access_token, time.time(), expires)


def _refusal(status: int, body: bytes) -> str:
    try:
        refused = msgspec.json.decode(body, type=_Refused)
    except msgspec.DecodeError:
        if status >= 500:
            raise TryLaterError(uncertain(f"Stripe answered with {status}")) from None
        return str(status)
    # The description would quote the token.
    return f"{status}, {refused.error}"


def uncertain(why: str) -> str:
    """Return the sentence for an exchange of which nobody knows whether it happened."""
    return (
        f"It is not known whether Stripe exchanged the refresh token: {why}. Run again; if it is "
        "refused then, the new token was lost, and the account's owner must authorize again."
    )
