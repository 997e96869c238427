"""The README's commands do what they show there, with the real tap and target.

`python -m tests.connector.test_readme` writes what they show into the README anew.
"""

from __future__ import annotations

import contextlib
import fcntl
import io
import os
import pty
import re
import shlex
import signal
import struct
import subprocess
import sys
import tempfile
import termios
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb
import pytest

from stripe_sandbox.business import grow
from stripe_sandbox.server import serve
from stripe_sandbox.world import FakeStripe
from td_connector.command_line import cli, run

if TYPE_CHECKING:
    from collections.abc import Iterator

README = Path(__file__).parents[2] / "td-connector" / "README.md"
THE_PROJECTS = Path(__file__).parents[2] / "README.md"
COMMAND = (sys.executable, "-m", "td_connector")
SANDBOX = "http://127.0.0.1:12111"

# The sandbox's clock: 2026-11-23T08:00:00Z.
NOW = 1_795_420_800
# Of the terminal on which a person looks at a preview.
COLUMNS = 100

# What differs from run to run, and what the README has for it.
SHOWN_FOR_READERS = (
    # Times of this machine; those of the sandbox are followed by `.000 UTC`.
    (r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(?!\.)", "2026-11-23 08:00:00"),
    (r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "4f0c0a52-6f0e-4a9f-8a26-6d3c5c1d9b1e"),
    (r"(Folder +: ).*", r"\g<1>/home/you/stripe"),
    (r'--- \{".*\}', '--- {"version":1,"bookmarks":{"charges":{…}},"account":"acct_1SandboxOwnAccount"}'),
)  # fmt: skip
# What a reader sees may be any of; nor is a column wider than its widest cell.
OF_NO_MATTER = (
    (r"\b\d+(\.\d+)? s\b", "2.1 s"),
    (r"\d+ requests", "9 requests"),
    (r"\([\d,]+( rows)?/s\)", r"(75\1/s)"),
    (r"(Rows/s +: )\d+", r"\g<1>75"),
    (r"(2.1 s +\| )\d+ +", r"\g<1>75 "),
    (r" +\|", " |"),
    (r"-+\+", "-+"),
)


# From where the cursor is hidden to where the last line that told of progress is wiped.
ERASED = re.compile(r"\x1b\[\?25l.*\x1b\[2K", re.DOTALL)


def blocks(text: str, kind: str) -> list[str]:
    return re.findall(rf"```{kind}\n(.*?)```", text, re.DOTALL)


def commands(text: str) -> list[str]:
    """The command lines of the README, in order."""
    lines = "".join(blocks(text, "console")).splitlines()
    return [line.removeprefix("$ ") for line in lines if line.startswith("$ ")]


def replaced(text: str, replacements: tuple[tuple[str, str], ...]) -> str:
    for pattern, shown in replacements:
        text = re.sub(pattern, shown, text)
    return text


def transcript(text: str, folder: Path) -> str:
    """What a person sees who types the README's commands."""
    fake = FakeStripe(now=NOW)
    grow(fake, customers=50, seed=1)
    with serve(fake) as url:
        seed = blocks(text, "yaml")[0].replace(SANDBOX, url)
        (folder / "seed.yml").write_text(seed)
        shown = [f"$ {each}\n{typed(each, folder)}" for each in commands(text)]
        return replaced("".join(shown).replace(url, SANDBOX), SHOWN_FOR_READERS)


def typed(command: str, folder: Path) -> str:
    arguments = shlex.split(command)[1:]
    if arguments[0] == "preview":
        return on_terminal(arguments, folder)
    if arguments == ["scheduler"]:
        return until_stopped(arguments, folder)
    shown = io.StringIO()
    with (
        contextlib.chdir(folder),
        contextlib.redirect_stdout(shown),
        contextlib.redirect_stderr(shown),
    ):
        assert run(arguments) == 0
    return shown.getvalue()


def until_stopped(arguments: list[str], folder: Path) -> str:
    """What a command shows that runs until a Ctrl-C."""
    process = subprocess.Popen(
        [*COMMAND, *arguments],
        cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip
    assert process.stdout is not None
    first = process.stdout.readline()
    process.send_signal(signal.SIGINT)
    return first + "^C\n" + process.communicate()[0]


def on_terminal(arguments: list[str], folder: Path) -> str:
    """What a command shows on a terminal, which tells how many columns fit."""
    ours, its = pty.openpty()
    fcntl.ioctl(its, termios.TIOCSWINSZ, struct.pack("HHHH", 50, COLUMNS, 0, 0))
    with os.fdopen(ours, "rb") as screen:
        # Written out, since `readline` puts COLUMNS into the environment behind Python's back.
        process = subprocess.Popen(
            [*COMMAND, *arguments], cwd=folder, stdout=its, stderr=its, env=dict(os.environ)
        )
        os.close(its)
        shown = b""
        # Linux tells the end of a terminal's output by an error.
        with contextlib.suppress(OSError):
            while more := screen.read1():
                shown += more
        process.wait()
    return ERASED.sub("", shown.decode().replace("\r\n", "\n"))


@contextlib.contextmanager
def users_environment() -> Iterator[None]:
    """No key, store, width or compiled-module setting of this machine."""
    kept = dict(os.environ)
    for name in ("STRIPE_API_KEY", "TD_CONNECTOR_STORE", "COLUMNS", "PYTHONDONTWRITEBYTECODE"):
        os.environ.pop(name, None)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(kept)


def test_every_command_of_the_readme_shows_what_the_readme_says_and_doubles_no_row(
    tmp_path: Path,
) -> None:
    folder = tmp_path / "stripe"
    folder.mkdir()
    text = README.read_text()

    with users_environment():
        seen = transcript(text, folder)

    assert replaced(seen, OF_NO_MATTER) == replaced(blocks(text, "console")[0], OF_NO_MATTER)
    with duckdb.connect(str(folder / "stripe.duckdb")) as tables:
        counts = "SELECT count(*), count(DISTINCT id) FROM td_sample_db.td_sample_table"
        assert tables.sql(counts).fetchall() == [(158, 158)]


def test_the_table_has_every_command_and_the_walk_uses_it() -> None:
    text = README.read_text()

    named = re.findall(r"^\| `(\w+)[^`]*` \|", text.split("## A walk")[0], re.MULTILINE)
    used = {command.split()[1] for command in commands(text)}

    assert sorted(named) == sorted(name for name, each in cli.commands.items() if not each.hidden)
    assert set(named) - used == {"demo"}


@pytest.mark.timeout(120)
def test_the_demo_loads_a_sandbox_twice_and_ends_as_the_projects_readme_says(
    tmp_path: Path,
) -> None:
    with users_environment():
        # Nor does it need a wide terminal, or one that shows more than ASCII.
        ended = demo(tmp_path, COLUMNS="60", PYTHONIOENCODING="ascii")
        shown, said = ended.communicate()

    assert ended.returncode == 0, said
    (end,) = blocks(THE_PROJECTS.read_text(), "console")
    assert end in shown
    rows = [line for line in shown.splitlines() if line.startswith("  ch_")]
    assert len(rows) == 5
    assert max(map(len, rows)) <= 60


def demo(folder: Path, **variables: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [*COMMAND, "demo"], cwd=folder, env={**os.environ, **variables},
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


def test_a_demo_that_is_stopped_says_how_it_goes_on(tmp_path: Path) -> None:
    with users_environment():
        stopped = demo(tmp_path)
        assert stopped.stdout is not None
        assert stopped.stdout.readline().startswith("A Stripe sandbox answers at ")
        stopped.send_signal(signal.SIGINT)
        _, said = stopped.communicate(timeout=60)

    assert stopped.returncode == 130
    assert said == "\nStopped. Type `make demo` again: it goes on from here.\n"


def test_a_demo_of_another_version_is_told_how_to_start_anew(tmp_path: Path) -> None:
    world = tmp_path / ".demo" / "sandbox" / "world.json"
    world.parent.mkdir(parents=True)
    world.write_text('{"format": 0}')

    with users_environment():
        refused = demo(tmp_path)
        _, said = refused.communicate()

    assert refused.returncode == 2
    assert said.endswith("Type `rm -r .demo`, and then `make demo` again.\n")


def test_a_demo_that_fails_says_why_and_shows_no_log(tmp_path: Path) -> None:
    with users_environment():
        failed = demo(tmp_path, STRIPE_API_KEY="pk_live_1")
        _, said = failed.communicate()

    assert failed.returncode == 2
    assert "`tap-stripe-td` ended with exit code 2.\ntap-stripe-td: " in said
    assert '{"level"' not in said


def rewrite() -> None:
    text = README.read_text()
    with tempfile.TemporaryDirectory() as scratch, users_environment():
        folder = Path(scratch) / "stripe"
        folder.mkdir()
        shown = transcript(text, folder)
    README.write_text(text.replace(blocks(text, "console")[0], shown))


if __name__ == "__main__":
    rewrite()
