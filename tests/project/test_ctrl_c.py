"""Ctrl-C while a program starts: it ends, as any program does, without a word."""

from __future__ import annotations

import signal
import subprocess
import sys

import pytest

from tests.fakes.programs import program

# Starts a console script, and presses Ctrl-C when it imports a module.
INTERRUPTED = """
import os, sys
script, module = sys.argv.pop(1), sys.argv.pop(1)
class Pressing:
    def find_spec(self, name, *_):
        if name == module:
            sys.meta_path.remove(self)
            os.kill(os.getpid(), 2)
sys.meta_path.insert(0, Pressing())
exec(compile(open(script).read(), script, "exec"))
"""


def interrupted(name: str, module: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", INTERRUPTED, program(name), module],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


# `signal` itself needs `enum`: before it is there, nothing can be set.
@pytest.mark.parametrize(
    ("module", "exit_code"), [("enum", 130), ("click", -signal.SIGINT)], ids=["first", "later"]
)
@pytest.mark.parametrize("name", ["tap-stripe-td", "target-td-table", "td-connector"])
def test_a_program_that_still_starts_ends_without_a_traceback(
    name: str, module: str, exit_code: int
) -> None:
    ended = interrupted(name, module)

    assert (ended.returncode, ended.stdout, ended.stderr) == (exit_code, "", "")
