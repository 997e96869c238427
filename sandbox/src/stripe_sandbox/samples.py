"""What makes a made-up object believable: values that its types alone do not tell."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stripe_sandbox.ids import base62

if TYPE_CHECKING:
    from stripe_sandbox.json_types import JsonObject

ADDRESS: JsonObject = {
    "city": "São Paulo",
    "country": "BR",
    "line1": "Rua “das Flores” 12",
    "line2": None,
    "postal_code": "01310-100",
    "state": None,
}
CHECKS: JsonObject = {
    "address_line1_check": "pass",
    "address_postal_code_check": "pass",
    "cvc_check": "pass",
}


def card_details(identity: str) -> JsonObject:
    """How a card charge was paid."""
    return {
        "type": "card",
        "card": {
            "amount_authorized": None,
            "authorization_code": base62(identity, 6).upper(),
            "brand": "visa",
            "checks": dict(CHECKS),
            "country": "US",
            "exp_month": 8,
            "exp_year": 2030,
            "extended_authorization": {"status": "disabled"},
            "fingerprint": base62(identity + "fingerprint", 16),
            "funding": "credit",
            "incremental_authorization": {"status": "unavailable"},
            "installments": None,
            "last4": "4242",
            "mandate": None,
            "moto": None,
            "multicapture": {"status": "unavailable"},
            "network": "visa",
            "network_token": {"used": False},
            "network_transaction_id": base62(identity + "network", 15),
            "overcapture": {"maximum_amount_capturable": 2000, "status": "unavailable"},
            "regulated_status": "unregulated",
            "three_d_secure": None,
            "wallet": None,
        },
    }


def _charge(identity: str) -> JsonObject:
    return {
        "amount": 2000,
        "amount_captured": 2000,
        "billing_details": {
            "address": dict(ADDRESS),
            "email": "jenny.rosen@example.com",
            "name": "Jenny Rosen",
            "phone": None,
            "tax_id": None,
        },
        "calculated_statement_descriptor": "SANDBOX",
        "captured": True,
        "description": 'Order "№ 7" \\ paid\nwith thanks 🎉',
        "fraud_details": {},
        "outcome": {
            "advice_code": None,
            "network_advice_code": None,
            "network_decline_code": None,
            "network_status": "approved_by_network",
            "reason": None,
            "risk_level": "normal",
            "risk_score": 37,
            "seller_message": "Payment complete.",
            "type": "authorized",
        },
        "paid": True,
        "payment_method_details": card_details(identity),
        "receipt_url": f"https://pay.stripe.com/receipts/payment/{identity}",
        "status": "succeeded",
    }


def _customer(identity: str) -> JsonObject:
    return {
        "address": dict(ADDRESS),
        "delinquent": False,
        "email": f"jenny+{identity[-6:]}@example.com",
        "invoice_prefix": identity[-8:].upper(),
        "name": "Jenny Rosén 🌻",
        "next_invoice_sequence": 1,
        "tax_exempt": "none",
    }


def _payment_method(identity: str) -> JsonObject:
    card = card_details(identity)["card"]
    return {"type": "card", "card": {k: card[k] for k in ("brand", "checks", "country", "last4")}}


STATUSES: dict[str, str] = {
    "balance_transaction": "available",
    "checkout.session": "complete",
    "credit_note": "issued",
    "dispute": "needs_response",
    "invoice": "draft",
    "payment_intent": "requires_payment_method",
    "payout": "pending",
    "refund": "succeeded",
    "setup_intent": "requires_payment_method",
    "subscription": "active",
}
ACTIVE = frozenset({"plan", "price", "product", "promotion_code", "tax_rate", "payment_link"})
AMOUNTS = frozenset({"payment_intent", "refund", "transfer", "payout", "balance_transaction"})


def sample(kind: str, identity: str) -> JsonObject:
    """Believable values for some fields of a kind; the given fields go over them."""
    special = {"charge": _charge, "customer": _customer, "payment_method": _payment_method}
    fields: JsonObject = special[kind](identity) if kind in special else {}
    if kind in STATUSES:
        fields["status"] = STATUSES[kind]
    if kind in ACTIVE:
        fields["active"] = True
    if kind in AMOUNTS:
        fields["amount"] = 2000
    return fields
