"""Billing by usage: meters, alerts and prepaid credits."""

from __future__ import annotations

from tap_stripe_td.streams.row import Coverage, CreatedFilter, Stream

USAGE: tuple[Stream, ...] = (
    Stream(
        name="billing_meters",
        object="billing.meter",
        path="/v1/billing/meters",
        created_filter=CreatedFilter.NONE,
        events=(
            "billing.meter.created",
            "billing.meter.deactivated",
            "billing.meter.reactivated",
            "billing.meter.updated",
        ),
        permission="billing_meter_read",
    ),
    Stream(
        name="billing_alerts",
        object="billing.alert",
        path="/v1/billing/alerts",
        created_filter=CreatedFilter.NONE,
        created_field="",
        coverage=Coverage.NONE,
        gap="Only that an alert was triggered is an event, and that carries another object.",
    ),
    Stream(
        name="billing_credit_grants",
        object="billing.credit_grant",
        path="/v1/billing/credit_grants",
        created_filter=CreatedFilter.NONE,
        events=("billing.credit_grant.created", "billing.credit_grant.updated"),
    ),
    Stream(
        name="billing_credit_balance_transactions",
        object="billing.credit_balance_transaction",
        path="/v1/billing/credit_balance_transactions",
        # The reference calls it optional, but Stripe answers 400 without it; Stripe's own extractor
        # leaves the list out for that: https://github.com/stripe/sync-engine (EXCLUDED_TABLES)
        requires=("customer",),
        created_filter=CreatedFilter.NONE,
        events=("billing.credit_balance_transaction.created",),
    ),
    Stream(
        name="billing_feedback_options",
        object="billing.feedback_option",
        path="/v1/billing/feedback_options",
        created_filter=CreatedFilter.NONE,
        created_field="",
        coverage=Coverage.NONE,
        gap="Stripe sends no events about it.",
    ),
)
