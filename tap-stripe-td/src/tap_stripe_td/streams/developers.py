"""What a developer sets up: events, webhooks, test clocks, apps."""

from __future__ import annotations

from tap_stripe_td.streams.row import Coverage, CreatedFilter, Stream

DEVELOPERS: tuple[Stream, ...] = (
    Stream(
        name="events",
        object="event",
        path="/v1/events",
        aliases=("event",),
        # Every type; none carries an event as its object. Kept for 30 days: https://docs.stripe.com/api/events/list
        coverage=Coverage.SELF,
        permission="event_read",
        core=True,
    ),
    Stream(
        name="webhook_endpoints",
        object="webhook_endpoint",
        path="/v1/webhook_endpoints",
        created_filter=CreatedFilter.NONE,
        coverage=Coverage.NONE,
        gap="Stripe sends no events about it. A deleted endpoint is gone from the list without a word.",
        permission="webhook_read",
    ),
    # Test mode only; live mode answers 400 "This endpoint is only available in testmode".
    Stream(
        name="test_helpers_test_clocks",
        object="test_helpers.test_clock",
        path="/v1/test_helpers/test_clocks",
        created_filter=CreatedFilter.NONE,
        events=(
            "test_helpers.test_clock.created",
            "test_helpers.test_clock.advancing",
            "test_helpers.test_clock.internal_failure",
            "test_helpers.test_clock.ready",
            "test_helpers.test_clock.deleted",
        ),
        deletes=("test_helpers.test_clock.deleted",),
        permission="billing_clock_read",
    ),
    Stream(
        name="apps_installs",
        object="apps.install",
        path="/v1/apps/installs",
        events=("apps.install.created", "apps.install.updated", "apps.install.deleted"),
        deletes=("apps.install.deleted",),
    ),
)
