"""What Stripe's error answers mean, as sentences. https://docs.stripe.com/api/errors."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import msgspec

from tap_stripe_td.errors import (
    AccountRefusedError,
    ConfigError,
    KeyRefusedError,
    NoSuchObjectError,
    NotEnabledError,
    StripeRefusedError,
    TapError,
    TryLaterError,
)
from tap_stripe_td.units import UnixSeconds, parse_http_date

if TYPE_CHECKING:
    from collections.abc import Mapping


class _Error(msgspec.Struct):
    type: str | None = None
    code: str | None = None
    message: str | None = None
    param: str | None = None


class _Body(msgspec.Struct):
    error: _Error


# Made once: several threads that ask msgspec 0.22 for a type of its own at once may crash it.
_body_decoder = msgspec.json.Decoder(_Body)

_NOT_ENABLED = re.compile(
    r"Your account is not set up to use "
    r"|This endpoint is only available in testmode"
    r"|Have you onboarded to Treasury"
    r"|Your account is not authorized to send Forwarding requests"
    r"|Accounts v2 is not enabled for your platform"
)
"""Stripe answers a product that the account does not have with 400 and one of these."""

_NOTHING_THERE = re.compile(r"Could not find line items for this Checkout Session")
"""Old sessions of test mode have lost their line items."""

_PERMISSION = re.compile(r"\brak_(\w+)")


def refusal(path: str, status: int, headers: Mapping[str, str], body: bytes) -> TapError:
    """Return the sentence for an answer that is not 200; its class says whose move it is."""
    said = f"{status}, request {headers.get('Request-Id', 'unknown')}"
    try:
        error = _body_decoder.decode(body).error
        date = parse_http_date(headers["Date"])
    except (msgspec.DecodeError, KeyError, ValueError):
        return _not_stripe(path, said, status)
    if status == 429 or status >= 500:
        return TryLaterError(
            f"Stripe could not answer {path} ({said}): {error.message} Run again later; "
            "https://status.stripe.com tells about outages."
        )
    return _final(path, said, error, date)


def _final(path: str, said: str, error: _Error, date: UnixSeconds) -> TapError:
    message = error.message or "no reason given."
    if permission := _PERMISSION.search(message):
        return StripeRefusedError(_missing_permission(path, said, permission[1]), date=date)
    if said.startswith("401"):
        return KeyRefusedError(_wrong_key(said))
    if "Stripe version" in message or "API version" in message:
        return ConfigError(f"Stripe refused {path} ({said}): {message} Check `api_version`.")
    if _NOT_ENABLED.search(message):
        sentence = f"Stripe has no {path} for this account ({said}): {message}"
        return NotEnabledError(sentence, date=date)
    if error.code == "resource_missing" or _NOTHING_THERE.search(message):
        sentence = f"Stripe has no such object ({path}, {said}): {message}"
        return NoSuchObjectError(sentence, date=date, param=error.param or "")
    kind = AccountRefusedError if error.code == "account_invalid" else StripeRefusedError
    return kind(_refused(path, said, message), date=date)


def _wrong_key(said: str) -> str:
    return (
        f"Stripe does not accept the key ({said}): it is wrong, expired, or of another account. "
        "Put the key from the Dashboard, under Developers, into `secret_key` or `STRIPE_API_KEY`."
    )


def _missing_permission(path: str, said: str, permission: str) -> str:
    thing = path.removeprefix("/v1/").replace("/", " ").replace("_", " ")
    return (
        f"Stripe refused {path} ({said}): the key may not read {thing}. Give the restricted key "
        f"the permission `{permission}`, or deselect what reads it."
    )


def _refused(path: str, said: str, message: str) -> str:
    advice = (
        "Give the key the permission, or deselect what reads it."
        if said.startswith("403")
        else "Deselect the stream to read the others, or ask Stripe's support with the request id."
    )
    return f"Stripe refused {path} ({said}): {message} {advice}"


def _not_stripe(path: str, said: str, status: int) -> TapError:
    if 300 <= status < 400:
        return ConfigError(
            f"{path} was answered with a redirect ({said}), which Stripe never sends. Check "
            "`base_url` and what stands between this machine and Stripe."
        )
    return TryLaterError(
        f"{path} was answered by something that is not Stripe's API ({said}). Check what stands "
        "between this machine and Stripe, such as a proxy; then run again."
    )
