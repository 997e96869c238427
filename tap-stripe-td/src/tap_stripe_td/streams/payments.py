"""Taking money: charges, intents, the ways to pay, refunds and disputes."""

from __future__ import annotations

from tap_stripe_td.streams.row import Coverage, CreatedFilter, Stream

PAYMENTS: tuple[Stream, ...] = (
    Stream(
        name="charges",
        object="charge",
        path="/v1/charges",
        aliases=("charge",),
        events=(
            "charge.failed",
            "charge.pending",
            "charge.succeeded",
            "charge.captured",
            "charge.expired",
            "charge.refunded",
            "charge.updated",
        ),
        permission="charge_read",
        core=True,
    ),
    Stream(
        name="payment_intents",
        object="payment_intent",
        path="/v1/payment_intents",
        events=(
            "payment_intent.created",
            "payment_intent.amount_capturable_updated",
            "payment_intent.canceled",
            "payment_intent.partially_funded",
            "payment_intent.payment_failed",
            "payment_intent.processing",
            "payment_intent.requires_action",
            "payment_intent.succeeded",
        ),
        coverage=Coverage.PARTIAL,
        gap="Edits of its metadata or description send no event.",
        permission="payment_intent_read",
        core=True,
    ),
    Stream(
        name="setup_intents",
        object="setup_intent",
        path="/v1/setup_intents",
        events=(
            "setup_intent.created",
            "setup_intent.canceled",
            "setup_intent.requires_action",
            "setup_intent.setup_failed",
            "setup_intent.succeeded",
        ),
        coverage=Coverage.PARTIAL,
        gap="Edits of its metadata or description send no event.",
        permission="setup_intent_read",
        core=True,
    ),
    Stream(
        name="payment_methods",
        object="payment_method",
        path="/v1/payment_methods",
        created_filter=CreatedFilter.NONE,
        # `detached` is no delete: the payment method can still be fetched.
        events=(
            "payment_method.attached",
            "payment_method.automatically_updated",
            "payment_method.detached",
            "payment_method.updated",
        ),
        coverage=Coverage.PARTIAL,
        gap="One that was never attached to a customer sends no event.",
        permission="payment_method_read",
        core=True,
    ),
    Stream(
        name="refunds",
        object="refund",
        path="/v1/refunds",
        aliases=("refund",),
        # `charge.refund.updated` is older than the others and carries a refund too.
        events=("refund.created", "charge.refund.updated", "refund.failed", "refund.updated"),
        permission="charge_read",
        core=True,
    ),
    Stream(
        name="disputes",
        object="dispute",
        path="/v1/disputes",
        aliases=("dispute",),
        # Named after the charge: https://docs.stripe.com/api/events/types
        events=(
            "charge.dispute.created",
            "charge.dispute.closed",
            "charge.dispute.funds_reinstated",
            "charge.dispute.funds_withdrawn",
            "charge.dispute.updated",
        ),
        permission="dispute_read",
        core=True,
    ),
    Stream(
        name="payment_records",
        object="payment_record",
        path="/v1/payment_records",
        # Two plain parameters instead of a range: https://docs.stripe.com/api/payment-record/list
        created_filter=CreatedFilter.AFTER_BEFORE,
        coverage=Coverage.NONE,
        gap="Stripe sends no events about it.",
    ),
    Stream(
        name="three_d_secure_authentications",
        object="three_d_secure.authentication",
        path="/v1/three_d_secure/authentications",
        events=(
            "three_d_secure.authentication.canceled",
            "three_d_secure.authentication.challenge_started",
            "three_d_secure.authentication.errored",
            "three_d_secure.authentication.failed",
            "three_d_secure.authentication.requires_challenge",
            "three_d_secure.authentication.requires_submission",
            "three_d_secure.authentication.succeeded",
        ),
        coverage=Coverage.PARTIAL,
        gap="A new authentication sends no event.",
    ),
    Stream(
        name="forwarding_requests",
        object="forwarding.request",
        path="/v1/forwarding/requests",
        coverage=Coverage.NONE,
        gap="Stripe sends no events about it.",
    ),
)
