"""Which event tells of a change, and what it says."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from stripe_sandbox.endpoints import Kind, kinds

if TYPE_CHECKING:
    from collections.abc import Iterable

    from stripe_sandbox.json_types import JsonObject

RETENTION_SECONDS = 30 * 24 * 3600

# Where the status does not stand in the event's name.
STATUS_EVENTS: dict[tuple[str, str], str] = {
    ("dispute", "lost"): "charge.dispute.closed",
    ("dispute", "won"): "charge.dispute.closed",
    ("invoice", "open"): "invoice.finalized",
    ("invoice", "paid"): "invoice.paid",
    ("invoice", "uncollectible"): "invoice.marked_uncollectible",
    ("invoice", "void"): "invoice.voided",
    ("payment_intent", "requires_capture"): "payment_intent.amount_capturable_updated",
    ("payment_intent", "requires_payment_method"): "payment_intent.payment_failed",
    ("quote", "open"): "quote.finalized",
    ("setup_intent", "requires_payment_method"): "setup_intent.setup_failed",
    ("subscription", "canceled"): "customer.subscription.deleted",
    ("checkout.session", "complete"): "checkout.session.completed",
    ("checkout.session", "expired"): "checkout.session.expired",
}


def created_type(kind: str, fields: JsonObject) -> str | None:
    """The type of the event that a new object causes; `None` when Stripe sends none."""
    types = _relevant(kind, kinds().get(kind, Kind("")).created, fields)
    if kind == "tax_id" and not fields.get("customer"):
        return None
    if kind == "payment_method" and not fields.get("customer"):
        return None
    by_status = _ending(types, f".{fields.get('status')}")
    return by_status or _ending(types, ".created") or next(iter(types), None)


def updated_type(kind: str, fields: JsonObject, before: JsonObject) -> str | None:
    """The type of the event that a change causes; `None` for the changes that Stripe keeps silent.

    `before` holds the changed fields as they were.
    """
    types = _relevant(kind, kinds().get(kind, Kind("")).updated, fields)
    if kind == "tax_id" and not fields.get("customer"):
        return None
    if kind == "payment_method" and "customer" in before:
        return "payment_method.attached" if fields["customer"] else "payment_method.detached"
    for name in ("amount_refunded", "captured", "status"):
        if name in before and (told := _by_field(kind, name, fields, types)):
            return told
    return _ending(types, ".updated")


def deleted_type(kind: str, fields: JsonObject) -> str | None:
    """The type of the event that a deletion causes."""
    types = _relevant(kind, kinds().get(kind, Kind("")).deleted, fields)
    return next(iter(types), None)


def previous_attributes(old: JsonObject, new: JsonObject) -> JsonObject:
    """What changed, as it was; of a nested hash only the parts that changed."""
    changed = [name for name in {**old, **new} if old.get(name) != new.get(name)]
    return {name: _previous(old.get(name), new.get(name)) for name in changed}


def _previous(old: Any, new: Any) -> Any:
    both_hashes = isinstance(old, dict) and isinstance(new, dict)
    return previous_attributes(old, new) if both_hashes else old


def _by_field(kind: str, name: str, fields: JsonObject, types: Iterable[str]) -> str | None:
    if name == "amount_refunded":
        return _ending(types, ".refunded")
    if name == "captured":
        return _ending(types, ".captured")
    status = str(fields.get("status"))
    return STATUS_EVENTS.get((kind, status)) or _ending(types, f".{status}")


def _relevant(kind: str, types: Iterable[str], fields: JsonObject) -> list[str]:
    """Cards and bank accounts have events for customers and others for connected accounts.

    Those of customers name accounts, too, as an account once could be a customer's source.
    """
    if kind == "account":
        return [name for name in types if name.startswith("account.")]
    if kind not in {"bank_account", "card"}:
        return list(types)
    owner = "account." if fields.get("account") else "customer."
    return [name for name in types if name.startswith(owner)]


def _ending(types: Iterable[str], ending: str) -> str | None:
    return next((name for name in types if name.endswith(ending)), None)


def matches(pattern: str, event_type: str) -> bool:
    """Whether the filter `type`, a name or a group such as `charge.*`, takes this event."""
    if pattern == "*":
        return True
    if pattern.endswith(".*"):
        return event_type.startswith(pattern[:-1])
    return pattern == event_type
