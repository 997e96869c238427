"""What a demo says, and why it cannot go on, as sentences."""

from __future__ import annotations

import errno
import io
import os
import sys

AGAIN = "Type `make demo` again: it goes on from here."

USER, TRY_LATER, CLOSED_PIPE = 2, 75, 141
"""Exit codes: something must change first, or the same may do later; or nobody reads the output."""

# A limit on the size of files fills them as a disk does.
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


class DemoError(Exception):
    """The demo ends with a sentence."""

    def __init__(self, sentence: str, exit_code: int = USER) -> None:
        super().__init__(sentence)
        self.exit_code = exit_code


def of_files(folder: str, error: OSError) -> DemoError:
    """Why the demo cannot keep its files."""
    place, why = error.filename or folder, error.strerror
    if error.errno in _FULL:
        return DemoError(
            f"The demo cannot write into `{folder}`: {why}. Make room on its disk. {AGAIN}",
            TRY_LATER,
        )
    if isinstance(error, (FileExistsError, NotADirectoryError)):
        return DemoError(
            f"The demo needs the folder `{folder}`, but a file is in its place. Remove it or "
            "rename it, and type `make demo` again."
        )
    return DemoError(
        f"The demo cannot use `{place}`: {why}. Give this user the right to write there, and type "
        "`make demo` again."
    )


def replace_what_no_terminal_shows() -> None:
    """Let names of an account come as escapes where the terminal's encoding lacks them."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")


def say(text: str = "") -> None:
    """Write a line, at once.

    Raises:
        DemoError: If it cannot be written.
        BrokenPipeError: If nobody reads it.
    """
    try:
        print(text, flush=True)
    except BrokenPipeError:
        raise
    except OSError as error:
        forget_output()
        raise DemoError(
            f"The demo's output cannot be written: {error.strerror}. Send it elsewhere, and type "
            "`make demo` again.",
            TRY_LATER,
        ) from error


def forget_output() -> None:
    """Let Python's last flush go nowhere: it would complain once more."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
