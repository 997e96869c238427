"""Access tokens from a refresh token: Stripe Apps' OAuth, and Connect's before it.

https://docs.stripe.com/stripe-apps/api-authentication/oauth and
https://docs.stripe.com/connect/oauth-standard-accounts
"""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Protocol

import msgspec

from tap_stripe_td.attempts import again, repeated
from tap_stripe_td.auth import Secret
from tap_stripe_td.errors import ConfigError, KeyRefusedError, TapError, UnreachableError
from tap_stripe_td.token_file import Tokens, locked, read_tokens, write_tokens

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

ACCESS_TOKEN_SECONDS = 3600
_MARGIN_SECONDS = 300
"""An access token this close to its end is exchanged before it is used."""

_NOT_NOW = frozenset({408, 409, 425, 429})
"""With these Stripe did nothing, and may do it later."""

APPS_PATH = "/v1/oauth/token"
CONNECT_PATH = "/oauth/token"


NO_EXCHANGE = (
    "There is no access token that is still good, and a preview does not exchange the refresh "
    "token, as Stripe would replace it. Load once first, or preview with a `secret_key`."
)


class Exchange(Protocol):
    """Posts a form to a token endpoint, once."""

    def __call__(self, path: str, form: Mapping[str, str]) -> Reply:
        """Return the answer, whatever it is.

        Raises:
            TapError: If there was none.
        """


@dataclass(frozen=True)
class Reply:
    """What a token endpoint answered."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class _Granted(msgspec.Struct):
    access_token: str
    refresh_token: str


_granted_decoder = msgspec.json.Decoder(_Granted)


class _OAuthError(msgspec.Struct):
    error: str


_error_decoder = msgspec.json.Decoder(_OAuthError)


@dataclass(frozen=True)
class _Refused:
    """A refusal that stays one, however often the exchange is tried.

    Attributes:
        status: The HTTP status.
        error: OAuth's word for it; empty when the answer is none of OAuth's.
        request_id: Stripe's name for the request.
    """

    status: int
    error: str
    request_id: str

    @property
    def is_of_client(self) -> bool:
        """Whether it is the app that Stripe does not know, not the account's permission."""
        return self.status == 401 or self.error == "invalid_client"

    def __str__(self) -> str:
        # OAuth's description is left out: it may quote the token.
        said = (str(self.status), self.error, f"request {self.request_id}")
        return ", ".join(word for word in said if word)


class RefreshedKey:
    """Keys that are got with a refresh token, one exchange at a time.

    The new refresh token is stored before the access token is used. Processes that share the token
    file share its access token, too. Decision: docs/decisions/0014-an-exchange-is-tried-again.md.
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
            TapError: If Stripe refuses the exchange, or every answer was lost. No key, no stream.
        """
        with self._lock:
            if self._tokens is None or _is_stale(self._tokens):
                self._tokens = self._newest(refused=None)
            return Secret(self._tokens.access_token)

    def renew(self, refused: Secret) -> bool:
        """Exchange again, unless somebody did since; return True.

        Raises:
            TapError: If Stripe refuses the exchange, or every answer was lost. No key, no stream.
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
        refusals: list[_Refused] = []
        for path, expires in ((APPS_PATH, True), (CONNECT_PATH, False)):
            answer = repeated(partial(self._attempt, path, form))
            if isinstance(answer, _Granted):
                return Tokens(answer.refresh_token, answer.access_token, time.time(), expires)
            refusals.append(answer)
        raise KeyRefusedError(_refusal(refusals, self._path))

    def _attempt(self, path: str, form: Mapping[str, str], attempt: int) -> _Granted | _Refused:
        try:
            reply = self._exchange(path, form)
            if reply.status == 200:
                return _granted(reply.body)
        except UnreachableError as lost:
            raise again(lost, None, {}, attempt) from None
        if (passing := _passing(reply, self._path)) is not None:
            raise again(passing, reply.status, reply.headers, attempt)
        return _Refused(reply.status, _error(reply.body), _request_id(reply))


def _is_stale(tokens: Tokens) -> bool:
    age = time.time() - tokens.obtained_at
    return tokens.expires and not 0 <= age < ACCESS_TOKEN_SECONDS - _MARGIN_SECONDS


def _granted(body: bytes) -> _Granted:
    try:
        return _granted_decoder.decode(body)
    except msgspec.DecodeError:
        raise UnreachableError(uncertain("the answer was not Stripe's")) from None


def _passing(reply: Reply, path: Path) -> TapError | None:
    """Return the sentence for an answer that tells nothing about the tokens."""
    said = f"{reply.status}, request {_request_id(reply)}"
    if reply.status >= 500:
        return UnreachableError(uncertain(f"Stripe answered with {said}"))
    if reply.status in _NOT_NOW:
        return UnreachableError(
            f"Stripe exchanges no refresh token at the moment ({said}). Run again later; the "
            f"tokens in `{path}` are still good."
        )
    return None


def _refusal(refusals: Sequence[_Refused], path: Path) -> str:
    if all(refused.is_of_client for refused in refusals):
        return (
            f"Stripe does not know the `client_secret` ({refusals[-1]}). Put the secret key of "
            "the app or platform into it, of the mode, live or test, that the account's owner "
            f"allowed. Keep `{path}`: its tokens are still good."
        )
    dead = [refused for refused in refusals if refused.error == "invalid_grant"]
    if dead:
        return (
            f"Stripe does not take the refresh token ({dead[-1]}): it was used or revoked, or "
            "`client_secret` is of another app or mode. Check `client_secret` first. Only if it is "
            f"the right one, let the account's owner authorize again, put the new `refresh_token` "
            f"into the settings, and remove `{path}`."
        )
    return (
        f"Stripe refused to exchange the refresh token ({refusals[-1]}). Check `client_secret`, "
        f"and keep `{path}`: its tokens may still be good. Stripe's support knows the request id."
    )


def _error(body: bytes) -> str:
    try:
        return _error_decoder.decode(body).error
    except msgspec.DecodeError:
        return ""


def _request_id(reply: Reply) -> str:
    return reply.headers.get("Request-Id", "unknown")


def uncertain(why: str) -> str:
    """Return the sentence for an exchange of which nobody knows whether it happened."""
    return (
        f"It is not known whether Stripe exchanged the refresh token: {why}. Run again; if it is "
        "refused then, the new token was lost, and the account's owner must authorize again."
    )
