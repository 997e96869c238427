"""singer-sdk's own tests of a tap."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from singer_sdk.testing import SuiteConfig, get_tap_test_class

from stripe_sandbox.business import grow
from stripe_sandbox.server import serve
from stripe_sandbox.world import FakeStripe
from tap_stripe_td.tap import TapStripeTd

if TYPE_CHECKING:
    from collections.abc import Iterator

# One of every way to be read, and the largest schemas; `core` takes twenty seconds.
TARGET = [
    *("account", "balance_transactions", "charges", "customers", "events", "files", "invoices"),
    *("invoice_items", "payment_methods", "prices", "subscriptions"),
]

# The address is not known before the sandbox is served; the tests read this very mapping.
SETTINGS: dict[str, Any] = {"secret_key": "sk_test_sandbox", "target": TARGET}

StandardTests = get_tap_test_class(
    TapStripeTd,
    config=SETTINGS,
    suite_config=SuiteConfig(max_records_limit=20),
    # Every field of every stream again, one by one: `record_matches_stream_schema` says it, too.
    include_stream_attribute_tests=False,
)


# What Stripe includes only on request is in the schemas, and the tap's `deleted` in tombstones.
@pytest.mark.filterwarnings("ignore:Fields in transformed catalog but not in records")
class TestStandardTapTests(StandardTests):  # type: ignore[misc, valid-type]
    @pytest.fixture(scope="class", autouse=True)
    @classmethod
    def sandbox(cls) -> Iterator[None]:
        stripe = FakeStripe()
        grow(stripe, customers=10)
        stripe.advance(3600)
        with serve(stripe) as url:
            SETTINGS["base_url"] = url
            yield
            del SETTINGS["base_url"]
