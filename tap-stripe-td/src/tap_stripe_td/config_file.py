"""Settings as a person wrote them: JSON, YAML, or a `load.yml` of the hosted connector.

A `load.yml` holds both programs' settings, either side by side or under `in:` and `out:`; what
stands under `out:` is the target's.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tap_stripe_td.errors import ConfigError
from tap_stripe_td.settings_text import SettingsTextError, mapping, parse_text, read_text

if TYPE_CHECKING:
    from pathlib import Path


def read_config_file(path: Path) -> dict[str, Any]:
    """Return the tap's part of a settings file.

    Raises:
        ConfigError: If the file cannot be read or holds no settings.
    """
    source = f"The settings file `{path}`"
    try:
        return tap_settings(parse_text(read_text(path), source), source=source)
    except SettingsTextError as error:
        raise ConfigError(str(error)) from None


def tap_settings(content: dict[str, Any], *, source: str) -> dict[str, Any]:
    """Return what is the tap's of parsed settings, flat.

    Raises:
        SettingsTextError: If `in:` holds no names with values.
    """
    if "in" not in content:
        return {name: value for name, value in content.items() if name not in _SECTIONS}
    return mapping(content["in"], f"{source}, under `in:`,")


_SECTIONS = frozenset({"out", "exec", "filters"})
