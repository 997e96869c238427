"""Commands on schedules: create, list, show, update, delete."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from td_connector.checking import check_load
from td_connector.commands.options import with_format, with_store
from td_connector.cron import check_cron
from td_connector.errors import UserError
from td_connector.formats import Format
from td_connector.load import Load
from td_connector.load_file import read_load_file
from td_connector.moments import now
from td_connector.schedule import Schedule, first_tick, new_pipeline
from td_connector.showing import print_list, print_schedule
from td_connector.store import schedules
from td_connector.zones import parse_zone

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from td_connector.store.database import Store

_DELAY = click.IntRange(0, 31_536_000)


@click.command()
@click.argument("name")
@click.argument("cron")
@click.argument("database", required=False)
@click.argument("table", required=False)
@click.argument("file", required=False, type=click.Path(path_type=Path))
@click.option("-t", "--timezone", default="UTC", show_default=True, help="In which CRON is meant.")
@click.option(
    "-D", "--delay", type=_DELAY, default=0, metavar="SECONDS", help="Start so much later."
)
@click.option("--time-column", metavar="COLUMN", help="What the column `time` is filled with.")
@click.option("--meltano-job", metavar="JOB", help="Run this job of the Meltano project here.")
@with_format
@with_store
def create(store: Store, chosen: Format, **given: Any) -> None:
    """Load FILE into DATABASE and TABLE by CRON, under NAME.

    CRON has five fields, or is @hourly, @daily, @weekly or @monthly; an empty one runs only by
    hand. TABLE may hold {stream}. With --meltano-job there is no DATABASE, TABLE and FILE.

    The tap and the target, where they are installed, check the settings first; Stripe and the
    destination are not asked.
    """
    cron, timezone, load = _checked(
        lambda: check_cron(given["cron"]) if given["cron"].strip() else "",
        lambda: parse_zone(given["timezone"]).key,
        lambda: _load(given),
        lambda: _check_name(given["name"]),
    )[:3]
    schedule = Schedule(
        id=0,
        name=given["name"],
        cron=cron,
        timezone=timezone,
        delay_seconds=given["delay"],
        load=load,
        pipeline=new_pipeline(given["name"]),
        next_tick=first_tick(cron, parse_zone(timezone), now()),
    )
    print_schedule(schedules.create(store, schedule), chosen)


@click.command(name="list")
@with_format
@with_store
def list_(store: Store, chosen: Format) -> None:
    """Show all schedules."""
    print_list(schedules.all_by_name(store), chosen)


@click.command()
@click.argument("name")
@with_format
@with_store
def show(store: Store, name: str, chosen: Format) -> None:
    """Show the schedule NAME with its settings, keys masked, and its state."""
    print_schedule(schedules.find(store, name), chosen)


@click.command()
@click.argument("name")
@click.argument("file", required=False, type=click.Path(path_type=Path))
@click.option("-n", "--newname", metavar="NAME", help="Its new name.")
@click.option("-d", "--database", metavar="DB")
@click.option("-t", "--table", metavar="TABLE")
@click.option("-s", "--schedule", "cron", metavar="CRON", help="'' to run it only by hand.")
@click.option("-z", "--timezone", metavar="TZ")
@click.option("-D", "--delay", type=_DELAY, metavar="SECONDS")
@click.option("-T", "--time-column", metavar="COLUMN")
@click.option(
    "-c", "--config", metavar="FILE", type=click.Path(path_type=Path), help="Same as FILE."
)
@click.option("--meltano-job", metavar="JOB")
@click.option(
    "--config-diff",
    "--state",
    "state",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="Set the state that the next run starts from; `{}` in FILE reads from the start.",
)
@with_format
@with_store
def update(store: Store, name: str, chosen: Format, **given: Any) -> None:
    """Change the schedule NAME, only what is given."""
    changes = {key: value for key, value in given.items() if value is not None}
    if not changes:
        raise UserError(
            "There is nothing to update. Say what changes, such as `--schedule '@daily'`; "
            "`td-connector update --help` shows what can."
        )
    old = schedules.find(store, name)
    new = _updated(old, changes)
    if new.load != old.load or "state" in changes:
        _check(new.load, new.state if "state" in changes else None)
    schedules.replace(store, new, with_state="state" in changes)
    print_schedule(schedules.find(store, new.name), chosen)
    for hint in _what_to_know(old, new):
        click.echo(hint, err=True)


def _what_to_know(old: Schedule, new: Schedule) -> Iterator[str]:
    if old.state and old.state == new.state and old.load != new.load:
        yield (
            "Its state stays: the next run loads only what is new. To read from the start, put "
            "`{}` into a file and give it to `--config-diff`."
        )


@click.command()
@click.argument("name")
@with_format
@with_store
def delete(store: Store, name: str, chosen: Format) -> None:
    """Delete the schedule NAME with its state. Its jobs stay in `history`."""
    schedule = schedules.find(store, name)
    schedules.delete(store, schedule)
    if chosen is Format.TABLE:
        click.echo("Deleted session\n--")
    print_schedule(schedule, chosen)


def _checked(*parts: Callable[[], Any]) -> list[Any]:
    """Return what all parts give; or raise what all of them say, at once."""
    found: list[Any] = []
    problems: list[str] = []
    for part in parts:
        try:
            found.append(part())
        except UserError as error:
            problems += error.problems
    if problems:
        raise UserError(*problems)
    return found


def _check_name(name: str) -> None:
    if not name.strip() or name != name.strip() or not name.isprintable():
        raise UserError("The name of a schedule is empty or has blanks around it. Choose another.")


def _load(given: dict[str, Any]) -> Load:
    names = ("database", "table", "file")
    found = [name for name in names if given[name] is not None]
    if given["meltano_job"] is not None:
        if found:
            raise UserError(
                "A Meltano job brings its own settings. Leave DATABASE, TABLE and FILE out."
            )
        return Load(folder=str(Path.cwd()), meltano_job=given["meltano_job"])
    missing = ", ".join(name.upper() for name in names if name not in found)
    if missing:
        raise UserError(f"{missing} is missing after CRON. Write: NAME CRON DATABASE TABLE FILE.")
    load = Load(
        folder=str(Path.cwd()),
        config=read_load_file(given["file"]),
        database=given["database"],
        table=given["table"],
        time_column=given["time_column"],
    )
    _check(load)
    return load


def _check(load: Load, state: str | None = None) -> None:
    for hint in check_load(load, state):
        click.echo(hint, err=True)


def _updated(old: Schedule, changes: dict[str, Any]) -> Schedule:
    file = changes.get("config") or changes.get("file")
    cron, timezone, config, state = _checked(
        lambda: _new_cron(old, changes),
        lambda: parse_zone(changes["timezone"]).key if "timezone" in changes else old.timezone,
        lambda: read_load_file(file) if file else old.load.config,
        lambda: _read_state(changes["state"]) if "state" in changes else old.state,
        lambda: _check_name(changes["newname"]) if "newname" in changes else None,
    )[:4]
    loads = {"database", "table", "time_column", "meltano_job"} & changes.keys()
    when = {"cron", "timezone", "delay"} & changes.keys()
    return replace(
        old,
        name=changes.get("newname", old.name),
        cron=cron,
        timezone=timezone,
        delay_seconds=changes.get("delay", old.delay_seconds),
        load=replace(
            old.load,
            config=config,
            folder=str(Path.cwd()) if file else old.load.folder,
            **{name: changes[name] for name in loads},
        ),
        pipeline=new_pipeline(old.name) if "state" in changes else old.pipeline,
        state=state,
        is_uncertain=old.is_uncertain and "state" not in changes,
        next_tick=first_tick(cron, parse_zone(timezone), now()) if when else old.next_tick,
    )


def _new_cron(old: Schedule, changes: dict[str, Any]) -> str:
    if "cron" not in changes:
        return old.cron
    return check_cron(changes["cron"]) if changes["cron"].strip() else ""


def _read_state(path: Path) -> str | None:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UserError(f"The state file `{path}` cannot be read: {error.strerror}.") from None
    except ValueError:
        raise UserError(
            f"The state file `{path}` is no JSON. Write `{{}}` to start anew."
        ) from None
    if not isinstance(found, dict):
        raise UserError(f"The state file `{path}` must hold a JSON object, such as `{{}}`.")
    return json.dumps(found) if found else None
