"""Taxes."""

from __future__ import annotations

from tap_stripe_td.streams.row import Coverage, CreatedFilter, Stream

TAX: tuple[Stream, ...] = (
    Stream(
        name="tax_rates",
        object="tax_rate",
        path="/v1/tax_rates",
        events=("tax_rate.created", "tax_rate.updated"),
        permission="tax_rate_read",
        core=True,
    ),
    Stream(
        name="tax_ids",
        object="tax_id",
        path="/v1/tax_ids",
        created_filter=CreatedFilter.NONE,
        coverage=Coverage.NONE,
        # `customer.tax_id.*` tells of the ids of customers; this list holds the account's own.
        # https://docs.stripe.com/api/tax_ids/list
        gap="The account's own tax ids send no event.",
        permission="customer_read",
    ),
    Stream(
        name="tax_codes",
        object="tax_code",
        path="/v1/tax_codes",
        created_filter=CreatedFilter.NONE,
        created_field="",
        coverage=Coverage.NONE,
        gap="Stripe sends no events about it.",
    ),
    Stream(
        name="tax_registrations",
        object="tax.registration",
        path="/v1/tax/registrations",
        created_filter=CreatedFilter.NONE,
        coverage=Coverage.NONE,
        gap="Stripe sends no events about it.",
    ),
)
