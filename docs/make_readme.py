# ruff: noqa: INP001 - a script
"""Fill the generated tables of README.md: the core streams and the tap's settings.

python docs/make_readme.py           # writes them
python docs/make_readme.py --check   # exits 1 if they are out of date
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

from tap_stripe_td.settings import SETTINGS
from tap_stripe_td.streams.row import Coverage
from tap_stripe_td.streams.table import STREAMS
from tap_stripe_td.upkeep import Upkeep, upkeep

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tap_stripe_td.streams.row import Stream

PAGE: Final = Path(__file__).parents[1] / "README.md"


def filled(text: str) -> str:
    """Return the page with its tables as the sources say."""
    for name, lines in (("streams", _streams()), ("settings", _settings())):
        begin = f"<!-- {name}: made by docs/make_readme.py -->\n"
        before, _, rest = text.partition(begin)
        _, end, after = rest.partition("<!-- end -->")
        text = "\n".join([before + begin + next(lines), *lines, end + after])
    return text


def _streams() -> Iterator[str]:
    yield "| Stream | Old name | After the first run |"
    yield "|---|---|---|"
    for row in STREAMS:
        if row.core:
            old = ", ".join(f"`{alias}`" for alias in row.aliases)
            yield f"| `{row.name}` | {old} | {_afterwards(row)} |"


def _afterwards(row: Stream) -> str:
    if row.coverage is Coverage.SELF:
        return "what was created since"
    if row.parent is not None and row.parent.tells:
        return f"what hangs on changed `{row.parent.stream}`"
    return _AFTERWARDS[upkeep(row)]


_AFTERWARDS: Final = {
    Upkeep.TAIL: "what its events say has changed",
    Upkeep.FORWARD: "what was created since, and recent ones that changed",
    Upkeep.WHOLE: "read whole, sent when it changed",
}


def _settings() -> Iterator[str]:
    yield "| Setting | Default | |"
    yield "|---|---|---|"
    for setting in SETTINGS:
        default = "" if setting.default in (None, []) else f"`{setting.default}`".lower()
        yield f"| `{setting.name}` | {default} | {setting.description} |"


def main() -> int:
    """Run the command line; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing")
    text = PAGE.read_text(encoding="utf-8")
    made = filled(text)
    if not parser.parse_args().check:
        PAGE.write_text(made, encoding="utf-8")
        return 0
    if made != text:
        print("README.md is out of date. Run: make generated", file=sys.stderr)  # noqa: T201
    return int(made != text)


if __name__ == "__main__":
    sys.exit(main())
