"""Where objects live inside other objects: embedded lists and children."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from stripe_sandbox.shapes import shape

if TYPE_CHECKING:
    from collections.abc import Mapping

    from stripe_sandbox.json_types import JsonObject

EMBEDDED_LIMIT = 10


@dataclass(frozen=True)
class EmbeddedList:
    """A list inside an object: whose objects, found by which field, and where the rest is paged."""

    object: str
    field: str
    lists: tuple[str, ...]
    by: str
    url: str

    @property
    def always(self) -> bool:
        """Whether it comes without being asked for by `expand[]`."""
        return not shape(self.object)[self.field].optional


EMBEDDED = (
    EmbeddedList(
        "account",
        "external_accounts",
        ("bank_account", "card"),
        "parent",
        "/v1/accounts/{id}/external_accounts",
    ),
    EmbeddedList(
        "application_fee", "refunds", ("fee_refund",), "parent", "/v1/application_fees/{id}/refunds"
    ),
    EmbeddedList("charge", "refunds", ("refund",), "charge", "/v1/charges/{id}/refunds"),
    EmbeddedList(
        "checkout.session",
        "line_items",
        ("item",),
        "parent",
        "/v1/checkout/sessions/{id}/line_items",
    ),
    EmbeddedList(
        "credit_note", "lines", ("credit_note_line_item",), "parent", "/v1/credit_notes/{id}/lines"
    ),
    EmbeddedList(
        "customer",
        "sources",
        ("bank_account", "card", "source"),
        "parent",
        "/v1/customers/{id}/sources",
    ),
    EmbeddedList(
        "customer",
        "subscriptions",
        ("subscription",),
        "customer",
        "/v1/customers/{id}/subscriptions",
    ),
    EmbeddedList("customer", "tax_ids", ("tax_id",), "customer", "/v1/customers/{id}/tax_ids"),
    EmbeddedList("file", "links", ("file_link",), "file", "/v1/file_links?file={id}"),
    EmbeddedList("invoice", "lines", ("line_item",), "parent", "/v1/invoices/{id}/lines"),
    EmbeddedList(
        "invoice", "payments", ("invoice_payment",), "invoice", "/v1/invoice_payments?invoice={id}"
    ),
    EmbeddedList(
        "payment_link", "line_items", ("item",), "parent", "/v1/payment_links/{id}/line_items"
    ),
    EmbeddedList("quote", "line_items", ("item",), "parent", "/v1/quotes/{id}/line_items"),
    EmbeddedList(
        "radar.value_list",
        "list_items",
        ("radar.value_list_item",),
        "parent",
        "/v1/radar/value_list_items?value_list={id}",
    ),
    EmbeddedList(
        "subscription",
        "items",
        ("subscription_item",),
        "parent",
        "/v1/subscription_items?subscription={id}",
    ),
    EmbeddedList(
        "transfer", "reversals", ("transfer_reversal",), "parent", "/v1/transfers/{id}/reversals"
    ),
    EmbeddedList(
        "treasury.transaction",
        "entries",
        ("treasury.transaction_entry",),
        "transaction",
        "/v1/treasury/transaction_entries?financial_account={financial_account}&transaction={id}",
    ),
)

# The field of a child that names its parent. A child without one is made with `parent=`.
PARENT_FIELDS: Mapping[str, tuple[str, ...]] = {
    "bank_account": ("customer", "account"),
    "billing.meter_event_summary": ("meter",),
    "capability": ("account",),
    "card": ("customer", "account"),
    "credit_note_line_item": (),
    "customer_balance_transaction": ("customer",),
    "customer_cash_balance_transaction": ("customer",),
    "fee_refund": ("fee",),
    "financial_connections.account_owner": (),
    "item": (),
    "line_item": ("invoice",),
    "payment_intent_amount_details_line_item": (),
    "person": ("account",),
    "product_feature": (),
    "radar.value_list_item": ("value_list",),
    "source": ("customer",),
    "source_transaction": ("source",),
    "subscription_item": ("subscription",),
    "tax.calculation_line_item": (),
    "tax.transaction_line_item": (),
    "transfer_reversal": ("transfer",),
}

# A change of these children is told by an event of the parent only.
PARENT_EVENTS: Mapping[str, str] = {
    "credit_note_line_item": "credit_note.updated",
    "customer_balance_transaction": "customer.updated",
    "fee_refund": "application_fee.refunded",
    "line_item": "invoice.updated",
    "subscription_item": "customer.subscription.updated",
    "transfer_reversal": "transfer.reversed",
}


@cache
def embedded_in(kind: str) -> dict[str, EmbeddedList]:
    """The embedded lists of a kind by field."""
    return {row.field: row for row in EMBEDDED if row.object == kind}


def parent_of(kind: str, fields: JsonObject) -> str | None:
    """The parent's id that a child's own fields tell."""
    named = (fields.get(name) for name in PARENT_FIELDS.get(kind, ()))
    return next((str(value) for value in named if value), None)


def with_parent(kind: str, fields: JsonObject, parent: str | None) -> JsonObject:
    """The fields of a child, with the parent's id in the field that names it."""
    names = PARENT_FIELDS.get(kind, ())
    if parent is None or not names or any(fields.get(name) for name in names):
        return fields
    name = "account" if parent.startswith("acct_") and "account" in names else names[0]
    return {**fields, name: parent}
