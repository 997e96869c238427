"""A fake Stripe, served, and the tap that reads it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

from stripe_sandbox.server import serve
from tests.fakes.changing_stripe import ChangingStripe
from tests.fakes.reading import Tap

if TYPE_CHECKING:
    from collections.abc import Iterator

NOW = 1_790_000_000

# The machine that runs the tests may be busy: how long an example takes says nothing.
settings.register_profile("busy machine", deadline=None)
settings.load_profile("busy machine")


@pytest.fixture
def stripe() -> ChangingStripe:
    """A Stripe whose clock stands until it is moved."""
    return ChangingStripe(NOW)


@pytest.fixture
def url(stripe: ChangingStripe) -> Iterator[str]:
    with serve(stripe) as address:
        yield address


@pytest.fixture
def tap(stripe: ChangingStripe, url: str) -> Tap:
    return Tap(url, stripe.key)


@pytest.fixture(autouse=True)
def _no_settings_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("STRIPE_API_KEY", "LOGLEVEL", "TAP_STRIPE_TD_LOGLEVEL"):
        monkeypatch.delenv(name, raising=False)
