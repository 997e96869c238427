"""What is sold, at which price, with which discount."""

from __future__ import annotations

from tap_stripe_td.streams.row import Coverage, CreatedFilter, Parent, Stream

_INLINE = (
    "Stripe does not list {} that were made inline: those that events or other selected streams "
    "name are fetched one by one."
)
_PRICED = "pricing.price_details.price"

PRODUCTS: tuple[Stream, ...] = (
    Stream(
        name="products",
        object="product",
        path="/v1/products",
        aliases=("product",),
        events=("product.created", "product.updated", "product.deleted"),
        deletes=("product.deleted",),
        permission="product_read",
        core=True,
    ),
    Stream(
        name="prices",
        object="price",
        path="/v1/prices",
        # Absent unless asked for: https://docs.stripe.com/api/prices/object
        expand=("tiers", "currency_options"),
        events=("price.created", "price.updated", "price.deleted"),
        deletes=("price.deleted",),
        named_in=(
            ("products", "default_price"),
            ("subscriptions", "items.data.price"),
            ("subscription_items", "price"),
            ("subscription_schedules", "phases.items.price"),
            ("subscription_schedules", "phases.add_invoice_items.price"),
            ("invoices", f"lines.data.{_PRICED}"),
            ("invoice_lines", _PRICED),
            ("invoice_items", _PRICED),
            ("checkout_session_line_items", "price"),
            ("payment_link_line_items", "price"),
            ("quote_line_items", "price"),
            ("quote_computed_upfront_line_items", "price"),
        ),
        # https://docs.stripe.com/api/prices/list
        unlisted=_INLINE.format("prices"),
        permission="plan_read",
        core=True,
    ),
    # The older view of prices: https://docs.stripe.com/api/plans
    Stream(
        name="plans",
        object="plan",
        path="/v1/plans",
        aliases=("plan",),
        # Absent unless asked for: https://docs.stripe.com/api/plans/object
        expand=("tiers",),
        events=("plan.created", "plan.updated", "plan.deleted"),
        deletes=("plan.deleted",),
        named_in=(
            ("subscriptions", "items.data.plan"),
            ("subscription_items", "plan"),
            ("subscription_schedules", "phases.items.plan"),
        ),
        unlisted=_INLINE.format("plans"),
        permission="plan_read",
        core=True,
    ),
    Stream(
        name="coupons",
        object="coupon",
        path="/v1/coupons",
        aliases=("coupon",),
        # Absent unless asked for: https://docs.stripe.com/api/coupons/object
        expand=("applies_to",),
        events=("coupon.created", "coupon.updated", "coupon.deleted"),
        deletes=("coupon.deleted",),
        permission="coupon_read",
        core=True,
    ),
    Stream(
        name="promotion_codes",
        object="promotion_code",
        path="/v1/promotion_codes",
        events=("promotion_code.created", "promotion_code.updated"),
        permission="promotion_code_read",
        core=True,
    ),
    Stream(
        name="shipping_rates",
        object="shipping_rate",
        path="/v1/shipping_rates",
        coverage=Coverage.NONE,
        gap="Stripe sends no events about it.",
        permission="shipping_rate_read",
    ),
    Stream(
        name="product_catalog_trial_offers",
        object="product_catalog.trial_offer",
        path="/v1/product_catalog/trial_offers",
        # Stripe would narrow it by `created`, but an offer does not show that time: read whole.
        created_filter=CreatedFilter.NONE,
        created_field="",
        coverage=Coverage.NONE,
        gap="Stripe sends no events about it.",
    ),
    Stream(
        name="entitlements_features",
        object="entitlements.feature",
        path="/v1/entitlements/features",
        created_filter=CreatedFilter.NONE,
        created_field="",
        coverage=Coverage.NONE,
        gap="Stripe sends no events about it.",
        permission="entitlement_read",
    ),
    Stream(
        name="product_features",
        object="product_feature",
        path="/v1/products/{id}/features",
        parent=Parent(
            stream="products",
            key_field="product",
            loses=True,
        ),
        created_filter=CreatedFilter.NONE,
        created_field="",
        coverage=Coverage.NONE,
        gap="Stripe sends no events about it. It is read again when its product changes.",
        permission="product_read",
    ),
)
