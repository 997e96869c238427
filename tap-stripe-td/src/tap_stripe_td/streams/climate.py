"""Carbon removal."""

from __future__ import annotations

from tap_stripe_td.streams.row import Coverage, CreatedFilter, Stream

CLIMATE: tuple[Stream, ...] = (
    Stream(
        name="climate_orders",
        object="climate.order",
        path="/v1/climate/orders",
        created_filter=CreatedFilter.NONE,
        events=(
            "climate.order.created",
            "climate.order.canceled",
            "climate.order.delayed",
            "climate.order.delivered",
            "climate.order.product_substituted",
        ),
        coverage=Coverage.PARTIAL,
        gap="Edits of its metadata or description send no event.",
    ),
    Stream(
        name="climate_products",
        object="climate.product",
        path="/v1/climate/products",
        created_filter=CreatedFilter.NONE,
        events=("climate.product.created", "climate.product.pricing_updated"),
    ),
    Stream(
        name="climate_suppliers",
        object="climate.supplier",
        path="/v1/climate/suppliers",
        created_filter=CreatedFilter.NONE,
        created_field="",
        coverage=Coverage.NONE,
        gap="Stripe sends no events about it.",
    ),
)
