"""Settings as a person wrote them: JSON, YAML, or a `load.yml` of the hosted connector.

A `load.yml` holds both programs' settings, either side by side or under `in:` and `out:`; what
stands under `out:` is the target's.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import yaml

from tap_stripe_td.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


def read_config_file(path: Path) -> dict[str, Any]:
    """Return the tap's part of a settings file.

    Raises:
        ConfigError: If the file cannot be read or holds no settings.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise ConfigError(f"There is no settings file `{path}`. Check the path.") from None
    except UnicodeDecodeError:
        raise ConfigError(f"The settings file `{path}` is not UTF-8. Save it as UTF-8.") from None
    except OSError as error:
        raise ConfigError(
            f"The settings file `{path}` cannot be read: {error.strerror}. Name a file that can."
        ) from None
    return tap_settings(_parse(text, path), source=f"The settings file `{path}`")


def _parse(text: str, path: Path) -> Any:
    try:
        # JSON may be indented with tabs, which YAML refuses.
        return json.loads(text, object_pairs_hook=_unique)
    except _TwiceError as twice:
        raise ConfigError(f"In `{path}` {twice}. Remove one.") from None
    except ValueError:
        return _parse_yaml(text, path)


def _parse_yaml(text: str, path: Path) -> Any:
    try:
        return yaml.load(text, Loader=_UniqueKeys)  # noqa: S506 - a SafeLoader
    except _TwiceError as twice:
        raise ConfigError(f"In `{path}` {twice}. Remove one.") from None
    except yaml.MarkedYAMLError as error:
        # The mark would quote the line, and the line may hold the key.
        line = error.problem_mark.line + 1 if error.problem_mark else "?"
        problem = error.problem or "it cannot be parsed"
    except yaml.YAMLError:
        line, problem = "?", "it cannot be parsed"
    tab = " Indent with spaces, not tabs." if "\\t" in problem else ""
    raise ConfigError(
        f"The settings file `{path}` is neither JSON nor YAML: {problem}, in line {line}.{tab}"
    )


class _TwiceError(Exception):
    """A name stands twice; which of the two is meant, nobody can tell."""


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    names = [name for name, _ in pairs]
    for name in names:
        if names.count(name) > 1:
            raise _TwiceError(f"`{name}` stands twice")
    return dict(pairs)


class _UniqueKeys(yaml.SafeLoader):
    """YAML, in which a name may not stand twice in one mapping."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:  # noqa: FBT001, FBT002 - PyYAML's signature
        lines: dict[str, int] = {}
        for key, _ in node.value:
            line = key.start_mark.line + 1
            if key.value in lines and isinstance(key, yaml.ScalarNode):
                raise _TwiceError(
                    f"`{key.value}` stands twice, in lines {lines[key.value]} and {line}"
                )
            lines[str(key.value)] = line
        return super().construct_mapping(node, deep)


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
