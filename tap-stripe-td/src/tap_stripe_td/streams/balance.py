"""The account's own money: what moved its balance, and what left or entered it."""

from __future__ import annotations

from tap_stripe_td.streams.row import Coverage, CreatedFilter, Stream

BALANCE: tuple[Stream, ...] = (
    Stream(
        name="balance_transactions",
        object="balance_transaction",
        # Its old name, `/v1/balance/history`, still answers: https://docs.stripe.com/api/balance_transactions/list
        path="/v1/balance_transactions",
        aliases=("balance_history",),
        coverage=Coverage.NONE,
        gap="Stripe sends no events about it. Yet `status` turns from pending to available at `available_on`.",
        permission="balance_read",
        core=True,
    ),
    Stream(
        name="payouts",
        object="payout",
        path="/v1/payouts",
        events=(
            "payout.created",
            "payout.canceled",
            "payout.failed",
            "payout.paid",
            "payout.reconciliation_completed",
            "payout.updated",
        ),
        permission="payout_read",
        core=True,
    ),
    Stream(
        name="topups",
        object="topup",
        path="/v1/topups",
        events=(
            "topup.created",
            "topup.canceled",
            "topup.failed",
            "topup.reversed",
            "topup.succeeded",
        ),
        coverage=Coverage.PARTIAL,
        gap="Edits of its metadata or description send no event.",
        permission="top_up_read",
    ),
    # The id is a currency: https://docs.stripe.com/api/exchange_rates/list
    Stream(
        name="exchange_rates",
        object="exchange_rate",
        path="/v1/exchange_rates",
        created_filter=CreatedFilter.NONE,
        created_field="",
        coverage=Coverage.NONE,
        gap="Stripe sends no events about it. Stripe has deprecated the list.",
    ),
)
