"""Records of the size and shape Stripe sends, bare and as Singer messages."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
SCHEMAS = HERE.parent / "tap-stripe-td" / "src" / "tap_stripe_td" / "schemas"
MOMENT = {"type": ["null", "string"], "format": "date-time"}
# What the tap adds to every record.
ADDED = {"_updated_at": MOMENT, "_sdc_deleted_at": MOMENT, "_account": {"type": ["null", "string"]}}
PAGE_RECORDS = 100

ADDRESS = {
    "city": "São Paulo", "country": "BR", "line1": "Rua das Flores 12", "line2": None,
    "postal_code": "01310-100", "state": "SP",
}  # fmt: skip
CARD = {
    "amount_authorized": 1999, "authorization_code": "A1B2C3", "brand": "visa",
    "checks": {"address_line1_check": "pass", "address_postal_code_check": "pass",
               "cvc_check": "pass"},
    "country": "US", "exp_month": 8, "exp_year": 2030,
    "extended_authorization": {"status": "disabled"}, "fingerprint": "Xt5EWLLDS7FJjR1c",
    "funding": "credit", "incremental_authorization": {"status": "unavailable"},
    "installments": None, "last4": "4242", "mandate": None,
    "multicapture": {"status": "unavailable"}, "network": "visa",
    "network_token": {"used": False}, "network_transaction_id": "104210191100410",
    "overcapture": {"maximum_amount_capturable": 1999, "status": "unavailable"},
    "regulated_status": "unregulated", "three_d_secure": None, "wallet": None,
}  # fmt: skip
OUTCOME = {
    "advice_code": None, "network_advice_code": None, "network_decline_code": None,
    "network_status": "approved_by_network", "reason": None, "risk_level": "normal",
    "risk_score": 32, "seller_message": "Payment complete.", "type": "authorized",
}  # fmt: skip


def charge(number: int) -> dict[str, Any]:
    """A charge of about 3 KB."""
    return {
        "id": f"ch_3{number:023d}", "object": "charge", "amount": number * 7919 % 1_000_000,
        "amount_captured": number * 7919 % 1_000_000, "amount_refunded": 0, "application": None,
        "application_fee": None, "application_fee_amount": None,
        "balance_transaction": f"txn_3{number:023d}",
        "billing_details": {"address": ADDRESS, "email": f"{number}@example.com",
                            "name": f"Person {number}", "phone": None, "tax_id": None},
        "calculated_statement_descriptor": "TEST SHOP", "captured": True,
        "created": f"2026-{number % 12 + 1:02}-{number % 28 + 1:02}T08:00:{number % 60:02}Z",
        "currency": "usd", "customer": f"cus_{number % 5000:014d}",
        "description": f"Order {number}: " + "goods of many kinds, " * 6, "disputed": False,
        "failure_balance_transaction": None, "failure_code": None, "failure_message": None,
        "fraud_details": {}, "livemode": False,
        "metadata": {"order": str(number), "note": "n" * 200, "cart": f"{number:x}" * 8},
        "on_behalf_of": None, "outcome": OUTCOME, "paid": number % 9 != 0,
        "payment_intent": f"pi_3{number:023d}", "payment_method": f"pm_1{number:023d}",
        "payment_method_details": {"card": CARD, "type": "card"}, "radar_options": {},
        "receipt_email": None, "receipt_number": None,
        "receipt_url": "https://pay.stripe.com/receipts/payment/" + f"{number:x}" * 20,
        "refunded": False, "review": None,
        "shipping": {"address": ADDRESS, "carrier": None, "name": f"Person {number}",
                     "phone": None, "tracking_number": None},
        "source": None, "source_transfer": None, "statement_descriptor": None,
        "statement_descriptor_suffix": None, "status": "succeeded", "transfer_data": None,
        "transfer_group": None, "_updated_at": "2026-11-23T08:00:00Z", "_sdc_deleted_at": None,
        "_account": "acct_1Qx0000000000000",
    }  # fmt: skip


def balance_transaction(number: int) -> dict[str, Any]:
    """A balance transaction of about 550 bytes."""
    return {
        "id": f"txn_3{number:023d}", "object": "balance_transaction",
        "amount": number * 7919 % 1_000_000, "available_on": "2026-11-25T00:00:00Z",
        "created": f"2026-11-23T08:{number % 60:02}:00Z", "currency": "usd",
        "description": None, "exchange_rate": None, "fee": 88,
        "fee_details": [{"amount": 88, "application": None, "currency": "usd",
                         "description": "Stripe processing fees", "type": "stripe_fee"}],
        "net": number * 7919 % 1_000_000 - 88, "reporting_category": "charge",
        "source": f"ch_3{number:023d}", "status": "available", "type": "charge",
        "_updated_at": "2026-11-23T08:00:00Z", "_sdc_deleted_at": None,
        "_account": "acct_1Qx0000000000000",
    }  # fmt: skip


KINDS: dict[str, tuple[str, Callable[[int], dict[str, Any]]]] = {
    "charges": ("charge", charge),
    "balance_transactions": ("balance_transaction", balance_transaction),
}


def schema(stream: str) -> dict[str, Any]:
    """The stream's JSON Schema as the tap sends it."""
    found: dict[str, Any] = json.loads(
        (SCHEMAS / f"{KINDS[stream][0]}.json").read_text(encoding="utf-8")
    )
    return found | {"properties": found["properties"] | ADDED}


def without_nested(line: bytes) -> bytes:
    """A SCHEMA line that tells only the types of the top-level fields."""
    message = json.loads(line)
    properties = message["schema"]["properties"]
    message["schema"] = {
        "type": "object",
        "properties": {
            field: {"type": _one_of(each.get("type", ["object"]))}
            | ({"format": each["format"]} if "format" in each else {})
            for field, each in properties.items()
        },
    }
    return json.dumps(message).encode() + b"\n"


def _one_of(types: str | list[str]) -> list[str]:
    """An expandable field is a string in these records."""
    known = [each for each in types if each != "null"] if isinstance(types, list) else [types]
    return ["null", "string" if "string" in known else known[0]]


def write(folder: Path, stream: str, rows: int) -> None:
    """Write the same records as `bare.ndjson` and as `in.singer`, with a STATE after each page."""
    make = KINDS[stream][1]
    with (
        (folder / "bare.ndjson").open("w", encoding="utf-8") as bare,
        (folder / "in.singer").open("w", encoding="utf-8") as singer,
    ):
        head = {"type": "SCHEMA", "stream": stream, "key_properties": ["id"]}
        singer.write(json.dumps(head | {"schema": schema(stream)}) + "\n")
        for number in range(rows):
            record = json.dumps(make(number), separators=(",", ":"), ensure_ascii=False)
            bare.write(record + "\n")
            singer.write(f'{{"type":"RECORD","stream":"{stream}","record":{record}}}\n')
            if number % PAGE_RECORDS == PAGE_RECORDS - 1:
                value = {"bookmarks": {stream: {"replication_key_value": number}}}
                singer.write(json.dumps({"type": "STATE", "value": value}) + "\n")
