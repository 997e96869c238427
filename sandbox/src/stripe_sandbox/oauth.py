"""Tokens for other people's accounts: the OAuth of Stripe Apps and of Connect."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal
from urllib.parse import parse_qs

from stripe_sandbox.errors import Refusal
from stripe_sandbox.ids import base62
from stripe_sandbox.keys import Access, access_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from stripe_sandbox.json_types import JsonObject, UnixSeconds
    from stripe_sandbox.messages import Request

Flow = Literal["app", "connect"]
FLOWS: Mapping[str, Flow] = {"/v1/oauth/token": "app", "/oauth/token": "connect"}
APP_TOKEN_SECONDS = 3600


class OAuthRefusal(Refusal):
    """A refusal in the shape of OAuth, not of Stripe's API."""

    def __init__(self, error: str, description: str, *, status: int = 400) -> None:
        super().__init__(status, description)
        self.error = error

    def body(self, request_id: str) -> JsonObject:  # noqa: ARG002 - OAuth has no such field
        """The JSON that the token endpoints send."""
        return {"error": self.error, "error_description": self.message}


@dataclass
class Grants:
    """What account holders allowed: codes and refresh tokens, each for a flow and an account."""

    codes: dict[str, tuple[Flow, str]] = field(default_factory=dict)
    refresh_tokens: dict[str, tuple[Flow, str]] = field(default_factory=dict)
    issued: int = 0

    def token(self, request: Request, keys: dict[str, Access], now: UnixSeconds) -> JsonObject:
        """Answer a token request; the new access token opens the account from now on.

        Raises:
            Refusal: If the platform's key is wrong, or the code or refresh token is not valid.
        """
        form = {name: chosen[-1] for name, chosen in parse_qs(request.body.decode()).items()}
        flow = FLOWS[request.path]
        _check_client(flow, request, form, keys, now)
        grant = form.get("grant_type", "")
        if grant == "authorization_code":
            account = self._account(self.codes, form.get("code", ""), flow)
            del self.codes[form["code"]]
        elif grant == "refresh_token":
            account = self._account(self.refresh_tokens, form.get("refresh_token", ""), flow)
        else:
            raise OAuthRefusal("unsupported_grant_type", f"Unsupported grant type: {grant}")
        return self._issue(flow, account, form, keys, now)

    def refresh_token(self, flow: Flow, account: str) -> str:
        """A fresh refresh token."""
        token = "rt_" + self._fresh("refresh")
        self.refresh_tokens[token] = (flow, account)
        return token

    def code(self, flow: Flow, account: str) -> str:
        """A fresh authorization code, good for one exchange."""
        code = "ac_" + self._fresh("code")
        self.codes[code] = (flow, account)
        return code

    def _account(self, known: dict[str, tuple[Flow, str]], token: str, flow: Flow) -> str:
        if token not in known or known[token][0] != flow:
            what = "Authorization code" if known is self.codes else "Refresh token"
            raise OAuthRefusal("invalid_grant", f"{what} does not exist or has been used: {token}")
        return known[token][1]

    def _issue(
        self,
        flow: Flow,
        account: str,
        form: Mapping[str, str],
        keys: dict[str, Access],
        now: UnixSeconds,
    ) -> JsonObject:
        refresh = form.get("refresh_token")
        if flow == "app" and refresh is not None:
            # Apps rotate: https://docs.stripe.com/stripe-apps/api-authentication/oauth
            del self.refresh_tokens[refresh]
            refresh = None
        access = f"sk_test_{self._fresh('access')}"
        expires_at = now + APP_TOKEN_SECONDS if flow == "app" else None
        keys[access] = Access(access, account, expires_at=expires_at)
        refreshed = flow == "app" and form["grant_type"] == "refresh_token"
        return {
            "access_token": access,
            "livemode": False,
            "refresh_token": refresh or self.refresh_token(flow, account),
            "scope": "stripe_apps" if flow == "app" else "read_only",
            "stripe_publishable_key": f"pk_test_{base62(account, 24)}",
            "account_id" if refreshed else "stripe_user_id": account,
            "token_type": "bearer",
        }

    def _fresh(self, purpose: str) -> str:
        self.issued += 1
        return base62(f"{purpose}/{self.issued}", 32)


def _check_client(
    flow: Flow,
    request: Request,
    form: Mapping[str, str],
    keys: Mapping[str, Access],
    now: UnixSeconds,
) -> None:
    """Refuse a wrong key: Connect in OAuth's words, the API's own endpoint in the API's."""
    headers = dict(request.headers)
    if flow == "connect" and "client_secret" in form:
        headers["authorization"] = f"Bearer {form['client_secret']}"
    try:
        access_of(headers, keys, now)
    except Refusal as wrong:
        if flow == "app":
            raise
        raise OAuthRefusal("invalid_client", wrong.message, status=401) from None
