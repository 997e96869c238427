"""FakeStripe: a Stripe of one's own. Its state and its rules, without any socket."""

from __future__ import annotations

import random
import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from stripe_sandbox.answers import Answers
from stripe_sandbox.clock import Clock
from stripe_sandbox.faults import Fault, Faults, Planned
from stripe_sandbox.keys import Access
from stripe_sandbox.ledger import AS_STRIPE_DOES, Ledger, Telling
from stripe_sandbox.limits import Limits
from stripe_sandbox.messages import Asked, Request, Response

if TYPE_CHECKING:
    from collections.abc import Callable

    from stripe_sandbox.json_types import JsonObject, UnixSeconds

OWN_ACCOUNT = "acct_1SandboxOwnAccount"
SANDBOX_KEY = "sk_test_sandbox"


@dataclass
class Account:
    """One account's objects, to be changed as its owner would; every change is locked."""

    ledger: Ledger
    lock: threading.RLock

    def create(
        self,
        kind: str,
        /,
        *,
        inside: str | None = None,
        at: UnixSeconds | None = None,
        event_type: str | None = AS_STRIPE_DOES,
        event_api_version: str | None = None,
        event_late_seconds: int | None = None,
        listed: bool = True,
        **fields: object,
    ) -> JsonObject:
        """Make a full object and tell of it by the event that Stripe would send.

        Objects of an embedded list may be given by its field, e.g. `lines=[{...}]`; an object
        inside another without a field that says so is made with `inside=` the parent's id.
        `created` is now unless given, and the event is as old as the object unless `at` says
        another second. `event_type` is another type, or `None` for silence. `listed=False` makes a
        price that was made inline.
        """
        told = Telling(event_type, at, event_api_version, event_late_seconds, listed)
        with self.lock:
            return self._full(
                kind, self.ledger.create(kind, fields, inside=inside, told=told).identity
            )

    def update(
        self,
        kind: str,
        identity: str,
        /,
        *,
        at: UnixSeconds | None = None,
        event_type: str | None = AS_STRIPE_DOES,
        event_api_version: str | None = None,
        event_late_seconds: int | None = None,
        **fields: object,
    ) -> JsonObject:
        """Change an object and tell of it, if Stripe would.

        Raises:
            LookupError: If there is no such object.
        """
        told = Telling(event_type, at, event_api_version, event_late_seconds)
        with self.lock:
            self.ledger.update(kind, identity, fields, told)
            return self._full(kind, identity)

    def delete(
        self,
        kind: str,
        identity: str,
        /,
        *,
        at: UnixSeconds | None = None,
        event_type: str | None = AS_STRIPE_DOES,
        event_late_seconds: int | None = None,
    ) -> None:
        """Delete an object and tell of it.

        Raises:
            LookupError: If there is no such object.
            ValueError: If Stripe has no way to delete this kind.
        """
        with self.lock:
            told = Telling(event_type, at, late_seconds=event_late_seconds)
            self.ledger.delete(kind, identity, told)

    def objects(self, kind: str) -> list[JsonObject]:
        """Every object of a kind as it is now, newest first: the truth."""
        with self.lock:
            return self.ledger.objects(kind)

    def _full(self, kind: str, identity: str) -> JsonObject:
        return self.ledger.object(kind, identity)


@dataclass(init=False)
class FakeStripe(Account):
    """A Stripe with one account of its own, and connected accounts when asked for.

    `now` is the unix second it lives in; without it, the real clock runs. All methods may be called
    from any thread.
    """

    key: str
    latency_seconds: float
    requests: list[Asked]
    clock: Clock
    ledgers: dict[str, Ledger]
    keys: dict[str, Access]
    faults: Faults
    limits: Limits
    disabled: dict[str, str]
    monotonic: Callable[[], float] = field(repr=False)

    def __init__(
        self,
        now: UnixSeconds | None = None,
        *,
        account: str = OWN_ACCOUNT,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.clock = Clock(now)
        self.monotonic = monotonic
        super().__init__(Ledger(account, self.clock.now), threading.RLock())
        self.key = SANDBOX_KEY
        self.latency_seconds = 0.0
        self.requests = []
        self.ledgers = {account: self.ledger}
        self.keys = {self.key: Access(self.key, account)}
        self.faults, self.limits, self.disabled = Faults(), Limits(), {}
        self.ledger.open_account()

    @property
    def now(self) -> UnixSeconds:
        """The present second."""
        return self.clock.now()

    def advance(self, seconds: int) -> None:
        """Move time; a standing clock stands again after it."""
        with self.lock:
            self.clock.ahead += seconds

    def restrict(self, key: str, /, *permissions: str) -> str:
        """Make a restricted key that has these permissions only, e.g. `charge_read`."""
        self.keys[key] = Access(key, self.ledger.account, frozenset(permissions))
        return key

    def limit(
        self, account_per_second: float | None = None, endpoint_per_second: float | None = None
    ) -> None:
        """Refuse requests above these rates, as Stripe does; `None` means no limit."""
        self.limits = Limits(account_per_second, endpoint_per_second)

    def fail(
        self,
        path: str,
        fault: Fault,
        *,
        times: int | None = 1,
        after: int = 0,
        probability: float = 1.0,
        seed: int = 0,
    ) -> None:
        """Let requests fail whose path starts so.

        The first `after` of them are spared, then `times` are hit (`None`: all), each with the given
        probability, which depends on the seed alone.
        """
        chance = random.Random(seed)
        with self.lock:
            self.faults.planned.append(Planned(path, fault, times, after, probability, chance))

    def disable(self, path: str, message: str) -> None:
        """Answer 400 with this message on the path, as Stripe does for products not enabled."""
        self.disabled[path] = message

    def late_events(self, seconds: int) -> None:
        """Let events from now on be visible only so much later than they happen."""
        for ledger in self.ledgers.values():
            ledger.late_seconds = seconds

    def answer(self, request: Request) -> Response:
        """Answer a request and write it down."""
        with self.lock:
            number = len(self.requests) + 1
            answers = Answers(
                clock=self.clock,
                ledgers=self.ledgers,
                keys=self.keys,
                limits=self.limits,
                disabled=self.disabled,
                second=self.monotonic(),
            )
            response = answers.answer(request, number, self.faults.strike(request))
            self.requests.append(
                Asked(
                    request.method,
                    request.path,
                    list(request.query),
                    request.headers,
                    response.status,
                )
            )
            return response
