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

_BY_NAME: Final[Mapping[str, Stream]] = MappingProxyType({row.name: row for row in STREAMS})

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


_NEEDS_MORE: Final = "Stripe asks for more than the parent's id, and nothing says what to ask for."
_UNLISTED: Final = "Stripe does not list its parents."

LEFT_OUT: Final[Mapping[str, str]] = MappingProxyType(
    {
        "/v1/apps/secrets": _NEEDS_MORE,
        "/v1/billing/meters/{id}/event_summaries": _NEEDS_MORE,
        "/v1/credit_notes/preview/lines": "It lists what a credit note would hold, not what is.",
        "/v1/customers/{id}/payment_methods": "`payment_methods` lists those of all customers.",
        "/v1/financial_connections/accounts/{id}/owners": _NEEDS_MORE,
        "/v1/sources/{id}/source_transactions": _UNLISTED,
        "/v1/tax/calculations/{id}/line_items": _UNLISTED,
        "/v1/tax/locations": _NEEDS_MORE,
        "/v1/tax/transactions/{id}/line_items": _UNLISTED,
    }
)
"""Lists of Stripe's that are no streams, with the sentence that says why."""


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


def listed_with(stream: Stream) -> Stream:
    """Return the row whose list is read for a stream: its own, or of a child its parent's."""
    return stream if stream.parent is None else _BY_NAME[stream.parent.stream]
