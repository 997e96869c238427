"""Settings as a person wrote them: JSON, YAML, or a `load.yml` of the hosted connector.

A `load.yml` holds both programs' settings, either side by side or under `in:` and `out:`; what
stands under `out:` is the target's.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import yaml

from tap_stripe_td.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


def read_config_file(path: Path) -> dict[str, Any]:
    """Return the tap's part of a settings file.

    JSON is YAML too, but for the tabs that it may be indented with; they become spaces.

    Raises:
        ConfigError: If the file cannot be read or holds no settings.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise ConfigError(f"There is no settings file `{path}`. Check the path.") from None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"The settings file `{path}` cannot be read: {error}.") from None
    return tap_settings(_parse(text, path), source=f"The settings file `{path}`")


def _parse(text: str, path: Path) -> Any:
    try:
        return yaml.safe_load(text.replace("\t", "  "))
    except yaml.MarkedYAMLError as error:
        # The mark would quote the line, and the line may hold the key.
        line = error.problem_mark.line + 1 if error.problem_mark else "?"
        problem = error.problem or "it cannot be parsed"
    except yaml.YAMLError:
        line, problem = "?", "it cannot be parsed"
    raise ConfigError(
        f"The settings file `{path}` is neither JSON nor YAML: {problem}, in line {line}."
    )


def tap_settings(content: object, *, source: str) -> dict[str, Any]:
    """Return what is the tap's of parsed settings, flat.

    Raises:
        ConfigError: If the content, or its `in:`, is not a mapping.
    """
    if content is None:
        return {}
    mapping = _as_mapping(content, source)
    if "in" not in mapping:
        return {name: value for name, value in mapping.items() if name not in _SECTIONS}
    return dict(_as_mapping(mapping["in"] or {}, f"{source}, under `in:`,"))


_SECTIONS = frozenset({"out", "exec", "filters"})


def _as_mapping(content: object, source: str) -> Mapping[str, Any]:
    if isinstance(content, dict) and all(isinstance(name, str) for name in content):
        return content
    raise ConfigError(f"{source} must hold names and values, such as `target: charge`.")
