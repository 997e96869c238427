"""Reading connected accounts, one after the other, into the same streams.

https://docs.stripe.com/connect/authentication
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from tap_stripe_td.config import ALL_ACCOUNTS
from tap_stripe_td.errors import AccountRefusedError, ConfigError, TapError
from tap_stripe_td.source import Clock, Source, connected_accounts, read_clock
from tap_stripe_td.state import State
from tap_stripe_td.sync import Run, Shapes, sync, write_schemas

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable, Mapping

    from tap_stripe_td.client import Client
    from tap_stripe_td.discovery import StripeStream
    from tap_stripe_td.messages import Output
    from tap_stripe_td.steps import Whole


@dataclass(frozen=True)
class Accounts:
    """Several accounts that are read in one run.

    Attributes:
        client: Stripe under the platform's key.
        ids: The accounts; `ALL_ACCOUNTS` alone for every one that is connected.
        source_of: Makes the source of an account from its client.
        run_of: Makes an account's run of its source, its clock and its state.
        incremental: Whether states are written.
    """

    client: Client
    ids: tuple[str, ...]
    source_of: Callable[[Client, str], Source]
    run_of: Callable[[Source, Clock, State], Run]
    incremental: bool = True

    def sync(
        self,
        streams: Mapping[str, StripeStream],
        state: State,
        output: Output,
        stop: threading.Event,
    ) -> list[TapError]:
        """Write every account's news; return what could not be read.

        An account that the key may not read is left out; the others go on. A stream is announced
        as whole when this run read it whole of every account that was ever read.

        Raises:
            TapError: If nothing can be read.
        """
        total = _of_several(state)
        wholes = _Wholes()
        ids = connected_accounts(self.client) if self.ids == (ALL_ACCOUNTS,) else self.ids
        shapes = write_schemas(streams, output)
        failures: list[TapError] = []
        for account in ids:
            if stop.is_set():
                break
            before = total
            own = before.accounts.get(account, State())
            try:
                run = self._run(account, own)
            except AccountRefusedError as refused:
                failures.append(refused)
                continue
            last = own

            def remember(state: State, before: State = before, account: str = account) -> State:
                nonlocal last
                last = state
                return before.with_account(account, state)

            failures += sync(replace(run, announce=wholes.note), shapes, output, stop, remember)
            total = before.with_account(account, last)
        if not stop.is_set() and (lines := wholes.lines(shapes, len({*ids, *total.accounts}))):
            output.write(lines)
            if self.incremental:
                output.write_state(total, always=True)
        return failures

    def _run(self, account: str, state: State) -> Run:
        client = self.client.for_account(account)
        clock = read_clock(client)
        return self.run_of(self.source_of(client, account), clock, replace(state, account=account))


class _Wholes:
    """What was read whole, account by account.

    Decision: docs/decisions/0012-accounts-are-announced-together.md.
    """

    def __init__(self) -> None:
        self._found: dict[str, list[Whole]] = {}

    def note(self, stream: str, whole: Whole) -> bytes:
        """Note that a stream is whole in one account; no line says so yet."""
        self._found.setdefault(stream, []).append(whole)
        return b""

    def lines(self, shapes: Shapes, accounts: int) -> bytes:
        """Return the lines that announce the streams that are whole in that many accounts.

        Parts of different runs have different versions: what an earlier run began is not whole.
        """
        return b"".join(
            shapes[stream].whole_lines(wholes[0])
            for stream, wholes in self._found.items()
            if len(wholes) == accounts and len(set(wholes)) == 1 and not wholes[0].resumed
        )


def _of_several(state: State) -> State:
    """Return the state as one of several accounts; one account's state is taken in.

    Raises:
        ConfigError: If nobody can tell which account a state is of.
    """
    if not state.bookmarks and not state.children:
        return State(accounts=state.accounts)
    if state.account is None:
        raise ConfigError(
            "The state does not tell which account it is of, but `account_ids` is set. Leave "
            "`--state` out to read the accounts from the start."
        )
    return State().with_account(state.account, replace(state, accounts=State().accounts))
