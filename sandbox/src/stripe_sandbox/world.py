"""FakeStripe: a Stripe of one's own. Its state and its rules, without any socket."""

from __future__ import annotations

import random
import threading
import time
from typing import TYPE_CHECKING

from stripe_sandbox import store
from stripe_sandbox.account import Account
from stripe_sandbox.answers import Answers
from stripe_sandbox.clock import Clock
from stripe_sandbox.faults import Fault, Faults, Planned
from stripe_sandbox.keys import Access
from stripe_sandbox.ledger import Ledger
from stripe_sandbox.limits import Limits
from stripe_sandbox.messages import Asked, Request, Response
from stripe_sandbox.oauth import Flow, Grants

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from stripe_sandbox.json_types import UnixSeconds

OWN_ACCOUNT = "acct_1SandboxOwnAccount"
SANDBOX_KEY = "sk_test_sandbox"


class FakeStripe(Account):
    """A Stripe with one account of its own, and connected accounts when asked for.

    `now` is the unix second it lives in; without it, the real clock runs. All methods may be called
    from any thread.
    """

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
        self.requests: list[Asked] = []
        self.ledgers = {account: self.ledger}
        self.ledger.connected = self.ledgers
        self.keys = {self.key: Access(self.key, account)}
        self.grants, self.faults, self.limits = Grants(), Faults(), Limits()
        self.disabled: dict[str, str] = {}
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

    def fail(  # noqa: PLR0913 - which requests, how often
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

    def connect(self, account: str | None = None, /, **fields: object) -> Account:
        """Connect another account: a world of its own, read with the header `Stripe-Account`."""
        with self.lock:
            given = {"type": "standard", **fields} | ({"id": account} if account else {})
            made = self.create("account", **given)  # type: ignore[arg-type]
            ledger = Ledger(made["id"], self.clock.now, late_seconds=self.ledger.late_seconds)
            ledger.open_account()
            self.ledgers[made["id"]] = ledger
            return Account(ledger, self.lock)

    def account(self, account: str) -> Account:
        """One of the accounts by its id, the own or a connected one."""
        return Account(self.ledgers[account], self.lock)

    def authorize(self, flow: Flow = "app", account: str | None = None) -> str:
        """A refresh token of an account that installed the app or connected itself.

        `app` tokens are exchanged at `/v1/oauth/token` and live once; `connect` tokens at
        `/oauth/token`. Without an account, the own one is opened.
        """
        with self.lock:
            return self.grants.refresh_token(flow, account or self.ledger.account)

    def save(self, path: str | Path) -> None:
        """Write the world to a file. Faults, limits and the request log are not kept."""
        with self.lock:
            document = {
                "account": self.ledger.account,
                "clock": [self.clock.fixed, self.clock.ahead],
                "keys": [store.of_access(access) for access in self.keys.values()],
                "grants": store.of_grants(self.grants),
                "ledgers": {name: store.of_ledger(one) for name, one in self.ledgers.items()},
            }
        store.write(path, document)

    @classmethod
    def load(cls, path: str | Path) -> FakeStripe:
        """The world that `save` wrote.

        Raises:
            ValueError: If the file was written by another version of the sandbox.
        """
        document = store.read(path)
        fake = cls(document["clock"][0], account=document["account"])
        fake.clock.ahead = document["clock"][1]
        for name, stored in document["ledgers"].items():
            ledger = Ledger(name, fake.clock.now, event_api_version=stored["event_api_version"])
            ledger.late_seconds = stored["late_seconds"]
            store.fill(ledger.shelves, stored)
            fake.ledgers[name] = ledger
        fake.ledger = fake.ledgers[document["account"]]
        fake.ledger.connected = fake.ledgers
        fake.keys = {row[0]: store.to_access(*row) for row in document["keys"]}
        fake.grants = store.to_grants(document["grants"])
        return fake

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
                grants=self.grants,
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
                    request.headers.get("stripe-account", ""),
                )
            )
            return response
