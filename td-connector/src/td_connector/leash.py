"""A program that is asked to end when the process that started it is killed.

Else it would go on for as long as it finds something to read, while the job counts as lost and the
schedule runs again beside it. Decision: docs/decisions/0606-a-tap-ends-with-its-runner.md.
"""

from __future__ import annotations

import os
import sys

# Linux tells a process that the thread which started it is gone; nobody else does. In a program of
# its own, since Python between fork and exec may stop for ever beside other threads.
# https://man7.org/linux/man-pages/man2/PR_SET_PDEATHSIG.2const.html
_LEASH = (
    "import ctypes, os, sys; ctypes.CDLL(None).prctl(1, 15); "
    "os.getppid() == int(sys.argv[1]) or sys.exit(143); os.execv(sys.argv[2], sys.argv[2:])"
)


def leashed(arguments: tuple[str, ...]) -> tuple[str, ...]:
    """Return how a program is started so that SIGTERM comes when this thread is gone.

    Elsewhere than on Linux it is started as it is.
    """
    if sys.platform != "linux":
        return arguments
    return (sys.executable, "-IS", "-c", _LEASH, str(os.getpid()), *arguments)
