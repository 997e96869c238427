"""The command line: options beside `--config`, and how a command ends."""

import contextlib
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import click

from target_td_table import config_file, report
from target_td_table.config import SETTINGS
from target_td_table.errors import (
    BusyError,
    ClosedOutputError,
    SettingsError,
    TargetError,
    exit_code,
)

# Settings that people change from run to run.
_OPTIONS = ("destination", "database", "table", "mode", "time_column", "pipeline")


@dataclass(frozen=True, slots=True)
class Given:
    """What `--config` named: the settings of all files, later ones over earlier ones."""

    settings: Mapping[str, Any]
    from_environment: bool


def given(paths: Sequence[str]) -> Given:
    """Read the files of `--config`; `ENV` stands for environment variables.

    Raises:
        SettingsError: If a file cannot be read.
    """
    settings: dict[str, Any] = {}
    for path in paths:
        if path != "ENV":
            settings |= config_file.read(path)
    return Given(settings, "ENV" in paths)


def merged(given: Given, options: Mapping[str, Any]) -> dict[str, Any]:
    """The settings of the files, and over them the options that were given."""
    return {**given.settings, **{name: each for name, each in options.items() if each is not None}}


def options() -> list[click.Parameter]:
    """The options for settings, with the descriptions of the settings table."""
    settings = {setting.name: setting for setting in SETTINGS}
    plain = [
        click.Option([f"--{name.replace('_', '-')}", name], help=settings[name].description)
        for name in _OPTIONS
    ]
    create = click.Option(
        ["--auto-create-table/--no-auto-create-table", "auto_create_table"],
        default=None,
        help=settings["auto_create_table"].description,
    )
    print_state = click.Option(
        ["--print-state"],
        is_flag=True,
        help="Print the last state that was published, for the tap to start from, and exit.",
    )
    check_settings = click.Option(
        ["--check-settings"],
        is_flag=True,
        help="Check the settings and exit. Nothing is read, and the destination is not reached.",
    )
    dry_run = click.Option(
        ["--dry-run"],
        is_flag=True,
        help="Read and check the input, say what would change about the tables, and change nothing.",
    )
    return [*plain, create, print_state, check_settings, dry_run]


def state_of(pipeline: str | None, states: Mapping[str, str]) -> str:
    """The state to print: the named pipeline's, or the only one there is; `{}` if there is none.

    Raises:
        SettingsError: If several pipelines loaded there and none was named.
    """
    if pipeline is not None:
        return states.get(pipeline, "{}")
    if len(states) > 1:
        names = ", ".join(f"`{name}`" for name in sorted(states))
        raise SettingsError([f"Several pipelines load there: {names}. Name one with `--pipeline`."])
    return next(iter(states.values()), "{}")


def occupy_descriptors() -> None:
    """Give closed standard streams somewhere to go.

    Otherwise the next file that is opened, such as the database, would get the descriptor.
    """
    for descriptor in range(3):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)
    if sys.stderr is None:
        sys.stderr = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115, PTH123


def end(command: click.Command) -> int:
    """Run a command and return its exit code; whatever refuses is told as a sentence."""
    try:
        return _run(command)
    except click.ClickException as error:
        error.show()
        return 2
    except ClosedOutputError as error:
        _forget_output()
        return exit_code(error)
    except TargetError as error:
        report.refuse(str(error))
        return exit_code(error)
    except (click.Abort, KeyboardInterrupt):
        return 130


def _run(command: click.Command) -> int:
    """Click's own `main` would end with 1 whatever is wrong with the output."""
    try:
        # Help and version are written here.
        with writing():
            context = command.make_context("target-td-table", sys.argv[1:])
        with context:
            return int(command.invoke(context) or 0)
    except click.exceptions.Exit as ended:
        return ended.exit_code


@contextlib.contextmanager
def writing() -> Iterator[None]:
    """Write all that is printed in the block to standard output.

    Raises:
        ClosedOutputError: If nobody reads standard output.
        BusyError: If it cannot take it.
    """
    try:
        try:
            yield
        finally:
            if sys.stdout is not None:
                sys.stdout.flush()
    except BrokenPipeError as error:
        raise ClosedOutputError("Standard output is closed.") from error
    except OSError as error:
        _forget_output()
        raise BusyError(
            f"Standard output cannot be written: {error.strerror}. Make room on its disk and try "
            "again."
        ) from error


def _forget_output() -> None:
    """Let Python's last flush go nowhere: it would complain again."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
