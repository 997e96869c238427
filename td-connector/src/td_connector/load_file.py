"""The few things that must be known of a `load.yml`; both programs read it themselves.

The file goes to them as it is. Here it is parsed to show it without its secrets, and to know
whether a run of it may go on from a state.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import yaml

from td_connector.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


def read_load_file(path: Path) -> str:
    """Return the text of a settings file that holds settings.

    Raises:
        UserError: If it cannot be read, or is neither JSON nor YAML.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise UserError(
            f"There is no settings file `{path}`. Check the path, or write one with a key and a "
            f"target and let `td-connector guess {path}` fill it in."
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"The settings file `{path}` cannot be read: {error}.") from None
    parse_settings(text, f"The settings file `{path}`")
    return text


def parse_settings(text: str, source: str = "The settings file that is stored") -> dict[str, Any]:
    """Return everything in a settings file, sections and all.

    Raises:
        UserError: If it is neither JSON nor YAML, holds no names with values, or a name twice. The
            text is not quoted: it may hold a key.
    """
    try:
        found = _parse(text)
    except _TwiceError as twice:
        raise UserError(f"{source} can be read in two ways: {twice}. Remove one.") from None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f" in line {mark.line + 1}" if mark else ""
        # A tab is no mistake inside a text, only where YAML stumbles over it.
        has_tab = "\\t" in str(getattr(error, "problem", ""))
        fix = "Indent with spaces, not tabs." if has_tab else "Correct it there."
        raise UserError(f"{source} is neither JSON nor YAML{line}. {fix}") from None
    if not isinstance(found, dict) or not found:
        raise UserError(f"{source} must hold names and values, such as `target: charge`.")
    return found


class _TwiceError(Exception):
    """A name stands twice; which of the two is meant, nobody can tell."""


def _parse(text: str) -> Any:
    try:
        # JSON may be indented with tabs, which YAML refuses.
        return json.loads(text, object_pairs_hook=_unique)
    except ValueError:
        return yaml.load(text, Loader=_UniqueNames)  # noqa: S506 - a SafeLoader


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found:
            raise _TwiceError(f"`{name}` stands twice")
        found[name] = value
    return found


class _UniqueNames(yaml.SafeLoader):
    """YAML in which a name may not stand twice in one mapping; PyYAML would take the last."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:  # noqa: FBT001, FBT002 - PyYAML's signature
        lines: dict[str, int] = {}
        for name, _ in node.value:
            line = name.start_mark.line + 1
            if name.value in lines and isinstance(name, yaml.ScalarNode):
                raise _TwiceError(
                    f"`{name.value}` stands twice, in lines {lines[name.value]} and {line}"
                )
            lines[str(name.value)] = line
        return super().construct_mapping(node, deep)


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
