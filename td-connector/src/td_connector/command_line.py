"""The command line, and how a command ends."""

from __future__ import annotations

import contextlib
import errno
import logging
import os
import signal
import sys
from typing import TYPE_CHECKING, Any

import click

from td_connector.commands.demo import demo
from td_connector.commands.files import guess, issue, preview
from td_connector.commands.jobs import history, job, work
from td_connector.commands.jobs import run as run_command
from td_connector.commands.scheduler import scheduler
from td_connector.commands.schedules import create, delete, list_, show, update
from td_connector.errors import ConnectorError, TryLaterError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

PROGRAM = "td-connector"


class _OutputError(Exception):
    """Standard output cannot be written. Click would end with 1 whatever the reason is."""


_OUTPUT_ERRORS = frozenset({errno.EPIPE, errno.ENOSPC, errno.EDQUOT})


@contextlib.contextmanager
def _telling_output_errors() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno not in _OUTPUT_ERRORS:
            raise
        raise _OutputError from error


class _Group(click.Group):
    """A group whose commands end as a closed pipe or a full disk demands."""

    def make_context(self, *arguments: Any, **extra: Any) -> click.Context:
        """Parse the command line; `--help` is written here."""
        with _telling_output_errors():
            return super().make_context(*arguments, **extra)

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command, and write all of its output."""
        with _telling_output_errors():
            code = super().invoke(ctx)
            sys.stdout.flush()
        return code


@click.group(cls=_Group, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name=PROGRAM)
def cli() -> None:
    """Preview, load and schedule tables from Stripe, and see what came of it.

    Every load is a run of `tap-stripe-td | target-td-table`.
    """


for command in (
    guess, preview, issue, create, list_, show, update, delete, history, run_command, job, work,
    scheduler, demo,
):  # fmt: skip
    cli.add_command(command)


def main() -> None:
    """Run `td-connector`."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter("%(asctime)s %(message)s", "%Y-%m-%d %H:%M:%S"))
    logging.getLogger("td_connector").addHandler(handler)
    logging.getLogger("td_connector").setLevel(logging.INFO)
    with _hearing_ctrl_c():
        code = run()
    sys.exit(code)


@contextlib.contextmanager
def _hearing_ctrl_c() -> Iterator[None]:
    """Let Ctrl-C be an exception that commands clean up after, unless it is ignored."""
    if signal.getsignal(signal.SIGINT) is not signal.SIG_DFL:
        yield
        return
    try:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        yield
    finally:
        # Python's own end would tell of it by a traceback.
        signal.signal(signal.SIGINT, signal.SIG_DFL)


def run(arguments: Sequence[str] | None = None) -> int:
    """Run a command line, this process's own without one, and return its exit code."""
    try:
        code = cli.main(arguments, standalone_mode=False)
    except ConnectorError as error:
        for problem in str(error).splitlines():
            click.echo(f"{PROGRAM}: {problem}", err=True)
        return error.exit_code
    except click.ClickException as error:
        error.show()
        return 2
    except (click.Abort, KeyboardInterrupt):
        return 130
    except _OutputError as failed:
        # Python flushes stdout when it exits, and would complain again.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        if isinstance(failed.__cause__, BrokenPipeError):
            return 141
        click.echo(
            f"{PROGRAM}: The output cannot be written: {failed.__cause__}. Make room on its disk "
            "and try again.",
            err=True,
        )
        return TryLaterError.exit_code
    return code if isinstance(code, int) else 0
