"""What the exit codes of a load's programs mean together."""

from __future__ import annotations

import signal
from dataclasses import dataclass
from typing import TYPE_CHECKING

from td_connector.errors import TryLaterError, UserError
from td_connector.job import Status

if TYPE_CHECKING:
    from collections.abc import Sequence

_CLOSED_PIPE = frozenset({128 + signal.SIGPIPE, -signal.SIGPIPE})
"""How a program ends whose reader went away."""


@dataclass(frozen=True)
class Ended:
    """How one program of a load ended.

    Attributes:
        program: Its name.
        exit_code: As `subprocess` gives it: negative after a signal.
        sentence: The last it said.
        told_codes: The exit codes of the programs that it started, if it told them: Meltano ends
            with 1 whatever its plugins end with.
    """

    program: str
    exit_code: int
    sentence: str = ""
    told_codes: tuple[int, ...] = ()


@dataclass(frozen=True)
class Outcome:
    """How a load ended.

    Attributes:
        status: For both.
        exit_code: For programs.
        reason: For people.
        is_uncertain: Whether the target may have published more than the last state it let out
            tells: it was ended, or failed, and that may have been after a commit.
    """

    status: Status
    exit_code: int = 0
    reason: str = ""
    is_uncertain: bool = False


def outcome(ended: Sequence[Ended], stopped_by: str = "") -> Outcome:
    """Return how a load ended, from all its programs in the order of the pipe.

    It is a success only if every program says so: a target sees nothing but the end of its input
    when the tap dies. One that ended since its reader did is no cause; else the first is, since
    what comes after a failure suffers from it.
    """
    failed = [each for each in ended if each.exit_code]
    # Decision: docs/decisions/0607-a-failed-target-is-asked.md.
    is_uncertain = ended[-1].exit_code != 0
    if stopped_by:
        reason = f"Stopped by {stopped_by}."
        return Outcome(Status.KILLED, TryLaterError.exit_code, reason, is_uncertain)
    if not failed:
        return Outcome(Status.SUCCESS)
    cause = next((each for each in failed if each.exit_code not in _CLOSED_PIPE), failed[-1])
    return Outcome(Status.ERROR, _exit_code(cause), _reason(cause), is_uncertain)


def _exit_code(cause: Ended) -> int:
    told = (code for code in cause.told_codes if code and code not in _CLOSED_PIPE)
    code = next(told, cause.exit_code)
    return code if code in {UserError.exit_code, TryLaterError.exit_code} else 1


def _reason(cause: Ended) -> str:
    sentence = " ".join(cause.sentence.split())
    if not sentence:
        return f"{cause.program}: {_how(cause.exit_code)} without a word."
    if cause.exit_code < 0:
        # What it said before it was killed is no reason.
        return f"{cause.program}: {_how(cause.exit_code)}. The last it said: {sentence}"
    return sentence if sentence.startswith(cause.program) else f"{cause.program}: {sentence}"


def _how(code: int) -> str:
    if code >= 0:
        return f"ended with exit code {code}"
    return f"was ended by {signal.Signals(-code).name}"
