# ruff: noqa: INP001 - a script
"""Make docs/settings.md, and the settings in meltano.yml, from what the programs say.

python docs/make_settings.py           # writes both
python docs/make_settings.py --check   # exits 1 if one is out of date
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import yaml

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    Settings = Mapping[str, Mapping[str, Any]]

PROGRAMS: Final = ("tap-stripe-td", "target-td-table")
PAGE: Final = Path(__file__).with_name("settings.md")
PROJECT: Final = Path(__file__).parents[1] / "meltano.yml"
FILES: Final = (PAGE, PROJECT)
REMAKE: Final = "python docs/make_settings.py"

_BEFORE: Final = """\
<!-- Made by docs/make_settings.py from what the programs say. Do not edit. -->

# Settings

Both programs take `--config FILE`, in JSON or YAML; given more than once, later files override earlier ones. One file may hold the settings of
both, side by side or under `in:` (the tap's) and `out:` (the target's), as in a Treasure Data `load.yml`. With `--config=ENV` settings are read
from environment variables: the program's and the setting's name in capitals, such as `TAP_STRIPE_TD_WORKERS`.
Everything is checked before any work, and all problems are told at once. Values marked *secret* are never shown.
"""

_AFTER: Final = """\
Both programs also take singer-sdk's `stream_maps`, `stream_map_config`, `faker_config` and `flattening_…`
(<https://sdk.meltano.com/en/latest/stream_maps.html>). They make records go through singer-sdk, which is about ten times slower.
With `batch_config` (<https://sdk.meltano.com/en/latest/batch.html>; jsonl, with compression gzip or none) the tap writes records to files and
names them in BATCH messages. Nobody removes the files.
"""


# Those of singer-sdk, which has a page of its own for them.
_OF_THE_SDK: Final = ("stream_map", "faker_", "flattening_", "batch_config")
_LABELS: Final = {
    "apikey": "API key",
    "api_version": "API version",
    "base_url": "Base URL",
    "faker_config": "Faker",
}
_CHOICES: Final = {"gt": "After", "gte": "From", "lt": "Before", "lte": "Until"}
# Meltano sends every default. This one compares with a setting that need not be given.
_NOT_SENT: Final = frozenset({"formula"})
_LINE_LENGTH: Final = 100


def settings_of(program: str) -> Settings:
    """Return a program's settings as it prints them."""
    command = [str(Path(sys.executable).with_name(program)), "--about", "--format=json"]
    printed = subprocess.run(command, capture_output=True, check=True)  # noqa: S603 - our own
    found: Settings = json.loads(printed.stdout)["settings"]["properties"]
    return found


def page(programs: Mapping[str, Settings]) -> str:
    """Return the whole page."""
    sections = [line for name, found in programs.items() for line in _section(name, found)]
    return "\n".join([_BEFORE, *sections, _AFTER])


def _section(program: str, settings: Settings) -> Iterator[str]:
    yield f"## {program}\n"
    yield _line(("Setting", "Kind", "Default", "What it decides"))
    yield _line(("---", "---", "---", "---"))
    for name, described in settings.items():
        if not name.startswith(_OF_THE_SDK):
            cells = (f"`{name}`", _kind(described), _default(described), described["description"])
            yield _line(cells)
    yield ""


def _kind(described: Mapping[str, Any]) -> str:
    if choices := _choices(described):
        return ", ".join(f"`{choice}`" for choice in choices)
    return " or ".join(_types(described)) + (", *secret*" if described.get("secret") else "")


def _types(described: Mapping[str, Any]) -> list[str]:
    types = described["type"]
    return [types] if isinstance(types, str) else [kind for kind in types if kind != "null"]


def _choices(described: Mapping[str, Any]) -> list[str]:
    return [choice for choice in described.get("enum", ()) if choice is not None]


def _default(described: Mapping[str, Any]) -> str:
    default = described.get("default")
    if default is None:
        return ""
    return f"`{default if isinstance(default, str) else json.dumps(default)}`"


def _line(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cell.replace('|', '&#124;') for cell in cells)} |"


def project(text: str, programs: Mapping[str, Settings]) -> str:
    """Return meltano.yml with the settings of each program between its two marks."""
    for name, settings in programs.items():
        mark = f"    # Made by docs/make_settings.py from `{name} --about`.\n    settings:\n"
        made = "".join(f"{line}\n" for each in settings.items() for line in _plugin_setting(*each))
        pattern = re.escape(mark) + r".*?(?=    # end of settings\n)"
        text, found = re.subn(pattern, lambda _, new=mark + made: new, text, flags=re.DOTALL)  # type: ignore[misc]
        if not found:
            sys.exit(f"`{PROJECT.name}` has no mark for the settings of `{name}`: `{mark.strip()}`")
    return text


def _plugin_setting(name: str, described: Mapping[str, Any]) -> Iterator[str]:
    """Yield the lines of a setting as Meltano writes them, so that it changes none of them."""
    yield f"    - name: {name}"
    yield f"      kind: {_plugin_kind(described)}"
    if described.get("default") is not None and name not in _NOT_SENT:
        written = yaml.safe_dump({"value": described["default"]})
        yield f"      {written.rstrip()}"
    yield f"      label: {_LABELS.get(name) or name.replace('_', ' ').capitalize()}"
    yield "      description: >-"
    words = " ".join(described["description"].split())
    yield from textwrap.wrap(
        words,
        _LINE_LENGTH,
        initial_indent=" " * 8,
        subsequent_indent=" " * 8,
        break_long_words=False,
        break_on_hyphens=False,
    )
    if described.get("secret"):
        yield "      sensitive: true"
    yield from _plugin_options(_choices(described))


def _plugin_kind(described: Mapping[str, Any]) -> str:
    first = _types(described)[0]
    # Meltano 4.4 fails over its own `decimal`, which it cannot write as JSON for the program.
    return "options" if "enum" in described else {"number": "integer"}.get(first, first)


def _plugin_options(choices: Iterable[str]) -> Iterator[str]:
    for number, choice in enumerate(choices):
        if number == 0:
            yield "      options:"
        yield f"      - {{label: {_CHOICES.get(choice, choice.capitalize())}, value: {choice}}}"


def main() -> None:
    """Write both files, or check them."""
    parser = argparse.ArgumentParser(description="Make docs/settings.md and meltano.yml.")
    parser.add_argument("--check", action="store_true", help="write nothing, exit 1 if one differs")
    only_check = parser.parse_args().check
    programs = {name: settings_of(name) for name in PROGRAMS}
    written = {path: path.read_text(encoding="utf-8") if path.exists() else "" for path in FILES}
    wanted = {PAGE: page(programs), PROJECT: project(written[PROJECT], programs)}
    stale = [path for path, text in wanted.items() if written[path] != text]
    if only_check and stale:
        names = " and ".join(f"`{path.name}`" for path in stale)
        sys.exit(f"Out of date: {names}. Make it again with `{REMAKE}` and commit it.")
    for path in stale:
        path.write_text(wanted[path], encoding="utf-8")


if __name__ == "__main__":
    main()
