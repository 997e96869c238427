"""Writing generated files, or telling which of them are out of date."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path


def write(wanted: Mapping[Path, str], existing: Iterable[Path]) -> None:
    """Make the files say what is wanted, and remove those of `existing` that are not."""
    for path in existing:
        if path not in wanted:
            path.unlink()
    for path, text in wanted.items():
        path.write_text(text, encoding="utf-8")


def stale(wanted: Mapping[Path, str], existing: Iterable[Path]) -> list[Path]:
    """Return the files that differ, are missing, or should not be there; sorted."""
    differing = [path for path, text in wanted.items() if not _says(path, text)]
    return sorted([*differing, *(path for path in existing if path not in wanted)])


def refuse_stale(paths: Iterable[Path], *, remake: str) -> None:
    """End the program with exit code 1 and a sentence if any path is out of date."""
    names = ", ".join(f"`{path.name}`" for path in paths)
    if names:
        raise SystemExit(f"Out of date: {names}. Make them again with `{remake}` and commit them.")


def _says(path: Path, text: str) -> bool:
    return path.exists() and path.read_text(encoding="utf-8") == text
