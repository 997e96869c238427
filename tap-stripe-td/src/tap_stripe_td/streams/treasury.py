"""Banking as a service."""

from __future__ import annotations

from tap_stripe_td.streams.row import Coverage, Stream

TREASURY: tuple[Stream, ...] = (
    Stream(
        name="treasury_financial_accounts",
        object="treasury.financial_account",
        path="/v1/treasury/financial_accounts",
        events=(
            "treasury.financial_account.created",
            "treasury.financial_account.closed",
            "treasury.financial_account.features_status_updated",
        ),
        coverage=Coverage.PARTIAL,
        gap="Edits of its metadata or description send no event.",
    ),
)
