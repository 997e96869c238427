"""Whether a state can be gone on from: it is this tap's, of this account, and of no future."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tap_stripe_td.errors import ConfigError
from tap_stripe_td.streams.table import STREAMS
from tap_stripe_td.units import format_time
from tap_stripe_td.upkeep import replication_key

if TYPE_CHECKING:
    from tap_stripe_td.source import Clock
    from tap_stripe_td.state import State

_CLOCKS_DIFFER_SECONDS = 3_600
"""What a bookmark may lie after the clock of a server of Stripe's and still be one of ours."""


def refuse_other_account(state: State, clock: Clock) -> None:
    """Check that a state belongs to the account that the key reads.

    Raises:
        ConfigError: If it is another's: its bookmarks would leave rows of this one out.
    """
    if state.accounts:
        raise ConfigError(
            "The state is of connected accounts, but `account_ids` is not set. Set it, or leave "
            "`--state` out to read the key's own account from the start."
        )
    if state.account and clock.account and state.account != clock.account:
        raise ConfigError(
            f"The state was written for the account {state.account}, but the key reads "
            f"{clock.account}. Use that account's key, or leave `--state` out to read this "
            "account from the start."
        )


def refuse_foreign(state: State) -> None:
    """Check that a state that does not tell its version is one of this tap's, or made like them.

    Raises:
        ConfigError: If it is another tap's: what came before its bookmarks would be left out.
    """
    if state.version is not None:
        return
    keys = {row.name: replication_key(row) or "_updated_at" for row in STREAMS}
    problems = [
        f"The bookmark of `{name}` orders by `{mark.replication_key}`, which is not how this tap "
        "reads it, and the state has no `version`. States of other taps cannot be resumed: leave "
        "`--state` out to read all from the start."
        for name, mark in state.bookmarks.items()
        if name not in keys or mark.replication_key != keys[name]
    ]
    if problems:
        raise ConfigError(*problems)


def refuse_future(state: State, clock: Clock) -> None:
    """Check that no bookmark lies after Stripe's clock.

    Raises:
        ConfigError: If one does: nothing would be read until that time has come.
    """
    problems = [
        f"The bookmark of `{name}`, {format_time(mark.value)}, lies after Stripe's clock, "
        f"{format_time(clock.signpost)}: nothing would be read until then. Take it out of the "
        "state to read the stream from the start."
        for name, mark in state.bookmarks.items()
        if mark.value is not None and mark.value > clock.signpost + _CLOCKS_DIFFER_SECONDS
    ]
    if problems:
        raise ConfigError(*problems)
