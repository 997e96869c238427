"""Cards that the account issues."""

from __future__ import annotations

from tap_stripe_td.streams.row import Coverage, CreatedFilter, Parent, Stream

ISSUING: tuple[Stream, ...] = (
    Stream(
        name="issuing_authorizations",
        object="issuing.authorization",
        path="/v1/issuing/authorizations",
        events=(
            "issuing_authorization.created",
            "issuing_authorization.request",
            "issuing_authorization.updated",
        ),
        permission="issuing_authorization_read",
    ),
    Stream(
        name="issuing_transactions",
        object="issuing.transaction",
        path="/v1/issuing/transactions",
        events=(
            "issuing_transaction.created",
            "issuing_transaction.purchase_details_receipt_updated",
            "issuing_transaction.updated",
        ),
        permission="issuing_transaction_read",
    ),
    Stream(
        name="issuing_cards",
        object="issuing.card",
        path="/v1/issuing/cards",
        events=("issuing_card.created", "issuing_card.updated"),
        permission="issuing_card_read",
    ),
    Stream(
        name="issuing_cardholders",
        object="issuing.cardholder",
        path="/v1/issuing/cardholders",
        events=("issuing_cardholder.created", "issuing_cardholder.updated"),
        permission="issuing_cardholder_read",
    ),
    Stream(
        name="issuing_disputes",
        object="issuing.dispute",
        path="/v1/issuing/disputes",
        events=(
            "issuing_dispute.created",
            "issuing_dispute.closed",
            "issuing_dispute.funds_reinstated",
            "issuing_dispute.funds_rescinded",
            "issuing_dispute.submitted",
            "issuing_dispute.updated",
        ),
        permission="issuing_dispute_read",
    ),
    Stream(
        name="issuing_personalization_designs",
        object="issuing.personalization_design",
        path="/v1/issuing/personalization_designs",
        created_filter=CreatedFilter.NONE,
        events=(
            "issuing_personalization_design.activated",
            "issuing_personalization_design.deactivated",
            "issuing_personalization_design.rejected",
            "issuing_personalization_design.updated",
        ),
        coverage=Coverage.PARTIAL,
        gap="A new design sends no event.",
        permission="issuing_card_read",
    ),
    Stream(
        name="issuing_physical_bundles",
        object="issuing.physical_bundle",
        path="/v1/issuing/physical_bundles",
        created_filter=CreatedFilter.NONE,
        created_field="",
        coverage=Coverage.NONE,
        gap="Stripe sends no events about it.",
    ),
    Stream(
        name="issuing_tokens",
        object="issuing.token",
        path="/v1/issuing/tokens",
        parent=Parent(
            stream="issuing_cards",
            parameter="card",
            key_field="card",
            tells=False,
        ),
        created_filter=CreatedFilter.NONE,
        events=(
            "issuing_token.created",
            "issuing_token.updated",
        ),
    ),
)
