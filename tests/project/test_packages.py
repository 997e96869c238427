"""The packages share no code: the Singer messages are the contract between them."""

from __future__ import annotations

import ast
import tomllib
from typing import TYPE_CHECKING

import pytest

from tests.project.tree import ROOT, packages

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PACKAGES = packages()
PROGRAMS = sorted(PACKAGES.keys() - {"stripe_sandbox"})


def imported_packages(source: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(source.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module.partition(".")[0]


@pytest.mark.parametrize("name", sorted(PACKAGES))
def test_a_package_imports_no_other_of_ours(name: str) -> None:
    others = PACKAGES.keys() - {name}
    found = {
        str(source.relative_to(ROOT)): sorted(others & set(imported_packages(source)))
        for source in PACKAGES[name].rglob("*.py")
    }
    assert {source: names for source, names in found.items() if names} == {}


@pytest.mark.parametrize("name", PROGRAMS)
def test_a_package_is_installed_without_the_others(name: str) -> None:
    manifest = tomllib.loads((PACKAGES[name].parents[1] / "pyproject.toml").read_text("utf-8"))
    needed = " ".join(manifest["project"]["dependencies"])
    assert [other for other in PACKAGES if other.replace("_", "-") in needed] == []


@pytest.mark.parametrize("name", PROGRAMS)
def test_a_package_has_a_readme_a_changelog_and_a_licence(name: str) -> None:
    folder = PACKAGES[name].parents[1]
    manifest = tomllib.loads((folder / "pyproject.toml").read_text("utf-8"))
    assert manifest["project"]["license"] == "Apache-2.0"
    assert (folder / "README.md").is_file()
    assert (folder / "CHANGELOG.md").is_file()
