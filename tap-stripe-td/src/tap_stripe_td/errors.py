"""Every refusal, sorted by who must act; the exit code says it to programs."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tap_stripe_td.units import UnixSeconds


class TapError(Exception):
    """The run cannot go on, or a stream of it cannot: one sentence that a person can act on."""

    exit_code = 1


class ConfigError(TapError):
    """The user must change something: settings, catalog or state.

    Attributes:
        problems: One sentence each, all that were found.
    """

    exit_code = 2

    def __init__(self, *problems: str) -> None:
        self.problems = problems
        super().__init__("\n".join(problems))


class KeyRefusedError(ConfigError):
    """Stripe does not know the key: no stream can be read."""


class StripeRefusedError(TapError):
    """Stripe answered that this request will not be served, now or later.

    Attributes:
        date: Stripe's clock when it refused.
    """

    def __init__(self, sentence: str, *, date: UnixSeconds) -> None:
        self.date = date
        super().__init__(sentence)


class NotEnabledError(StripeRefusedError):
    """The account does not have the product that this stream belongs to."""


class AccountRefusedError(StripeRefusedError):
    """The key may not read that connected account, or there is none."""


class NoSuchObjectError(StripeRefusedError):
    """Stripe has no object of that id, or none any more.

    Attributes:
        param: The parameter that named it; empty when the path did.
    """

    def __init__(self, sentence: str, *, date: UnixSeconds, param: str) -> None:
        self.param = param
        super().__init__(sentence, date=date)


class TryLaterError(TapError):
    """Stripe could not be reached or did not answer as itself, after every retry."""

    exit_code = 75


class UnreachableError(TryLaterError):
    """No connection to Stripe comes about: no stream can be read."""


class UnexpectedAnswerError(TapError):
    """Stripe's answers contradict each other; going on would lose rows or never end."""


ENDS_THE_RUN = (KeyRefusedError, UnreachableError)
"""After these no stream can be read; whatever else is refused is so for one stream."""
