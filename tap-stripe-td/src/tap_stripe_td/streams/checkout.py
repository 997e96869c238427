"""Where customers pay: hosted pages, links, and what is switched on there."""

from __future__ import annotations

from tap_stripe_td.streams.row import Coverage, CreatedFilter, Parent, Stream

CHECKOUT: tuple[Stream, ...] = (
    Stream(
        name="checkout_sessions",
        object="checkout.session",
        path="/v1/checkout/sessions",
        events=(
            "checkout.session.async_payment_failed",
            "checkout.session.async_payment_succeeded",
            "checkout.session.completed",
            "checkout.session.expired",
        ),
        coverage=Coverage.PARTIAL,
        gap="A session that is opened or edited sends no event, only one that completes, expires or is paid later.",
        permission="checkout_session_read",
        core=True,
    ),
    Stream(
        name="payment_links",
        object="payment_link",
        path="/v1/payment_links",
        created_filter=CreatedFilter.NONE,
        created_field="",
        events=("payment_link.created", "payment_link.updated"),
        permission="payment_links_read",
    ),
    Stream(
        name="payment_method_configurations",
        object="payment_method_configuration",
        path="/v1/payment_method_configurations",
        created_filter=CreatedFilter.NONE,
        created_field="",
        coverage=Coverage.NONE,
        gap="Stripe sends no events about it.",
    ),
    Stream(
        name="payment_method_domains",
        object="payment_method_domain",
        path="/v1/payment_method_domains",
        created_filter=CreatedFilter.NONE,
        coverage=Coverage.NONE,
        gap="Stripe sends no events about it.",
    ),
    Stream(
        name="apple_pay_domains",
        object="apple_pay_domain",
        path="/v1/apple_pay/domains",
        created_filter=CreatedFilter.NONE,
        coverage=Coverage.NONE,
        gap="Stripe sends no events about it. A deleted domain is gone from the list without a word.",
        permission="apple_pay_domain_read",
    ),
    Stream(
        name="checkout_session_line_items",
        object="item",
        path="/v1/checkout/sessions/{id}/line_items",
        parent=Parent(
            stream="checkout_sessions",
            key_field="checkout_session",
            field="line_items",
            loses=True,
            settled=("complete", "expired"),
        ),
        created_filter=CreatedFilter.NONE,
        created_field="",
        coverage=Coverage.PARENT,
        permission="checkout_session_read",
    ),
    Stream(
        name="payment_link_line_items",
        object="item",
        path="/v1/payment_links/{id}/line_items",
        parent=Parent(
            stream="payment_links",
            key_field="payment_link",
            field="line_items",
            loses=True,
        ),
        created_filter=CreatedFilter.NONE,
        created_field="",
        coverage=Coverage.PARENT,
        permission="payment_links_read",
    ),
)
