"""HTTP with Treasure Data: every call is repeatable, so what may pass is tried again.

Which calls may be repeated is decided by how they are made: parts and sessions have names, jobs
have a domain key, and 409 and 404 after a repetition are read by `calls` as "done".
"""

import itertools
import random
import re
import socket
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar
from urllib.parse import quote, urlsplit

import backoff
import msgspec
import requests

from target_td_table.loaders.treasure_data.address import REGIONS
from target_td_table.loaders.treasure_data.refusal import AwayError, RefusedError
from target_td_table.report import log

_TIMEOUT_SECONDS = (10, 300)
_AGENT = "target-td-table"
_NOT_TRUSTED = (
    "its certificate cannot be trusted. Correct the host in `destination`. If a proxy of yours "
    "answers for it, name its certificate in REQUESTS_CA_BUNDLE."
)
# By status; any other first.
_PROXY_REFUSES = {
    0: (
        "the proxy in {0} refuses it ({status}). Let it allow the host in `destination`, or except "
        "that host in NO_PROXY."
    ),
    407: (
        "the proxy wants another user or password (407). Correct them in {0}: "
        "`http://user:password@host:port`."
    ),
}

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Patience:
    """How long to wait, in seconds: before a repetition, between two looks, and at most."""

    first_seconds: float = 1.0
    longest_seconds: float = 60.0
    tries: int = 12
    look_seconds: float = 0.5
    longest_look_seconds: float = 5.0
    job_seconds: float = 6 * 3600


@dataclass(frozen=True, slots=True)
class Request:
    """One call; `path` is made by `path`, `fields` are sent urlencoded."""

    method: str
    path: str
    fields: Mapping[str, str] | None = None
    body: bytes | None = None
    content_type: str | None = None

    def __str__(self) -> str:
        """How the call is named in a sentence."""
        return f"{self.method} {self.path}"


class _PassingError(Exception):
    """A failure that may pass."""

    def __init__(self, reason: str, wait_seconds: float) -> None:
        super().__init__(reason)
        self.wait_seconds = wait_seconds


@dataclass(frozen=True, slots=True)
class _Key(requests.auth.AuthBase):
    """Sets the key itself: `requests` would take another from a `.netrc`."""

    key: str = field(repr=False)

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = f"TD1 {self.key}"
        return request

    def hidden_in(self, text: str) -> str:
        """A text without the key: an answer may repeat what it was sent."""
        return text.replace(self.key.rpartition("/")[2], "…")


class Api:
    """The API at one endpoint. May be called by several threads at once.

    Proxies and certificates come from the environment as `requests` reads it: HTTPS_PROXY,
    NO_PROXY, REQUESTS_CA_BUNDLE.
    """

    def __init__(self, endpoint: str, key: str, patience: Patience) -> None:
        self._endpoint = endpoint
        self._auth = _Key(key)
        self.patience = patience
        self._local = threading.local()

    def json(self, request: Request) -> dict[str, Any]:
        """The object that is answered.

        Raises:
            RefusedError: If the answer is final and not a success.
            AwayError: If there was no answer for long.
        """
        return self._call(request, _object)

    def text(self, request: Request) -> bytes:
        """The answer as it is; see `json`."""
        return self._call(request, bytes)

    def _call(self, request: Request, parse: Callable[[bytes], _T]) -> _T:
        attempts = itertools.count()

        @backoff.on_exception(
            backoff.runtime,
            _PassingError,
            value=lambda failure: failure.wait_seconds,
            jitter=None,
            max_tries=self.patience.tries,
            logger=None,
            on_backoff=lambda details: _log_wait(request, details),
        )
        def attempt() -> _T:
            return self._attempt(request, parse, next(attempts))

        try:
            return attempt()
        except _PassingError as failure:
            raise AwayError(
                f"Treasure Data could not answer {request}: {failure}. It was tried "
                f"{self.patience.tries} times. Run again later from the last state; what was not "
                "committed is not visible."
            ) from failure

    def _attempt(self, request: Request, parse: Callable[[bytes], _T], number: int) -> _T:
        wait_seconds = self._wait_seconds(number)
        try:
            response = self._send(request)
        except (requests.exceptions.RequestException, OSError) as error:
            if unreached := _unreached(error):
                raise RefusedError(request.path, 0, unreached) from error
            raise _PassingError(self._no_answer(error), wait_seconds) from error
        if response.status_code == 429 or response.status_code >= 500:
            told = response.headers.get("Retry-After", "")
            wait_seconds = max(wait_seconds, float(told)) if told.isdigit() else wait_seconds
            raise _PassingError(f"status {response.status_code}", wait_seconds)
        if response.status_code == 407:
            raise RefusedError(request.path, 0, _PROXY_REFUSES[407].format("HTTP_PROXY"))
        if not response.ok or response.is_redirect:
            message = self._auth.hidden_in(_message(response.content))
            raise RefusedError(request.path, response.status_code, message,
                               _conflict(response.content))  # fmt: skip
        try:
            return parse(response.content)
        except msgspec.MsgspecError as error:
            raise _PassingError("the answer is cut", wait_seconds) from error

    def _send(self, request: Request) -> requests.Response:
        headers = {"User-Agent": _AGENT}
        if request.content_type:
            headers["Content-Type"] = request.content_type
        return self._session().request(
            request.method,
            self._endpoint + request.path,
            data=request.body if request.body is not None else request.fields,
            headers=headers,
            auth=self._auth,
            timeout=_TIMEOUT_SECONDS,
            allow_redirects=False,
        )

    def _no_answer(self, error: Exception) -> str:
        """Not in the error's own words: they may hold the address of a proxy with its password."""
        is_proxys = isinstance(error, requests.exceptions.ProxyError)
        if not is_proxys and any(isinstance(each, socket.gaierror) for each in _causes(error)):
            host, regions = urlsplit(self._endpoint).hostname, ", ".join(REGIONS)
            return (
                f"no host `{host}` is known here; `destination` may name a region instead, one of "
                f"{regions}"
            )
        return f"no answer ({type(error).__name__})"

    def _session(self) -> requests.Session:
        if not hasattr(self._local, "session"):
            self._local.session = requests.Session()
        session: requests.Session = self._local.session
        return session

    def _wait_seconds(self, number: int) -> float:
        longest = min(self.patience.first_seconds * 2.0**number, self.patience.longest_seconds)
        spread: float = random.uniform(0.5, 1)  # noqa: S311 -- only spreads repetitions
        return longest * spread


def path(*parts: str) -> str:
    """A path of the API, each part quoted."""
    return "/v3/" + "/".join(quote(part, safe="") for part in parts)


def _unreached(error: Exception) -> str | None:
    """What is between here and the service, if it stays so however often it is tried.

    A connection that breaks while it is being encrypted is an `SSLError` too, and may pass.
    """
    if any(isinstance(each, ssl.SSLCertVerificationError) for each in _causes(error)):
        return _NOT_TRUSTED
    # `http.client` tells the status in a text only.
    refused = re.search(r"Tunnel connection failed: (4\d\d) ", str(error))
    if refused is None:
        return None
    told = _PROXY_REFUSES.get(int(refused[1]), _PROXY_REFUSES[0])
    return told.format("HTTPS_PROXY", status=refused[1])


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    """An error and all that led to it."""
    while error is not None:
        yield error
        error = error.__context__


def _object(body: bytes) -> dict[str, Any]:
    return msgspec.json.decode(body, type=dict[str, Any])


def _answered(body: bytes) -> Mapping[str, Any]:
    try:
        return _object(body)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return {}


def _message(body: bytes) -> str:
    """What an error answer says; older ones have only `error` and `text`."""
    found = _answered(body)
    said = found.get("message") or found.get("text") or found.get("error") or ""
    return " ".join(str(said).split())[:300]


def _conflict(body: bytes) -> str | None:
    details = _answered(body).get("details")
    found = details.get("conflicts_with") if isinstance(details, Mapping) else None
    return None if found is None else str(found)


def _log_wait(request: Request, details: Mapping[str, Any]) -> None:
    log.info(
        "Treasure Data: %s, at %s. Trying again in %.1f s.",
        details["exception"], request, details["wait"],
    )  # fmt: skip
