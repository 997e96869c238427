"""What the documents say can be done, can be done; what is generated is up to date."""

from __future__ import annotations

import re
import subprocess
import sys
from functools import cache
from typing import TYPE_CHECKING

import pytest

from tests.fakes.programs import environment, program
from tests.project.tree import ROOT, tracked_files

if TYPE_CHECKING:
    from pathlib import Path

LOADER = "target-td-table/src/target_td_table/loaders/base.py"
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
PROGRAMS = ("tap-stripe-td", "target-td-table", "stripe-sandbox")
DOCUMENTS = sorted(str(path.relative_to(ROOT)) for path in tracked_files() if path.suffix == ".md")


def text(document: str) -> str:
    return (ROOT / document).read_text(encoding="utf-8")


def generators() -> list[str]:
    (names,) = re.findall(r"^GENERATORS := (.*)$", MAKEFILE, re.MULTILINE)
    return str(names).split()


@pytest.mark.parametrize("generator", generators())
def test_what_is_generated_is_up_to_date_and_checking_writes_nothing(generator: str) -> None:
    before = times_of_writing()

    done = subprocess.run(
        [sys.executable, str(ROOT / generator), "--check"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stdout + done.stderr
    assert times_of_writing() == before


def times_of_writing() -> dict[Path, int]:
    """When each file that may be generated was last written."""
    generated = (path for path in tracked_files() if path.suffix in {".json", ".md", ".txt"})
    return {path: path.stat().st_mtime_ns for path in generated}


def test_a_page_that_is_out_of_date_is_told_with_what_makes_it_again(tmp_path: Path) -> None:
    # The programs are found beside the interpreter, the files beside the script.
    script = tmp_path / "docs" / "make_settings.py"
    script.parent.mkdir()
    script.write_text(text("docs/make_settings.py"), encoding="utf-8")
    (tmp_path / "meltano.yml").write_text(text("meltano.yml"), encoding="utf-8")
    (tmp_path / "docs" / "settings.md").write_text("old", encoding="utf-8")

    done = subprocess.run(
        [sys.executable, script, "--check"], capture_output=True, text=True, check=False
    )

    assert done.returncode == 1
    assert "Make it again with `python docs/make_settings.py`" in done.stderr
    assert (tmp_path / "docs" / "settings.md").read_text(encoding="utf-8") == "old"


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_relative_link_points_to_a_file(document: str) -> None:
    links = re.findall(r"\]\((?!https?:|mailto:|#)([^)#\s]+)[^)]*\)", text(document))
    folder = (ROOT / document).parent
    assert [link for link in links if not (folder / link).exists()] == []


@pytest.mark.parametrize("document", DOCUMENTS)
def test_our_programs_are_installed_from_where_they_are_and_no_index(document: str) -> None:
    ours = ("tap-stripe-td", "target-td-table", "td-connector", "stripe-sandbox")
    for arguments in re.findall(r"pip install ([^#`\n]*)", text(document)):
        for wanted in arguments.replace(" @ ", "@").split():
            assert "git+" in wanted or not wanted.strip("'").startswith(ours)


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_make_target_that_is_named_exists(document: str) -> None:
    targets = set(re.findall(r"^([a-z]+):", MAKEFILE, re.MULTILINE))
    named = re.findall(r"(?:^|`)make ([a-z]+)\b", text(document), re.MULTILINE)
    assert set(named) <= targets


@pytest.mark.parametrize("name", PROGRAMS)
def test_every_option_that_a_document_gives_a_program_exists(name: str) -> None:
    given = {
        (document, option)
        for document in DOCUMENTS
        for command in commands(text(document), name)
        for option in re.findall(r"(?<=\s)--[a-z][a-z-]*", command)
    }
    assert [each for each in sorted(given) if each[1] not in options(name)] == []


def commands(text: str, name: str) -> list[str]:
    """What stands behind a program's name, up to the end of the command."""
    return re.findall(rf"(?<![\w./-]){name}( [^|`#\n>]*)", text)


@cache
def options(name: str) -> str:
    shown = subprocess.run(
        [program(name), "--help"], capture_output=True, text=True, check=True, env=environment()
    )
    return shown.stdout


def test_the_glossary_names_all_that_a_loader_does() -> None:
    (row,) = re.findall(r"^\| loader \|(.*)$", text("docs/glossary.md"), re.MULTILINE)
    (_, protocol) = text(LOADER).split("class Loader(Protocol)")
    methods = re.findall(r"^    def (\w+)", protocol, re.MULTILINE)
    assert [each for each in methods if not re.search(rf"\b{each}\b", row)] == []
    assert len(methods) == 5 + 4


def test_each_decision_has_a_number_of_its_own_and_says_it() -> None:
    files = sorted((ROOT / "docs" / "decisions").glob("*.md"))
    numbers = [file.name[:4] for file in files]
    assert [number for number in numbers if numbers.count(number) > 1] == []
    assert [
        file.name for file in files if not text(str(file)).startswith(f"# {file.name[:4]}: ")
    ] == []
