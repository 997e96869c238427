"""Commands on a settings file: fill it in, look at what it brings, load it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import yaml

from td_connector.commands.options import with_format, with_store, with_wait
from td_connector.commands.starting_jobs import start
from td_connector.errors import UserError
from td_connector.formats import Format
from td_connector.guessing import described_settings, fill_in
from td_connector.load import Load
from td_connector.load_file import parse_settings, read_load_file, setting
from td_connector.masking import mask
from td_connector.moments import now
from td_connector.new_jobs import job_by_hand
from td_connector.programs import TAP, find_program
from td_connector.store import jobs

if TYPE_CHECKING:
    from td_connector.store.database import Store

_FILE = click.argument("file", type=click.Path(path_type=Path))


@click.command()
@_FILE
@click.option(
    "-o",
    "--out",
    type=click.Path(path_type=Path),
    default=Path("config.yml"),
    show_default=True,
    help="Where to write. A file that is there is kept under another name.",
)
def guess(file: Path, out: Path) -> None:
    """Write a settings file with every setting, from FILE with a key and a target."""
    text = read_load_file(file)
    settings = parse_settings(text, f"The settings file `{file}`")
    problems = _missing(settings, file)
    if problems:
        raise UserError(*problems)
    filled = fill_in(settings, *described_settings())
    shown = yaml.safe_dump(mask(parse_settings(filled)), sort_keys=False, allow_unicode=True)
    click.echo(f"Guessed configuration:\n\n---\n{shown}")
    _keep(out)
    _write_private(out, filled)
    click.echo(f"Created {out} file.")
    click.echo(f"Use 'td-connector preview {out}' to see what it brings.")


@click.command()
@_FILE
@click.option(
    "-f",
    "--format",
    "chosen",
    type=click.Choice([each.value for each in Format]),
    help="How to print; a table.",
)
def preview(file: Path, chosen: str | None) -> int:
    """Show the first rows that FILE would load. Nothing is loaded."""
    read_load_file(file)
    arguments = [find_program(TAP), "--config", str(file), "--preview"]
    arguments += ["--format", str(chosen)] if chosen else []
    sys.stdout.flush()
    code = subprocess.run(arguments, check=False).returncode  # noqa: S603 - our own program
    if code == 0 and chosen in {None, Format.TABLE}:
        click.echo(f"Change {file} and use 'td-connector preview {file}' to preview again.")
        click.echo(f"Use 'td-connector issue {file}' to load all of it.")
    return code if code >= 0 else 1


@click.command()
@_FILE
@click.option("--database", metavar="DB", help="The database to load into.")
@click.option("--table", metavar="TABLE", help="The table to load into.")
@click.option("--time-column", metavar="COLUMN", help="What the column `time` is filled with.")
@click.option(
    "--auto-create-table/--no-auto-create-table",
    default=None,
    help="Create the database and the table if they are missing, or refuse.",
)
@with_wait
@with_format
@with_store
def issue(store: Store, file: Path, wait: bool, chosen: Format, **overrides: Any) -> int:  # noqa: FBT001 - click passes flags
    """Load FILE once, all that it selects, from the start."""
    load = Load(folder=str(Path.cwd()), config=read_load_file(file), **overrides)
    moment = now()
    queued = jobs.queue(store, job_by_hand(load, None, scheduled_at=moment, now=moment))
    if queued is None:
        raise AssertionError("a job of no schedule overlaps nothing")
    return start(store, queued, chosen, wait=wait)


def _missing(settings: dict[str, Any], file: Path) -> list[str]:
    keys = ("secret_key", "client_secret", "refresh_token")
    has_key = any(setting(settings, name, "in") for name in keys) or os.environ.get(
        "STRIPE_API_KEY"
    )
    problems = []
    if not has_key:
        problems.append(
            f"`{file}` has no `secret_key`, and there is no STRIPE_API_KEY. Put the key into one "
            "of them."
        )
    if not setting(settings, "target", "in"):
        problems.append(f"`{file}` has no `target`. Write what to read, such as `target: charge`.")
    return problems


def _keep(out: Path) -> None:
    """Move a file that stands in the way to the first free name: `.0`, `.1` …."""
    if out.exists():
        if not out.is_file():
            raise UserError(f"`{out}` is there and is no file. Name one to write with `-o`.")
        number = 0
        while (kept := out.with_name(f"{out.name}.{number}")).exists():
            number += 1
        try:
            out.rename(kept)
        except OSError as error:
            raise UserError(
                f"`{out}` is there and cannot be moved to `{kept}`: {error.strerror}. Name another "
                "file to write with `-o`."
            ) from None
        click.echo(f"Moved the {out} that was there to {kept}.")


def _write_private(out: Path, text: str) -> None:
    try:
        with os.fdopen(os.open(out, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w") as file:
            file.write(text)
    except OSError as error:
        raise UserError(f"`{out}` cannot be written: {error.strerror}.") from None
