"""The text of a settings file: JSON or YAML, in which every name stands once.

Each of the programs, which share no code, has this very file: so they say the same of the same
fault. No sentence quotes a line, as it may hold a key.
"""

import json
import re
from pathlib import Path
from typing import Any

import yaml

# What YAML's parser says, and what to do about it. A tab is a mistake only where it stumbles.
_FIXES = (
    ("\\t", "Indent with spaces, not tabs."),
    ("mapping values are not allowed", "Put a value that holds a colon in quotes."),
    ("while scanning a quoted scalar", "Close the quotation that begins there."),
)


class SettingsTextError(Exception):
    """One sentence about a file that cannot be read, or says no settings."""


def read_text(path: Path) -> str:
    """Return the text of a settings file.

    Raises:
        SettingsTextError: If there is none.
    """
    try:
        return path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        problem = f"There is no settings file `{path}`. Check the path."
    except IsADirectoryError:
        problem = f"The settings file `{path}` is a folder. Name a file in it."
    except PermissionError:
        problem = (
            f"The settings file `{path}` may not be read by this user. Change who may read it."
        )
    except UnicodeDecodeError:
        problem = f"The settings file `{path}` is not UTF-8. Save it as UTF-8."
    except OSError as error:
        problem = f"The settings file `{path}` cannot be read: {error.strerror}. Name one that can."
    raise SettingsTextError(problem)


def parse_text(text: str, source: str) -> dict[str, Any]:
    """Return everything in a settings file, sections and all; `source` begins each refusal.

    Raises:
        SettingsTextError: If it is neither JSON nor YAML, holds no names with values, or a name
            twice.
    """
    try:
        found = _parse(text)
    except _TwiceError as twice:
        problem = f"can be read in two ways: {twice}. Remove one."
    except _ValueError as error:
        problem = f"has {_at(error)} no such time or number. Correct it, or put it in quotes."
    except yaml.reader.ReaderError as error:
        problem = f"holds a control character {_place(text, error.position)}. Remove it."
    except yaml.MarkedYAMLError as error:
        problem = f"is neither JSON nor YAML {_at(error)}. {_fix(error)}"
    except json.JSONDecodeError as error:
        problem = f"is neither JSON nor YAML {_place(text, error.pos)}. Correct it there."
    except RecursionError:
        problem = "is nested too deeply. Settings need a few levels only."
    else:
        if text.strip():
            return mapping(found, source)
        problem = "is empty. Write settings, each as `name: value`."
    raise SettingsTextError(f"{source} {problem}")


def mapping(found: object, source: str) -> dict[str, Any]:
    """Return the settings of a file, or of a section, where all may be left out.

    Raises:
        SettingsTextError: If it holds something else than names with values.
    """
    if found is None:
        return {}
    if isinstance(found, dict) and all(isinstance(name, str) for name in found):
        return found
    raise SettingsTextError(f"{source} must hold settings, each as `name: value`.")


class _TwiceError(Exception):
    """A name stands twice; which of the two is meant, nobody can tell."""


class _ValueError(yaml.MarkedYAMLError):
    """It looks like a time or a number, but there is no such one."""


def _parse(text: str) -> Any:
    try:
        # JSON may be indented with tabs, which YAML refuses.
        return json.loads(text, object_pairs_hook=_unique)
    except json.JSONDecodeError as error:
        not_json = error
    except ValueError:  # a number of too many digits
        return yaml.load(text, Loader=_UniqueNames)  # noqa: S506 - a SafeLoader
    try:
        return yaml.load(text, Loader=_UniqueNames)  # noqa: S506 - a SafeLoader
    except (yaml.parser.ParserError, yaml.scanner.ScannerError):
        if re.match(r'\s*\{\s*"', text):  # meant as JSON
            raise not_json from None
        raise


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found:
            raise _TwiceError(f"`{name}` stands twice")
        found[name] = value
    return found


class _UniqueNames(yaml.SafeLoader):
    """YAML in which a name may not stand twice in one mapping; PyYAML would take the last."""

    def compose_mapping_node(self, anchor: Any) -> yaml.MappingNode:
        node = super().compose_mapping_node(anchor)
        lines: dict[str, int] = {}
        for name, _ in node.value:
            line = name.start_mark.line + 1
            if not isinstance(name, yaml.ScalarNode):
                continue
            if name.value in lines:
                both = f"in lines {lines[name.value]} and {line}"
                raise _TwiceError(f"`{name.value}` stands twice, {both}")
            lines[name.value] = line
        return node

    def construct_object(self, node: yaml.Node, deep: bool = False) -> Any:  # noqa: FBT001, FBT002 - PyYAML's signature
        try:
            return super().construct_object(node, deep)
        except ValueError as error:
            raise _ValueError(problem_mark=node.start_mark) from error


def _fix(error: yaml.MarkedYAMLError) -> str:
    said = f"{error.context} {error.problem}"
    return next((fix for words, fix in _FIXES if words in said), "Correct it there.")


def _at(error: yaml.MarkedYAMLError) -> str:
    # Of a quotation without an end, where it begins.
    is_open = "unexpected end" in str(error.problem)
    mark = (error.context_mark if is_open else None) or error.problem_mark
    return f"in line {mark.line + 1}, column {mark.column + 1}" if mark else "somewhere"


def _place(text: str, position: int) -> str:
    before = text[:position].split("\n")
    return f"in line {len(before)}, column {len(before[-1]) + 1}"
