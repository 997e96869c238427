"""Fraud."""

from __future__ import annotations

from tap_stripe_td.streams.row import Coverage, CreatedFilter, Parent, Stream

RADAR: tuple[Stream, ...] = (
    Stream(
        name="radar_early_fraud_warnings",
        object="radar.early_fraud_warning",
        path="/v1/radar/early_fraud_warnings",
        events=("radar.early_fraud_warning.created", "radar.early_fraud_warning.updated"),
        permission="charge_read",
    ),
    Stream(
        name="radar_value_lists",
        object="radar.value_list",
        path="/v1/radar/value_lists",
        coverage=Coverage.NONE,
        gap="Stripe sends no events about it. A deleted one is gone from the list without a word.",
        # Lists are few, and are edited at any age.
        relisted=True,
    ),
    Stream(
        name="reviews",
        object="review",
        path="/v1/reviews",
        events=("review.opened", "review.closed"),
        permission="review_read",
    ),
    Stream(
        name="radar_value_list_items",
        object="radar.value_list_item",
        path="/v1/radar/value_list_items",
        parent=Parent(
            stream="radar_value_lists",
            parameter="value_list",
            key_field="value_list",
            field="list_items",
            loses=True,
        ),
        created_filter=CreatedFilter.NONE,
        coverage=Coverage.NONE,
        gap="Stripe sends no events about it. It is read again when its list changes, which shows ten of them.",
    ),
)
