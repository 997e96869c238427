"""Options that several commands have."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, TypeVar

import click

from td_connector.formats import Format
from td_connector.store.database import DEFAULT_URL, open_store

_Command = TypeVar("_Command", bound=Callable[..., Any])


def with_store(command: _Command) -> _Command:
    """Give a command the opened store as its first argument."""

    @click.option(
        "--store",
        "store_url",
        envvar="TD_CONNECTOR_STORE",
        default=DEFAULT_URL,
        show_default=True,
        metavar="URL",
        help="Where schedules and jobs are kept: sqlite:///PATH or postgresql://…",
    )
    @functools.wraps(command)
    def with_opened(*args: Any, store_url: str, **options: Any) -> Any:
        store = open_store(store_url)
        try:
            return command(store, *args, **options)
        finally:
            store.close()

    return with_opened  # type: ignore[return-value] # the same command, with one option more


def with_format(command: _Command) -> _Command:
    """Give a command `--format`."""
    return click.option(
        "-f",
        "--format",
        "chosen",
        type=click.Choice([each.value for each in Format]),
        default=Format.TABLE.value,
        show_default=True,
        help="How to print.",
        callback=lambda _context, _option, value: Format(value),
    )(command)


def with_wait(command: _Command) -> _Command:
    """Give a command `--wait`."""
    return click.option(
        "-w", "--wait", is_flag=True, help="Run here, and end when the load has ended."
    )(command)
