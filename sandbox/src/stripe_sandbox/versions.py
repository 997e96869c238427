"""How older API versions wrote the snapshots inside events.

Only a few differences are kept, enough that a reader who takes an old snapshot for a present
object is found out: https://docs.stripe.com/changelog
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from stripe_sandbox.json_types import JsonObject

BASIL = "2025-03-31"
REFUNDS_UNEXPANDED = "2022-11-15"


def as_of(version: str, fields: JsonObject) -> JsonObject:
    """The object as that API version writes it."""
    older = [
        change
        for (until, kind), change in CHANGES.items()
        if version[:10] < until and kind == fields.get("object")
    ]
    for change in older:
        fields = change(fields)
    return fields


def _charge_before_basil(fields: JsonObject) -> JsonObject:
    return {**fields, "invoice": None}


def _charge_with_refunds(fields: JsonObject) -> JsonObject:
    url = f"/v1/charges/{fields['id']}/refunds"
    empty = {"object": "list", "data": [], "has_more": False, "url": url}
    return {"refunds": empty, **fields}


def _invoice_before_basil(fields: JsonObject) -> JsonObject:
    parent = fields.get("parent") or {}
    subscription = (parent.get("subscription_details") or {}).get("subscription")
    kept = {name: value for name, value in fields.items() if name != "parent"}
    paid = fields.get("status") == "paid"
    return {**kept, "charge": None, "paid": paid, "subscription": subscription, "tax": None}


def _subscription_before_basil(fields: JsonObject) -> JsonObject:
    start = fields.get("start_date")
    return {**fields, "current_period_end": start, "current_period_start": start}


def _payment_intent_before_basil(fields: JsonObject) -> JsonObject:
    return {**fields, "invoice": None}


CHANGES: dict[tuple[str, str], Callable[[JsonObject], JsonObject]] = {
    (BASIL, "charge"): _charge_before_basil,
    (BASIL, "invoice"): _invoice_before_basil,
    (BASIL, "payment_intent"): _payment_intent_before_basil,
    (BASIL, "subscription"): _subscription_before_basil,
    (REFUNDS_UNEXPANDED, "charge"): _charge_with_refunds,
}
