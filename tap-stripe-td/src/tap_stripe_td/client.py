"""HTTP to Stripe. The only module that imports `requests`.

It obeys `retry` and reads bodies with the parser it is given: a body that is cut short, or is not
what Stripe sends, counts as a lost answer.
"""

from __future__ import annotations

import itertools
import logging
import random
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import backoff
import msgspec
import requests

from tap_stripe_td.auth import Secret, authorization
from tap_stripe_td.errors import ConfigError, TapError, TryLaterError, UnreachableError
from tap_stripe_td.refusals import refusal
from tap_stripe_td.retry import wait_before_retry
from tap_stripe_td.units import UnixSeconds, parse_http_date

if TYPE_CHECKING:
    from collections.abc import Callable

Params = Mapping[str, str | Sequence[str]]
T = TypeVar("T")

CONNECT_TIMEOUT_SECONDS = 10
READ_TIMEOUT_SECONDS = 80
"""What Stripe's own libraries wait for an answer."""

_logger = logging.getLogger("tap-stripe-td.client")


@dataclass(frozen=True)
class Answer(Generic[T]):
    """What Stripe answered, parsed, with Stripe's clock and the request's id."""

    content: T
    date: UnixSeconds
    request_id: str


class _PassingError(Exception):
    """A failure that is tried again after a wait."""

    def __init__(self, sentence: str, wait_seconds: float) -> None:
        self.wait_seconds = wait_seconds
        super().__init__(sentence)


@dataclass(frozen=True)
class Client:
    """Stripe's API under one key.

    Attributes:
        base_url: Where Stripe answers, without a slash at the end.
        key: The API key.
        api_version: Sent as `Stripe-Version` with every request.
        user_agent: Who is asking.
    """

    base_url: str
    key: Secret
    api_version: str
    user_agent: str
    _sessions: threading.local = field(default_factory=threading.local, repr=False)

    def fetch(self, path: str, params: Params, parse: Callable[[bytes], T]) -> Answer[T]:
        """Return what Stripe answers to a GET, tried again as long as that may help.

        Args:
            path: From `/v1/`.
            params: Query parameters.
            parse: Makes the content of the body; raises `msgspec.DecodeError` when it is broken.

        Raises:
            TapError: The failure that is final, as a sentence; its class says whose move it is.
        """
        attempts = itertools.count(1)

        @backoff.on_exception(
            backoff.runtime,
            _PassingError,
            value=lambda failure: failure.wait_seconds,
            jitter=None,
            logger=None,
            on_backoff=_log_wait,
        )
        def attempt() -> Answer[T]:
            return self._attempt(path, params, parse, next(attempts))

        return attempt()

    def _attempt(
        self, path: str, params: Params, parse: Callable[[bytes], T], attempt: int
    ) -> Answer[T]:
        try:
            response = self._get(path, params)
        except requests.exceptions.SSLError as error:
            raise ConfigError(
                f"The connection to {self.base_url} cannot be trusted: {_cause(error)}. If a proxy "
                "stands between, name its certificate in `REQUESTS_CA_BUNDLE`."
            ) from None
        except requests.RequestException as error:
            lost = UnreachableError(
                f"{self.base_url} cannot be reached ({_cause(error)}). Check the network, a proxy "
                "in `HTTPS_PROXY`, and `base_url`; then run again."
            )
            raise _again(lost, None, {}, attempt) from None
        if response.status_code != requests.codes.ok:
            failure = refusal(path, response.status_code, response.headers, response.content)
            raise _again(failure, response.status_code, response.headers, attempt)
        try:
            return _answer(response, parse(response.content))
        except msgspec.DecodeError:
            raise _again(_not_stripe(path, response), None, {}, attempt) from None

    def _get(self, path: str, params: Params) -> requests.Response:
        return self._session().get(
            self.base_url + path,
            params=dict(params),
            timeout=(CONNECT_TIMEOUT_SECONDS, READ_TIMEOUT_SECONDS),
            allow_redirects=False,
        )

    def _session(self) -> requests.Session:
        session: requests.Session | None = getattr(self._sessions, "session", None)
        if session is None:
            session = requests.Session()
            # Given as `auth`, or a `.netrc` for the host would take the header's place.
            session.auth = _KeyAuth(self.key)
            session.headers.update(
                {"Stripe-Version": self.api_version, "User-Agent": self.user_agent}
            )
            self._sessions.session = session
        return session


@dataclass(frozen=True)
class _KeyAuth(requests.auth.AuthBase):
    key: Secret

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = authorization(self.key)
        return request


def _answer(response: requests.Response, content: T) -> Answer[T]:
    try:
        date = parse_http_date(response.headers["Date"])
    except (KeyError, ValueError):
        raise msgspec.DecodeError("no Date header") from None
    return Answer(content, date, response.headers.get("Request-Id", "unknown"))


def _again(
    failure: TapError, status: int | None, headers: Mapping[str, str], attempt: int
) -> Exception:
    wait = wait_before_retry(
        status=status,
        headers=headers,
        attempt=attempt,
        jitter=random.random(),  # noqa: S311 - spreads clients, keeps no secret
    )
    return failure if wait is None else _PassingError(str(failure), wait)


def _not_stripe(path: str, response: requests.Response) -> TryLaterError:
    kind = response.headers.get("Content-Type", "no content type").partition(";")[0]
    return TryLaterError(
        f"The answer to {path} is not one of Stripe's ({response.status_code}, {kind}, "
        f"{len(response.content)} bytes): cut short, or sent by a proxy. Check what stands between "
        "this machine and Stripe; then run again."
    )


def _cause(error: BaseException) -> str:
    """The innermost reason, which says more than the chain of wrappers around it."""
    while (inner := error.__cause__ or error.__context__ or _reason(error)) is not None:
        error = inner
    return str(error) or type(error).__name__


def _reason(error: BaseException) -> BaseException | None:
    reason = getattr(error, "reason", None)
    return reason if isinstance(reason, BaseException) else None


def _log_wait(details: Any) -> None:
    _logger.warning("%s Trying again in %.1f s.", details["exception"], details["wait"])
