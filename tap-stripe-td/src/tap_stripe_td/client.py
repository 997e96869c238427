"""HTTP to Stripe. The only module that imports `requests`.

It reads bodies with the parser it is given: a body that is cut short, or is not
what Stripe sends, counts as a lost answer.
"""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import msgspec
import requests

from tap_stripe_td.attempts import PassingError, again, repeated
from tap_stripe_td.errors import (
    ConfigError,
    KeyRefusedError,
    TryLaterError,
    UnreachableError,
)
from tap_stripe_td.limiter import Limiter
from tap_stripe_td.oauth import Reply, uncertain
from tap_stripe_td.refusals import refusal
from tap_stripe_td.units import UnixSeconds, parse_http_date

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tap_stripe_td.auth import Auth, Secret

Params = Mapping[str, str | Sequence[str]]
T = TypeVar("T")

CONNECT_TIMEOUT_SECONDS = 4
"""Two packets may be lost on the way; who has no network learns it soon."""

READ_TIMEOUT_SECONDS = 80
"""What Stripe's own libraries wait for an answer."""

_TIMEOUTS_SECONDS = (CONNECT_TIMEOUT_SECONDS, READ_TIMEOUT_SECONDS)


@dataclass(frozen=True)
class Answer(Generic[T]):
    """What Stripe answered, parsed, with Stripe's clock and the request's id."""

    content: T
    date: UnixSeconds
    request_id: str


@dataclass(frozen=True)
class Client:
    """Stripe's API under one key.

    Attributes:
        base_url: Where Stripe answers, without a slash at the end.
        auth: Where the key of a request comes from.
        api_version: Sent as `Stripe-Version` with every request.
        user_agent: Who is asking.
        limiter: Keeps to what Stripe allows; shared by all threads.
        account: The connected account that is read; None for the key's own.
    """

    base_url: str
    auth: Auth
    api_version: str
    user_agent: str
    limiter: Limiter = field(repr=False)
    account: str | None = None
    _sessions: threading.local = field(default_factory=threading.local, repr=False)

    def fetch(
        self,
        path: str,
        params: Params,
        parse: Callable[[bytes], T],
        *,
        endpoint: str | None = None,
    ) -> Answer[T]:
        """Return what Stripe answers to a GET, tried again as long as that may help.

        Args:
            path: From `/v1/`.
            params: Query parameters.
            parse: Makes the content of the body; raises `msgspec.DecodeError` when it is broken.
            endpoint: Whose budget it counts in, when that is not the path: all ids share one.

        Raises:
            TapError: The failure that is final, as a sentence; its class says whose move it is.
        """

        def attempt(number: int) -> Answer[T]:
            self.limiter.wait(endpoint or path)
            try:
                return self._attempt(path, params, parse, number)
            except PassingError as failure:
                if failure.status == requests.codes.too_many_requests:
                    self.limiter.slow_down(endpoint or path, failure.headers)
                raise

        return repeated(attempt)

    def _attempt(
        self, path: str, params: Params, parse: Callable[[bytes], T], attempt: int
    ) -> Answer[T]:
        key = self.auth.key()
        try:
            response, body = self._get(path, params, key)
        except requests.RequestException as error:
            if _is_untrusted(error):
                raise _untrusted(self.base_url, error) from None
            raise again(_unreachable(self.base_url, error), None, {}, attempt) from None
        if response.status_code != requests.codes.ok:
            failure = refusal(path, response.status_code, response.headers, body)
            if isinstance(failure, KeyRefusedError) and attempt == 1 and self.auth.renew(key):
                raise PassingError(str(failure), 0.0)
            raise again(failure, response.status_code, response.headers, attempt)
        try:
            return _answer(response, parse(body))
        except msgspec.DecodeError:
            raise again(_not_stripe(path, response, body), None, {}, attempt) from None

    def _get(self, path: str, params: Params, key: Secret) -> tuple[requests.Response, bytes]:
        with self._session().send(
            self._prepared(path, params, key),
            timeout=_TIMEOUTS_SECONDS,
            allow_redirects=False,
            stream=True,
            **self._surroundings,
        ) as response:
            # In one piece: read as `content`, a page of 300 KB would come in thirty.
            return response, b"".join(response.iter_content(None))

    def _prepared(self, path: str, params: Params, key: Secret) -> requests.PreparedRequest:
        # Only the address differs; preparing the rest every time was a third of what a request costs.
        request = self._bare.copy()
        request.prepare_url(self.base_url + path, dict(params))
        request.headers["Authorization"] = f"Bearer {key.reveal()}"
        return request

    @cached_property
    def _bare(self) -> requests.PreparedRequest:
        """What all requests share."""
        headers = {"Stripe-Version": self.api_version, "User-Agent": self.user_agent}
        if self.account is not None:
            headers["Stripe-Account"] = self.account
        with requests.Session() as session:
            # Prepared by a session, a `.netrc` for the host would take the key's place.
            shared = {**session.headers, **headers}
        return requests.Request("GET", self.base_url, headers=shared).prepare()

    @cached_property
    def _surroundings(self) -> dict[str, Any]:
        """Proxies and certificates that the environment names, looked up once."""
        with requests.Session() as session:
            found = session.merge_environment_settings(self.base_url, {}, None, None, None)
        return {name: found[name] for name in ("proxies", "verify", "cert")}

    def for_account(self, account: str) -> Client:
        """Return the client that reads a connected account, which has a budget of its own."""
        limiter = Limiter(self.limiter.account_per_second)
        return replace(self, account=account, limiter=limiter)

    def _session(self) -> requests.Session:
        session: requests.Session | None = getattr(self._sessions, "session", None)
        if session is None:
            session = self._sessions.session = requests.Session()
        return session


@dataclass(frozen=True)
class TokenEndpoint:
    """Stripe's OAuth endpoints, asked with a platform's secret key.

    Attributes:
        base_url: Where Stripe's API answers; Connect's endpoint is on a host of its own.
        client_secret: The platform's secret key.
    """

    base_url: str
    client_secret: Secret

    def __call__(self, path: str, form: Mapping[str, str]) -> Reply:
        """Return the answer to a form, whatever it is; asked once.

        Raises:
            ConfigError: If the connection cannot be trusted.
            UnreachableError: If there was no answer.
        """
        host = self.base_url if path.startswith("/v1/") else _connect_url(self.base_url)
        basic = requests.auth.HTTPBasicAuth(self.client_secret.reveal(), "")
        try:
            response = requests.post(
                host + path,
                data=dict(form),
                auth=basic,
                timeout=_TIMEOUTS_SECONDS,
                allow_redirects=False,
            )
        except requests.RequestException as error:
            if _is_untrusted(error):
                raise _untrusted(host, error) from None
            if _was_never_sent(error):
                raise _unreachable(host, error) from None
            raise UnreachableError(uncertain(_cause(error))) from None
        return Reply(response.status_code, response.headers, response.content)


def _connect_url(base_url: str) -> str:
    return base_url.replace("https://api.stripe.com", "https://connect.stripe.com")


def _answer(response: requests.Response, content: T) -> Answer[T]:
    try:
        date = parse_http_date(response.headers["Date"])
    except (KeyError, ValueError):
        raise msgspec.DecodeError("no Date header") from None
    return Answer(content, date, response.headers.get("Request-Id", "unknown"))


def _is_untrusted(error: Exception) -> bool:
    """Whether a certificate is at fault; a connection that breaks in the handshake may pass."""
    return any(isinstance(cause, ssl.SSLCertVerificationError) for cause in _causes(error))


def _was_never_sent(error: Exception) -> bool:
    """Whether the request did not leave this machine."""
    unreached = (requests.ConnectTimeout, ConnectionRefusedError, socket.gaierror)
    return any(isinstance(cause, unreached) for cause in _causes(error))


def _untrusted(url: str, error: Exception) -> ConfigError:
    return ConfigError(
        f"The connection to {url} cannot be trusted: {_cause(error)}. If a proxy stands between, "
        "name its certificate in `REQUESTS_CA_BUNDLE`."
    )


def _unreachable(url: str, error: Exception) -> UnreachableError:
    return UnreachableError(
        f"{url} cannot be reached ({_cause(error)}). Check the network, a proxy in `HTTPS_PROXY`, "
        "and `base_url`; then run again."
    )


def _not_stripe(path: str, response: requests.Response, body: bytes) -> TryLaterError:
    kind = response.headers.get("Content-Type", "no content type").partition(";")[0]
    return TryLaterError(
        f"The answer to {path} is not one of Stripe's ({response.status_code}, {kind}, "
        f"{len(body)} bytes): cut short, or sent by a proxy. Check what stands between "
        "this machine and Stripe; then run again."
    )


def _cause(error: BaseException) -> str:
    """The innermost reason, which says more than the chain of wrappers around it."""
    *_, innermost = _causes(error)
    return str(innermost) or type(innermost).__name__


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    """Yield an error, what caused it, and so on."""
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__ or _reason(error)


def _reason(error: BaseException) -> BaseException | None:
    reason = getattr(error, "reason", None)
    return reason if isinstance(reason, BaseException) else None
