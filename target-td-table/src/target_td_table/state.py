"""The state a tap sent: opaque, kept as the bytes that came."""

import sys
from dataclasses import dataclass

from target_td_table.errors import BusyError, ClosedOutputError


@dataclass(frozen=True, slots=True)
class State:
    """The last STATE before a publication, and the pipeline it belongs to."""

    pipeline: str
    value: str


def write(value: str) -> None:
    """Write a state line to standard output and make sure that it left.

    Raises:
        ClosedOutputError: If nobody reads standard output any more.
        BusyError: If the file it goes to cannot take it.
    """
    try:
        sys.stdout.write(f"{value}\n")
        sys.stdout.flush()
    except (BrokenPipeError, AttributeError) as error:
        raise ClosedOutputError("Standard output is closed.") from error
    except OSError as error:
        raise BusyError(
            f"The state cannot be written to standard output: {error.strerror}. The rows are "
            "published; get their state with `--print-state`, and run again from it."
        ) from error
