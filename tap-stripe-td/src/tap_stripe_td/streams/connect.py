"""Platforms: accounts, what is sent to them, and what is kept."""

from __future__ import annotations

from tap_stripe_td.streams.row import Coverage, CreatedFilter, Paging, Parent, Stream

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
        # Decision: docs/decisions/0015-connected-accounts-are-listed-again.md
        coverage=Coverage.NONE,
        gap="Events of a connected account are listed for that account only.",
        relisted=True,
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
    # `card_payments` is the id of one in every account, so the account is part of the key.
    Stream(
        name="capabilities",
        object="capability",
        path="/v1/accounts/{id}/capabilities",
        parent=Parent(
            stream="accounts",
            key_field="account",
        ),
        key=("account", "id"),
        created_filter=CreatedFilter.NONE,
        created_field="",
        paging=Paging.WHOLE,
        coverage=Coverage.NONE,
        gap="It is read again when its account changes, which shows its status. It stays when its account goes.",
        permission="connected_account_read",
    ),
    Stream(
        name="external_accounts",
        object="bank_account",
        objects=("bank_account", "card"),
        path="/v1/accounts/{id}/external_accounts",
        parent=Parent(
            stream="accounts",
            key_field="account",
            field="external_accounts",
            loses=True,
        ),
        created_filter=CreatedFilter.NONE,
        created_field="",
        coverage=Coverage.NONE,
        gap="It is read again when its account changes. An edit that the account does not show is not seen.",
        permission="connected_account_read",
    ),
    Stream(
        name="persons",
        object="person",
        path="/v1/accounts/{id}/persons",
        parent=Parent(
            stream="accounts",
            key_field="account",
            loses=True,
        ),
        created_filter=CreatedFilter.NONE,
        coverage=Coverage.NONE,
        gap="It is read again when its account changes. An edit that the account does not show is not seen.",
        permission="connected_account_read",
    ),
    # That there is a new one is told by `application_fee.refunded`, an event of the fee.
    Stream(
        name="application_fee_refunds",
        object="fee_refund",
        path="/v1/application_fees/{id}/refunds",
        parent=Parent(
            stream="application_fees",
            key_field="fee",
            field="refunds",
        ),
        created_filter=CreatedFilter.NONE,
        events=("application_fee.refund.updated",),
        permission="application_fee_read",
    ),
    Stream(
        name="transfer_reversals",
        object="transfer_reversal",
        path="/v1/transfers/{id}/reversals",
        parent=Parent(
            stream="transfers",
            key_field="transfer",
            field="reversals",
        ),
        created_filter=CreatedFilter.NONE,
        coverage=Coverage.PARENT,
        permission="transfer_read",
    ),
)
