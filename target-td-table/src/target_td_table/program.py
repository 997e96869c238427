"""What the command does: load the input, or print the state."""

import sys
from typing import IO, Any

import click

from target_td_table import command, report
from target_td_table.config import Settings, parse
from target_td_table.errors import InputError
from target_td_table.loaders.opening import check_destination, loader_for
from target_td_table.run import Run


def command_line() -> click.Command:
    """The options of singer-sdk's command line that a load may have, with the same meaning."""
    return click.Command(
        "target-td-table",
        callback=_load,
        params=[
            click.Option(["--config"], multiple=True, callback=lambda _, __, paths: command.given(paths)),
            click.Option(["--input", "file_input"], type=click.File("r")),
            *command.options(),
        ],
    )  # fmt: skip


def input_of(source: IO[Any] | None) -> IO[Any]:
    """The file to read, or standard input.

    Raises:
        InputError: If it is closed.
    """
    found = source or sys.stdin
    if found is None:
        raise InputError("Standard input is closed. Pipe a tap's output into this program.")
    return found


def print_state_of(settings: Settings, pipeline: str | None) -> None:
    """Print the last state that was published with rows; makes nothing where there is none."""
    loader = loader_for(settings, read_only=True)
    try:
        states = loader.states()
    finally:
        loader.close()
    with command.writing():
        click.echo(command.state_of(pipeline, states))


def finish(run: Run, *, is_dry: bool) -> None:
    """Publish what is left."""
    run.finish()
    if is_dry:
        report.log.info("This was a dry run: nothing was changed, and no state was written.")


def _load(
    config: command.Given,
    file_input: IO[str] | None,
    *,
    print_state: bool,
    check_settings: bool,
    dry_run: bool,
    **options: Any,
) -> None:
    given = command.merged(config, options)
    settings = parse(given)
    if check_settings:
        check_destination(settings)
        return
    if print_state:
        print_state_of(settings, given.get("pipeline"))
        return
    run = Run(settings, given, dry_run=dry_run)
    run.read(input_of(file_input))
    finish(run, is_dry=dry_run)
