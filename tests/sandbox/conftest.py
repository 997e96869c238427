"""A fake Stripe, its address, and Stripe's own library talking to it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import stripe

from stripe_sandbox.messages import Request, Response
from stripe_sandbox.server import serve
from stripe_sandbox.world import FakeStripe

NOW = 1_790_000_000

Ask = Callable[..., Response]
Client = Callable[..., stripe.StripeClient]


@pytest.fixture
def fake() -> FakeStripe:
    return FakeStripe(now=NOW)


@pytest.fixture
def url(fake: FakeStripe) -> Iterator[str]:
    with serve(fake) as address:
        yield address


@pytest.fixture
def client(fake: FakeStripe, url: str) -> Iterator[Client]:
    """Makes clients of the official library that do not retry."""
    http = stripe.RequestsClient()

    def make(key: str = fake.key, **options: Any) -> stripe.StripeClient:
        addresses: Any = {"api": url}
        return stripe.StripeClient(
            key, base_addresses=addresses, http_client=http, max_network_retries=0, **options
        )

    yield make
    http.close()  # type: ignore[no-untyped-call]


@pytest.fixture
def official(client: Client) -> stripe.StripeClient:
    return client()


@pytest.fixture
def ask(fake: FakeStripe) -> Ask:
    """Asks without a socket."""

    def ask(target: str, key: str | None = None, **headers: str) -> Response:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        authorization = {"Authorization": f"Bearer {key or fake.key}"}
        return fake.answer(Request.parse("GET", target, {**authorization, **named}))

    return ask


@pytest.fixture
def body(ask: Ask) -> Callable[..., Any]:
    """The parsed body of an answer."""

    def body(target: str, key: str | None = None, **headers: str) -> Any:
        return json.loads(ask(target, key, **headers).body)

    return body


@pytest.fixture
def ids(body: Callable[..., Any]) -> Callable[[str], list[str]]:
    """The ids on a page."""

    def ids(target: str) -> list[str]:
        return [member["id"] for member in body(target)["data"]]

    return ids


@pytest.fixture(scope="session")
def body_of() -> Callable[..., Any]:
    """The parsed body of an answer of any fake."""

    def body_of(fake: FakeStripe, target: str) -> Any:
        authorization = {"Authorization": f"Bearer {fake.key}"}
        return json.loads(fake.answer(Request.parse("GET", target, authorization)).body)

    return body_of
