"""Payments in person."""

from __future__ import annotations

from tap_stripe_td.streams.row import Coverage, CreatedFilter, Stream

TERMINAL: tuple[Stream, ...] = (
    Stream(
        name="terminal_readers",
        object="terminal.reader",
        path="/v1/terminal/readers",
        created_filter=CreatedFilter.NONE,
        created_field="",
        events=(
            "terminal.reader.action_failed",
            "terminal.reader.action_succeeded",
            "terminal.reader.action_updated",
        ),
        coverage=Coverage.PARTIAL,
        gap="Only actions on a reader send an event: one that is new, edited or deleted does not.",
        permission="terminal_reader_read",
    ),
    Stream(
        name="terminal_locations",
        object="terminal.location",
        path="/v1/terminal/locations",
        created_filter=CreatedFilter.NONE,
        created_field="",
        coverage=Coverage.NONE,
        gap="Stripe sends no events about it. A deleted one is gone from the list without a word.",
        permission="terminal_location_read",
    ),
    Stream(
        name="terminal_configurations",
        object="terminal.configuration",
        path="/v1/terminal/configurations",
        created_filter=CreatedFilter.NONE,
        created_field="",
        coverage=Coverage.NONE,
        gap="Stripe sends no events about it. A deleted one is gone from the list without a word.",
        permission="terminal_configuration_read",
    ),
)
