"""Settings files: JSON or YAML, flat, or a Treasure Data `load.yml` with `in:` and `out:`."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from target_td_table import load_filters, plugin_options
from target_td_table.errors import SettingsError
from target_td_table.settings_text import SettingsTextError, mapping, parse_text, read_text

# What a load.yml has beside `in` and `out`. The old service used `exec`; here nothing does.
_OTHER_SECTIONS = frozenset({"exec", "filters"})
# Treasure Data's files name the output's plugin; there is only one here.
_IGNORED_IN_OUT = frozenset({"type"})


def read(path: str) -> dict[str, Any]:
    """The settings in a file, as they are meant for this program.

    Raises:
        SettingsError: If the file cannot be read, or its `mode` stands in two places and differs.
    """
    source = f"The settings file `{path}`"
    try:
        found = parse_text(read_text(Path(path)), source)
        return from_sections(found, source) if "in" in found or "out" in found else found
    except SettingsTextError as error:
        raise SettingsError([str(error)]) from error


def from_sections(found: Mapping[str, Any], source: str) -> dict[str, Any]:
    """The target's part of a file that has `in:` and `out:`.

    `mode` may stand in either section: the old documents disagree.

    Raises:
        SettingsError: If the two modes differ, or something stands beside the sections.
        SettingsTextError: If a section holds no names with values.
    """
    problems = [
        f"`{name}` stands beside `in:` and `out:`. Move it into one of them."
        for name in found
        if name not in _OTHER_SECTIONS | {"in", "out"}
    ]
    if problems:
        raise SettingsError(problems)
    in_, out = (
        mapping(found.get(section), f"{source}, under `{section}:`,") for section in ("in", "out")
    )
    modes = [part["mode"] for part in (in_, out) if part.get("mode") is not None]
    if modes[1:] and modes[0] != modes[1]:
        raise SettingsError(
            [
                (
                    f"`mode` is `{in_['mode']}` in `in:` and `{out['mode']}` in `out:`. "
                    "Keep one of them."
                )
            ]
        )
    own = {name: value for name, value in out.items() if name not in _IGNORED_IN_OUT}
    own = plugin_options.without_needless(own)
    own |= load_filters.settings_of(found.get("filters"), out)
    return own | {"mode": modes[0]} if modes else own
