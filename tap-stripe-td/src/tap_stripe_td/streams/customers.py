"""Who pays, and who they are."""

from __future__ import annotations

from tap_stripe_td.streams.row import Coverage, CreatedFilter, Stream

CUSTOMERS: tuple[Stream, ...] = (
    Stream(
        name="customers",
        object="customer",
        path="/v1/customers",
        aliases=("customer",),
        events=("customer.created", "customer.updated", "customer.deleted"),
        deletes=("customer.deleted",),
        permission="customer_read",
        core=True,
    ),
    Stream(
        name="financial_connections_accounts",
        object="financial_connections.account",
        path="/v1/financial_connections/accounts",
        created_filter=CreatedFilter.NONE,
        events=(
            "financial_connections.account.created",
            "financial_connections.account.account_numbers_updated",
            "financial_connections.account.deactivated",
            "financial_connections.account.disconnected",
            "financial_connections.account.expected_deactivation_date_updated",
            "financial_connections.account.reactivated",
            "financial_connections.account.refreshed_balance",
            "financial_connections.account.refreshed_ownership",
            "financial_connections.account.refreshed_transactions",
            "financial_connections.account.supported_payment_method_types_updated",
            "financial_connections.account.upcoming_account_number_expiry",
            "financial_connections.account.upcoming_deactivation",
        ),
    ),
    Stream(
        name="identity_verification_sessions",
        object="identity.verification_session",
        path="/v1/identity/verification_sessions",
        events=(
            "identity.verification_session.created",
            "identity.verification_session.canceled",
            "identity.verification_session.processing",
            "identity.verification_session.redacted",
            "identity.verification_session.requires_input",
            "identity.verification_session.verified",
        ),
        coverage=Coverage.PARTIAL,
        gap="Edits of its metadata or description send no event.",
    ),
    Stream(
        name="identity_verification_reports",
        object="identity.verification_report",
        path="/v1/identity/verification_reports",
        coverage=Coverage.NONE,
        gap="Stripe sends no events about it.",
    ),
)
