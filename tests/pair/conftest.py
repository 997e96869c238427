"""A fake Stripe, served, and the two programs with a real pipe between them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from stripe_sandbox.server import serve
from tests.fakes.changing_stripe import ChangingStripe
from tests.pair.pipeline import Pair
from tests.pair.third_party import ThirdParty

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NOW = 1_790_000_000


@pytest.fixture
def stripe() -> ChangingStripe:
    """A Stripe whose clock stands until it is moved."""
    return ChangingStripe(NOW)


@pytest.fixture
def url(stripe: ChangingStripe) -> Iterator[str]:
    with serve(stripe) as address:
        yield address


@pytest.fixture
def pair(tmp_path: Path, stripe: ChangingStripe, url: str) -> Pair:
    return Pair(tmp_path, {"secret_key": stripe.key, "base_url": url})


@pytest.fixture(scope="session")
def third_party(pytestconfig: pytest.Config) -> ThirdParty:
    """Programs that others wrote, installed once for all test runs."""
    return ThirdParty(pytestconfig.cache.mkdir("third-party"))
