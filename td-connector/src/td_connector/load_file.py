"""The few things that must be known of a `load.yml`; both programs read it themselves.

The file goes to them as it is. Here it is parsed to show it without its secrets, and to know
whether a run of it may go on from a state.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from td_connector import settings_text
from td_connector.errors import UserError
from td_connector.settings_text import SettingsTextError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


def read_load_file(path: Path) -> str:
    """Return the text of a settings file that holds settings.

    Raises:
        UserError: If it cannot be read, or is neither JSON nor YAML.
    """
    try:
        text = settings_text.read_text(path)
    except SettingsTextError as error:
        raise UserError(str(error)) from None
    parse_settings(text, f"The settings file `{path}`")
    return text


def parse_settings(text: str, source: str = "The settings file that is stored") -> dict[str, Any]:
    """Return everything in a settings file, sections and all.

    Raises:
        UserError: If it is neither JSON nor YAML, holds no names with values, or a name twice. The
            text is not quoted: it may hold a key.
    """
    try:
        found = settings_text.parse_text(text, source)
        for section in ("in", "out"):
            settings_text.mapping(found.get(section), f"{source}, under `{section}:`,")
    except SettingsTextError as error:
        raise UserError(str(error)) from None
    return found


def setting(settings: Mapping[str, Any], name: str, *sections: str) -> Any:
    """Return a setting from the first section that has it; of a flat file, just it."""
    if "in" not in settings and "out" not in settings:
        return settings.get(name)
    parts = (settings.get(section) for section in sections)
    values = (part[name] for part in parts if isinstance(part, dict) and name in part)
    return next(values, None)


def reads_from_state(text: str) -> bool:
    """Whether a run goes on from the state of the run before.

    The tap does unless it is told `incremental: false`. But a table that each run replaces would
    then hold only what changed since the last run. So `mode: replace` reads the whole each time,
    as the hosted connector did, unless the file itself says `incremental: true`.
    Decision: docs/decisions/0603-replace-reads-the-whole.md.
    """
    settings = parse_settings(text)
    incremental = setting(settings, "incremental", "in")
    if incremental is not None:
        return bool(incremental)
    return str(setting(settings, "mode", "out", "in")) != "replace"
