"""Subscriptions and the papers they write."""

from __future__ import annotations

from tap_stripe_td.streams.row import Coverage, CreatedFilter, Stream

BILLING: tuple[Stream, ...] = (
    Stream(
        name="subscriptions",
        object="subscription",
        path="/v1/subscriptions",
        aliases=("subscription",),
        # Without it Stripe leaves out canceled subscriptions: https://docs.stripe.com/api/subscriptions/list
        params={"status": "all"},
        # `deleted` says that it was canceled; it stays in the list, so it is no delete.
        # https://docs.stripe.com/api/events/types#event_types-customer.subscription.deleted
        events=(
            "customer.subscription.created",
            "customer.subscription.deleted",
            "customer.subscription.paused",
            "customer.subscription.pending_update_applied",
            "customer.subscription.pending_update_expired",
            "customer.subscription.resumed",
            "customer.subscription.trial_will_end",
            "customer.subscription.updated",
        ),
        permission="subscription_read",
        core=True,
    ),
    Stream(
        name="subscription_schedules",
        object="subscription_schedule",
        path="/v1/subscription_schedules",
        events=(
            "subscription_schedule.created",
            "subscription_schedule.aborted",
            "subscription_schedule.canceled",
            "subscription_schedule.completed",
            "subscription_schedule.expiring",
            "subscription_schedule.released",
            "subscription_schedule.updated",
        ),
        permission="subscription_read",
    ),
    Stream(
        name="invoices",
        object="invoice",
        path="/v1/invoices",
        aliases=("invoice",),
        # `invoice.upcoming` is left out: its invoice is a preview without an id.
        # https://docs.stripe.com/api/events/types#event_types-invoice.upcoming
        events=(
            "invoice.created",
            "invoice.finalization_failed",
            "invoice.finalized",
            "invoice.marked_uncollectible",
            "invoice.overdue",
            "invoice.overpaid",
            "invoice.paid",
            "invoice.payment_action_required",
            "invoice.payment_attempt_required",
            "invoice.payment_failed",
            "invoice.payment_succeeded",
            "invoice.sent",
            "invoice.updated",
            "invoice.voided",
            "invoice.will_be_due",
            "invoice.deleted",
        ),
        deletes=("invoice.deleted",),
        permission="invoice_read",
        core=True,
    ),
    Stream(
        name="invoice_items",
        object="invoiceitem",
        path="/v1/invoiceitems",
        aliases=("invoice_item", "invoiceitems"),
        # The filter is named `created`, the field is not: https://docs.stripe.com/api/invoiceitems/object
        created_field="date",
        events=("invoiceitem.created", "invoiceitem.deleted"),
        deletes=("invoiceitem.deleted",),
        coverage=Coverage.PARTIAL,
        gap="An edit sends no event: `invoiceitem.updated` left the API with 2024-04-10.",
        permission="invoice_read",
        core=True,
    ),
    Stream(
        name="invoice_payments",
        object="invoice_payment",
        path="/v1/invoice_payments",
        events=("invoice_payment.paid",),
        coverage=Coverage.PARTIAL,
        gap="Only a paid one sends an event; one that is opened or canceled does not.",
    ),
    Stream(
        name="invoice_rendering_templates",
        object="invoice_rendering_template",
        path="/v1/invoice_rendering_templates",
        created_filter=CreatedFilter.NONE,
        coverage=Coverage.NONE,
        gap="Stripe sends no events about it.",
    ),
    Stream(
        name="credit_notes",
        object="credit_note",
        path="/v1/credit_notes",
        events=("credit_note.created", "credit_note.updated", "credit_note.voided"),
        permission="credit_note_read",
        core=True,
    ),
    Stream(
        name="quotes",
        object="quote",
        path="/v1/quotes",
        created_filter=CreatedFilter.NONE,
        events=("quote.created", "quote.accepted", "quote.canceled", "quote.finalized"),
        coverage=Coverage.PARTIAL,
        gap="Edits of its metadata or description send no event.",
        permission="quote_read",
    ),
    Stream(
        name="billing_portal_configurations",
        object="billing_portal.configuration",
        path="/v1/billing_portal/configurations",
        created_filter=CreatedFilter.NONE,
        events=("billing_portal.configuration.created", "billing_portal.configuration.updated"),
        permission="customer_portal_read",
    ),
)
