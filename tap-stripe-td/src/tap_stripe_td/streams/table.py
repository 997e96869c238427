"""The table: every stream, in the order in which they are shown, and how its names are found.

A name is a stream's own (`charges`), one the old connector used (`charge`, `file_upload`), or a
set: `all`, `core`.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from tap_stripe_td.streams.balance import BALANCE
from tap_stripe_td.streams.billing import BILLING
from tap_stripe_td.streams.checkout import CHECKOUT
from tap_stripe_td.streams.climate import CLIMATE
from tap_stripe_td.streams.connect import CONNECT
from tap_stripe_td.streams.customers import CUSTOMERS
from tap_stripe_td.streams.developers import DEVELOPERS
from tap_stripe_td.streams.issuing import ISSUING
from tap_stripe_td.streams.payments import PAYMENTS
from tap_stripe_td.streams.products import PRODUCTS
from tap_stripe_td.streams.radar import RADAR
from tap_stripe_td.streams.reporting import REPORTING
from tap_stripe_td.streams.tax import TAX
from tap_stripe_td.streams.terminal import TERMINAL
from tap_stripe_td.streams.treasury import TREASURY
from tap_stripe_td.streams.usage import USAGE

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tap_stripe_td.streams.row import Stream

STREAMS: Final[tuple[Stream, ...]] = (
    *PAYMENTS,
    *CHECKOUT,
    *BALANCE,
    *CUSTOMERS,
    *BILLING,
    *USAGE,
    *PRODUCTS,
    *CONNECT,
    *ISSUING,
    *TREASURY,
    *TERMINAL,
    *RADAR,
    *TAX,
    *REPORTING,
    *CLIMATE,
    *DEVELOPERS,
)

ALL: Final = "all"
CORE: Final = "core"

_ORDERS_LEFT: Final = (
    "Orders left Stripe's API with version 2022-11-15, so there is nothing to read. "
    "Use `payment_intents`, `checkout_sessions` or `invoices` instead."
)
_SKUS_LEFT: Final = (
    "SKUs left Stripe's API with version 2022-11-15, so there is nothing to read. "
    "Use `products` and `prices` instead."
)

GONE: Final[Mapping[str, str]] = MappingProxyType(
    {"order": _ORDERS_LEFT, "orders": _ORDERS_LEFT, "sku": _SKUS_LEFT, "skus": _SKUS_LEFT}
)
"""Names of objects that Stripe no longer has, with the sentence that says so and what to use."""


def named(name: str) -> tuple[Stream, ...]:
    """Return the rows that `name` stands for, in the order of the table.

    Mostly one. Several for `all`, `core`, and for `account`, which the old connector used for the
    own account and for connected ones. None for a name that nobody knows and for those in `GONE`.
    """
    if name == ALL:
        return tuple(stream for stream in STREAMS if not stream.requires)
    if name == CORE:
        return tuple(stream for stream in STREAMS if stream.core)
    return tuple(stream for stream in STREAMS if name in (stream.name, *stream.aliases))


def known_names() -> tuple[str, ...]:
    """Return every name that `named` finds, each once: for messages that offer the nearest."""
    own = (name for stream in STREAMS for name in (stream.name, *stream.aliases))
    return tuple(dict.fromkeys((ALL, CORE, *own)))
