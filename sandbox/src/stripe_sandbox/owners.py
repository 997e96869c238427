"""Which kind of object owns the objects of a list."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from stripe_sandbox.endpoints import Endpoint, endpoints

if TYPE_CHECKING:
    from collections.abc import Mapping

# The kind behind a required parameter; a required parameter that is not here names no object.
NAMED: Mapping[tuple[str, str], str] = {
    ("entitlements.active_entitlement", "customer"): "customer",
    ("financial_connections.transaction", "account"): "financial_connections.account",
    ("issuing.token", "card"): "issuing.card",
    ("payment_attempt_record", "payment_record"): "payment_record",
    ("radar.value_list_item", "value_list"): "radar.value_list",
    ("setup_attempt", "setup_intent"): "setup_intent",
    ("subscription_item", "subscription"): "subscription",
}
# Owners that are listed nowhere themselves.
UNLISTED: Mapping[str, str] = {
    "/v1/sources": "source",
    "/v1/tax/calculations": "tax.calculation",
    "/v1/tax/transactions": "tax.transaction",
}


@cache
def owner_kind(endpoint: Endpoint) -> str | None:
    """The kind of the parent in the path, or of the object that a required parameter names."""
    if endpoint.nested:
        prefix = endpoint.path.split("/{")[0]
        return UNLISTED.get(prefix) or next(
            other.object[0] for other in endpoints() if other.path == prefix
        )
    if not endpoint.required:
        return None
    name = endpoint.required[0]
    if name == "financial_account":
        return "treasury.financial_account"
    return NAMED.get((endpoint.object[0], name))
