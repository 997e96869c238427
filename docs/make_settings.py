# ruff: noqa: INP001 - a script
"""Make docs/settings.md from the settings tables of both programs.

python docs/make_settings.py           # writes the page
python docs/make_settings.py --check   # exits 1 if it is out of date
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from tap_stripe_td import settings
from target_td_table import config

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

PAGE: Final = Path(__file__).with_name("settings.md")
REMAKE: Final = "python docs/make_settings.py"

_BEFORE: Final = """\
<!-- Made by docs/make_settings.py from the settings tables. Do not edit. -->

# Settings

Both programs take `--config FILE`, in JSON or YAML; given more than once, later files override earlier ones. One file may hold the settings of
both, side by side or under `in:` (the tap's) and `out:` (the target's), as in a Treasure Data `load.yml`. With `--config=ENV` settings are read
from environment variables: the program's and the setting's name in capitals, such as `TAP_STRIPE_TD_WORKERS`.
Everything is checked before any work, and all problems are told at once. Values marked *secret* are never shown.
"""

_AFTER: Final = """\
Both programs also take singer-sdk's `stream_maps`, `stream_map_config`, `faker_config` and `flattening_…`
(<https://sdk.meltano.com/en/latest/stream_maps.html>). They make records go through singer-sdk, which is about ten times slower.
"""


def page() -> str:
    """Return the whole page."""
    return "\n".join(
        [
            _BEFORE,
            *_section("tap-stripe-td", settings.json_schema()),
            *_section("target-td-table", config.json_schema()),
            _AFTER,
        ]
    )


def _section(program: str, schema: dict[str, Any]) -> Iterator[str]:
    yield f"## {program}\n"
    yield _line(("Setting", "Kind", "Default", "What it decides"))
    yield _line(("---", "---", "---", "---"))
    for name, described in schema["properties"].items():
        yield _line((f"`{name}`", _kind(described), _default(described), described["description"]))
    yield ""


def _kind(described: dict[str, Any]) -> str:
    if "enum" in described:
        return ", ".join(f"`{choice}`" for choice in described["enum"] if choice is not None)
    types = described["type"]
    kinds = [types] if isinstance(types, str) else [kind for kind in types if kind != "null"]
    return " or ".join(kinds) + (", *secret*" if described.get("secret") else "")


def _default(described: dict[str, Any]) -> str:
    default = described.get("default")
    if default is None:
        return ""
    return f"`{default if isinstance(default, str) else json.dumps(default)}`"


def _line(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cell.replace('|', '&#124;') for cell in cells)} |"


def main() -> None:
    """Write the page, or check it."""
    parser = argparse.ArgumentParser(description="Make docs/settings.md.")
    parser.add_argument("--check", action="store_true", help="write nothing, exit 1 if it differs")
    if not parser.parse_args().check:
        PAGE.write_text(page(), encoding="utf-8")
        return
    if not PAGE.exists() or PAGE.read_text(encoding="utf-8") != page():
        sys.exit(f"Out of date: `{PAGE.name}`. Make it again with `{REMAKE}` and commit it.")


if __name__ == "__main__":
    main()
