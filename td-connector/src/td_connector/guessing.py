"""Fill in a settings file: every setting of both programs, with what it does.

The settings come from the programs' own `--about`: what a release of them knows is in the file.
"""

from __future__ import annotations

import json
import subprocess
import textwrap
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import yaml

from td_connector.errors import ConnectorError
from td_connector.programs import TAP, TARGET, find_program

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_WIDTH = 96

_SECTIONS = frozenset({"exec", "filters"})
"""What a `load.yml` may have beside `in:` and `out:`."""


@dataclass(frozen=True)
class Described:
    """One setting of a program, as the program tells of it."""

    name: str
    description: str
    default: Any = None


def described_settings() -> tuple[tuple[Described, ...], tuple[Described, ...]]:
    """Ask the tap and the target for their settings.

    Raises:
        ConnectorError: If one of them does not answer.
    """
    with ThreadPoolExecutor(2) as pool:
        tap, target = pool.map(_about, (TAP, TARGET))
    return tap, target


def fill_in(
    given: Mapping[str, Any], tap: tuple[Described, ...], target: tuple[Described, ...]
) -> str:
    """Return a whole `load.yml`: what was given, and every other setting as a comment.

    A flat file is parted: what the target knows goes to `out:`, all else is the tap's. What stands
    beside `in:` and `out:` stays as it is, such as the `filters:` that fill `time`.
    """
    given_in, given_out = _parts(given, {each.name for each in target})
    # A section of comments alone would be null.
    given_out = given_out or {each.name: each.default for each in target if each.name == "mode"}
    lines = ["in:", *_section({"type": "stripe", **given_in}, tap)]
    lines += ["", "out:", *_section(given_out, target)]
    for name, value in _beside(given).items():
        lines += ["", *_entry(name, value)]
    return "\n".join(lines) + "\n"


def _about(program: str) -> tuple[Described, ...]:
    asked = subprocess.run(  # noqa: S603 - our own programs
        [find_program(program), "--about", "--format", "json"],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    try:
        settings = json.loads(asked.stdout)["settings"]["properties"]
    except (ValueError, KeyError):
        raise ConnectorError(
            f"`{program} --about --format json` did not tell its settings (exit code "
            f"{asked.returncode}). Install this release of it again."
        ) from None
    return tuple(
        Described(name, str(each.get("description") or ""), each.get("default"))
        for name, each in settings.items()
    )


def _beside(given: Mapping[str, Any]) -> dict[str, Any]:
    is_parted = "in" in given or "out" in given
    return {
        name: value
        for name, value in given.items()
        if (name not in {"in", "out"} if is_parted else name in _SECTIONS)
    }


def _parts(
    given: Mapping[str, Any], of_the_target: set[str]
) -> tuple[dict[str, Any], dict[str, Any]]:
    if "in" in given or "out" in given:
        return dict(given.get("in") or {}), dict(given.get("out") or {})
    flat = {name: value for name, value in given.items() if name not in _SECTIONS}
    out = {name: value for name, value in flat.items() if name in of_the_target}
    return {name: value for name, value in flat.items() if name not in out}, out


def _section(given: Mapping[str, Any], described: tuple[Described, ...]) -> Iterator[str]:
    known = {each.name for each in described}
    for name, value in given.items():
        if name not in known:
            yield from _indented(_entry(name, value))
    for each in described:
        yield ""
        yield from _indented(_comment(each.description))
        if each.name in given:
            yield from _indented(_entry(each.name, given[each.name]))
        else:
            yield from _indented(_commented_out(_entry(each.name, each.default)))


def _entry(name: str, value: Any) -> list[str]:
    if value is None:
        return [f"{name}:"]
    text = yaml.safe_dump({name: value}, sort_keys=False, allow_unicode=True, width=_WIDTH)
    return str(text).rstrip("\n").split("\n")


def _comment(description: str) -> list[str]:
    return [f"# {line}" for line in textwrap.wrap(description, _WIDTH)]


def _commented_out(lines: list[str]) -> list[str]:
    return [f"# {line}" for line in lines]


def _indented(lines: list[str]) -> list[str]:
    return [f"  {line}" for line in lines]
