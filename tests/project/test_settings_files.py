"""A settings file says one thing, or is refused: by all programs with the same sentence."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tap_stripe_td.config_file import read_config_file
from tap_stripe_td.errors import ConfigError
from target_td_table import config_file
from target_td_table.errors import SettingsError
from td_connector.errors import UserError
from td_connector.load_file import parse_settings, read_load_file
from tests.project.tree import packages

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

PROGRAMS: dict[str, Callable[[Path], Any]] = {
    "tap": read_config_file,
    "target": lambda path: config_file.read(str(path)),
    "connector": lambda path: parse_settings(read_load_file(path)),
}
READ: dict[str, str | bytes] = {
    "JSON": '{"table": "x"}',
    "JSON with tabs": '{\n\t"table": "x"\n}',
    "YAML": "table: x\n",
    "byte order mark": b'\xef\xbb\xbf{\n\t"table": "x"\n}',
    "aliases": "in: &both {table: x}\nout:\n  <<: *both\n  table: x\n",
}  # fmt: skip
REFUSED: dict[str, tuple[str | bytes, str]] = {
    "Latin-1": ("table: Stück".encode("latin-1"), "is not UTF-8. Save it as UTF-8."),
    "UTF-16": ("table: x".encode("utf-16"), "is not UTF-8. Save it as UTF-8."),
    "empty": ("", "is empty. Write settings, each as `name: value`."),
    "list": ('[{"table": "x"}]', "must hold settings, each as `name: value`."),
    "text": ("charge\n", "must hold settings, each as `name: value`."),
    "a number as a name": ("1: x\n", "must hold settings, each as `name: value`."),
    "twice": ("in: {}\nin: 5\n", "can be read in two ways: `in` stands twice, in lines 1 and 2. Remove one."),
    "twice in JSON": ('{"in": {"table": "x", "table": "y"}}', "can be read in two ways: `table` stands twice. Remove one."),
    "twice, deeper": ("in: {}\nout:\n  a: 1\n  b: 2\n  a: 3\n", "can be read in two ways: `a` stands twice, in lines 3 and 5. Remove one."),
    "tab": ("in:\n\ttype: stripe\n", "is neither JSON nor YAML in line 2, column 1. Indent with spaces, not tabs."),
    "colon": ("table: a: b\n", "is neither JSON nor YAML in line 1, column 9. Put a value that holds a colon in quotes."),
    "quotation": ('in: {}\nkey: "sk_live_x\nmode: append\n', "is neither JSON nor YAML in line 2, column 6. Close the quotation that begins there."),
    "cut short": ("in: [\n", "is neither JSON nor YAML in line 2, column 1. Correct it there."),
    "comma": ('{\n  "a": 1\n  "b": 2\n}', "is neither JSON nor YAML in line 3, column 3. Correct it there."),
    "tag": ("a: !python/name:os x\n", "is neither JSON nor YAML in line 1, column 4. Correct it there."),
    "list as a name": ("? [a]\n: b\n", "is neither JSON nor YAML in line 1, column 3. Correct it there."),
    "control character": ("in: {}\na: b\0c\n", "holds a control character in line 2, column 5. Remove it."),
    "date": ("end_datetime: 2024-99-99\n", "has in line 1, column 15 no such time or number. Correct it, or put it in quotes."),
    "long number": (f'{{"a": {"9" * 5000}}}', "has in line 1, column 7 no such time or number. Correct it, or put it in quotes."),
    "deep": ("[" * 100_000, "is nested too deeply. Settings need a few levels only."),
}  # fmt: skip


def refusal(program: str, path: Path) -> str:
    with pytest.raises((ConfigError, SettingsError, UserError)) as refused:
        PROGRAMS[program](path)
    return str(refused.value)


def written(path: Path, content: str | bytes) -> Path:
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


@pytest.mark.parametrize("program", PROGRAMS)
@pytest.mark.parametrize("content", READ.values(), ids=READ)
def test_a_settings_file_is_json_or_yaml(
    program: str, content: str | bytes, tmp_path: Path
) -> None:
    found = PROGRAMS[program](written(tmp_path / "x.yml", content))

    assert found.get("in", found)["table"] == "x"


@pytest.mark.parametrize("program", PROGRAMS)
@pytest.mark.parametrize("content", ["# table: x\n", "{}"])
def test_all_settings_may_be_left_out(program: str, content: str, tmp_path: Path) -> None:
    assert PROGRAMS[program](written(tmp_path / "x.yml", content)) == {}


@pytest.mark.parametrize("program", PROGRAMS)
@pytest.mark.parametrize(("content", "said"), REFUSED.values(), ids=REFUSED)
def test_what_says_no_settings_is_refused(
    program: str, content: str | bytes, said: str, tmp_path: Path
) -> None:
    path = written(tmp_path / "x.yml", content)

    assert refusal(program, path) == f"The settings file `{path}` {said}"


@pytest.mark.parametrize("program", PROGRAMS)
@pytest.mark.parametrize("content", ["in: 5\n", "in: {1: x}\n", "in: [type]\n"])
def test_a_section_that_says_no_settings_is_refused(
    program: str, content: str, tmp_path: Path
) -> None:
    path = written(tmp_path / "load.yml", content)

    assert refusal(program, path) == (
        f"The settings file `{path}`, under `in:`, must hold settings, each as `name: value`."
    )


@pytest.mark.parametrize("program", PROGRAMS)
def test_what_cannot_be_read_is_refused(program: str, tmp_path: Path) -> None:
    (tmp_path / "loop").symlink_to("loop")

    assert refusal(program, tmp_path / "no") == (
        f"There is no settings file `{tmp_path / 'no'}`. Check the path."
    )
    assert refusal(program, tmp_path) == (
        f"The settings file `{tmp_path}` is a folder. Name a file in it."
    )
    assert refusal(program, tmp_path / "loop") == (
        f"The settings file `{tmp_path / 'loop'}` cannot be read: Too many levels of symbolic "
        "links. Name one that can."
    )


def test_the_programs_have_the_same_reader_of_settings_files() -> None:
    folders = [packages()[name] for name in ("tap_stripe_td", "target_td_table", "td_connector")]

    assert len({(folder / "settings_text.py").read_text() for folder in folders}) == 1
