"""What can stop a load, sorted by who must act.

Every message is a sentence for the person who runs the load: what happened, why, what to do now.
It names streams, fields and keys, never a secret and never the content of a record.
"""

import signal
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar


class TargetError(Exception):
    """A load that ends with a sentence; a traceback is for our own mistakes only."""

    exit_code: ClassVar[int] = 2


class SettingsError(TargetError):
    """Settings that cannot be used, all problems in one answer."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = tuple(problems)


class NoStateError(SettingsError):
    """The key may load rows, but may not read the state; a load refuses nothing of it.

    The code is EX_NOPERM of sysexits.h, so that a program that asks for the state can tell it from
    settings that are wrong.
    """

    exit_code = 77


class InputError(TargetError):
    """What the tap sent breaks the Singer spec or its own schema."""


class CutInputError(TargetError):
    """The input ended before its end: the tap died."""

    exit_code = 1


class RecordBeforeSchemaError(InputError):
    """A stream sent a record before its schema."""


@dataclass(frozen=True, slots=True)
class Misfit:
    """A record of a batch that the destination refuses: its place, from 0 on, and what is wrong."""

    place: int
    reason: str


class BadRecordError(InputError):
    """A record does not fit its table; `reason` is what is wrong with it, without where it is.

    When a destination refused it, `misfits` are the records of the batch that it is known to
    refuse, this one or more, each once.
    """

    def __init__(self, where: str, reason: str, fix: str, misfits: Sequence[Misfit] = ()) -> None:
        super().__init__(f"{where}: {reason}. Nothing of its batch was published. {fix}")
        self.reason = reason
        self.misfits = tuple(misfits)


class TooManyRejectedError(InputError):
    """More records were rejected than `max_rejected` allows."""


class MissingKeyError(BadRecordError):
    """A record lacks a field of its key."""


class UnfinishedStreamError(TargetError):
    """A stream in mode replace did not end with its ACTIVATE_VERSION."""

    exit_code = 1


class TableError(TargetError):
    """A table cannot take what the stream brings, and a person must decide."""


class DestinationError(TargetError):
    """The destination refused, and repeating would not help."""

    exit_code = 1


class BusyError(TargetError):
    """The destination cannot take the load now: it is locked, or its disk is full."""

    exit_code = 75


class ClosedOutputError(TargetError):
    """Nobody reads the state lines any more. The load ends as any program in a pipe does."""

    exit_code = 141


class InterruptedLoadError(TargetError):
    """A signal ended the load; what had been published stays, its state is out."""

    def __init__(self, signal_number: int) -> None:
        name = signal.Signals(signal_number).name
        by = "Ctrl-C" if signal_number == signal.SIGINT else name
        super().__init__(
            f"Stopped by {by}. What was published stays, and its state was "
            "written. Run again from that state."
        )
        self.code = 128 + signal_number


def exit_code(error: TargetError) -> int:
    """The exit code of a load that ended with this error."""
    return error.code if isinstance(error, InterruptedLoadError) else error.exit_code
