"""Platforms: accounts, what is sent to them, and what is kept."""

from __future__ import annotations

from tap_stripe_td.streams.row import Coverage, CreatedFilter, Paging, Stream

CONNECT: tuple[Stream, ...] = (
    # The own account. It is one object at a path of its own; connected accounts are `accounts`.
    Stream(
        name="account",
        object="account",
        path="/v1/account",
        created_filter=CreatedFilter.NONE,
        # The account that the key belongs to: https://docs.stripe.com/api/accounts/retrieve
        paging=Paging.SINGLE,
        coverage=Coverage.NONE,
        gap="One object, read again by every run.",
        core=True,
    ),
    # Connected accounts: an empty list for accounts that are no platform. `created` may be null.
    Stream(
        name="accounts",
        object="account",
        path="/v1/accounts",
        aliases=("account",),
        # Events of a connected account are listed with that account's `Stripe-Account` header.
        # https://docs.stripe.com/connect/webhooks
        events=("account.updated",),
        coverage=Coverage.PARTIAL,
        gap="Accounts change without an event at times; a new or a deleted account sends none.",
        permission="connected_account_read",
        core=True,
    ),
    Stream(
        name="application_fees",
        object="application_fee",
        path="/v1/application_fees",
        aliases=("application_fee",),
        events=("application_fee.created", "application_fee.refunded"),
        permission="application_fee_read",
        core=True,
    ),
    Stream(
        name="transfers",
        object="transfer",
        path="/v1/transfers",
        aliases=("transfer",),
        events=("transfer.created", "transfer.reversed", "transfer.updated"),
        permission="transfer_read",
        core=True,
    ),
    # The id is a country: https://docs.stripe.com/api/country_specs/list
    Stream(
        name="country_specs",
        object="country_spec",
        path="/v1/country_specs",
        created_filter=CreatedFilter.NONE,
        created_field="",
        coverage=Coverage.NONE,
        gap="Stripe sends no events about it.",
    ),
)
