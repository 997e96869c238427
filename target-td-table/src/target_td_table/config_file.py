"""Settings files: JSON or YAML, flat, or a Treasure Data `load.yml` with `in:` and `out:`."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from target_td_table import load_filters, plugin_options
from target_td_table.errors import SettingsError

# What a load.yml has beside `in` and `out`. The old service used `exec`; here nothing does.
_OTHER_SECTIONS = frozenset({"exec", "filters"})
# Treasure Data's files name the output's plugin; there is only one here.
_IGNORED_IN_OUT = frozenset({"type"})


def read(path: str) -> dict[str, Any]:
    """The settings in a file, as they are meant for this program.

    Raises:
        SettingsError: If the file cannot be read, or its `mode` stands in two places and differs.
    """
    found = _load(path)
    if found is None:
        return {}
    if not isinstance(found, dict):
        raise SettingsError(
            [f"The settings file `{path}` holds no settings. Write them as `name: value`."]
        )
    return from_sections(found) if "in" in found or "out" in found else found


def from_sections(found: Mapping[str, Any]) -> dict[str, Any]:
    """The target's part of a file that has `in:` and `out:`.

    `mode` may stand in either section: the old documents disagree.

    Raises:
        SettingsError: If the two modes differ, or something stands beside the sections.
    """
    problems = [
        f"`{name}` stands beside `in:` and `out:`. Move it into one of them."
        for name in found
        if name not in _OTHER_SECTIONS | {"in", "out"}
    ]
    problems += [
        f"`{section}:` must hold settings, each as `name: value`."
        for section in ("in", "out")
        if not isinstance(found.get(section) or {}, Mapping)
    ]
    if problems:
        raise SettingsError(problems)
    source, out = found.get("in") or {}, found.get("out") or {}
    modes = {part["mode"] for part in (source, out) if part.get("mode") is not None}
    if len(modes) > 1:
        raise SettingsError(
            [
                (
                    f"`mode` is `{source['mode']}` in `in:` and `{out['mode']}` in `out:`. "
                    "Keep one of them."
                )
            ]
        )
    own = {name: value for name, value in out.items() if name not in _IGNORED_IN_OUT}
    own = plugin_options.without_needless(own)
    own |= load_filters.settings_of(found.get("filters"), out)
    return own | {"mode": modes.pop()} if modes else own


def _load(path: str) -> Any:
    try:
        text = Path(path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError([f"The settings file `{path}` cannot be read: {error}."]) from error
    try:
        # JSON may be indented with tabs, which YAML refuses.
        return json.loads(text, object_pairs_hook=_object)
    except _TwiceError as twice:
        raise _two_ways(path, twice) from twice
    except ValueError:
        return _load_yaml(path, text)


def _load_yaml(path: str, text: str) -> Any:
    """An unquoted time is read as a time."""
    try:
        _refuse_names_that_come_twice(yaml.compose(text, Loader=yaml.SafeLoader))
        return yaml.safe_load(text)
    except _TwiceError as twice:
        raise _two_ways(path, twice) from twice
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f" at line {mark.line + 1}" if mark else ""
        has_tab = "\\t" in str(getattr(error, "problem", ""))
        fix = "Indent with spaces, not with tabs." if has_tab else "Correct it there."
        raise SettingsError(
            [f"The settings file `{path}` is neither JSON nor YAML{where}. {fix}"]
        ) from error


class _TwiceError(Exception):
    """A name comes twice, so nobody can tell which of its values is meant."""


def _two_ways(path: str, twice: _TwiceError) -> SettingsError:
    return SettingsError([f"In the settings file `{path}`, {twice}. Remove one of them."])


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise _TwiceError(f"`{twice}` comes twice")
    return found


def _refuse_names_that_come_twice(root: yaml.Node | None) -> None:
    waiting, seen = [root], set()
    while waiting:
        node = waiting.pop()
        if id(node) in seen:  # an alias
            continue
        seen.add(id(node))
        if isinstance(node, yaml.SequenceNode):
            waiting += node.value
        elif isinstance(node, yaml.MappingNode):
            _refuse_twice(node)
            waiting += [value for _, value in node.value]


def _refuse_twice(node: yaml.MappingNode) -> None:
    lines: dict[str, int] = {}
    for key, _ in node.value:
        name, line = str(key.value), key.start_mark.line + 1
        if name in lines:
            raise _TwiceError(f"`{name}` comes twice, in the lines {lines[name]} and {line}")
        lines[name] = line
