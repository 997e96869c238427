"""State and catalog files as people keep them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tap_stripe_td.command_line import read_json_file
from tap_stripe_td.errors import ConfigError

if TYPE_CHECKING:
    from pathlib import Path


def read(folder: Path, content: str | bytes) -> object:
    path = folder / "state.json"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return read_json_file(path, "state", "--state")


def test_one_pretty_printed_object_is_read_whole(tmp_path: Path) -> None:
    assert read(tmp_path, '{\n  "bookmarks": {}\n}\n') == {"bookmarks": {}}


def test_of_several_lines_the_last_counts(tmp_path: Path) -> None:
    assert read(tmp_path, '{"a": 1}\n{"a": 2}\n\n') == {"a": 2}


def test_a_mark_of_the_byte_order_does_no_harm(tmp_path: Path) -> None:
    assert read(tmp_path, '\ufeff{"a": 1}\n') == {"a": 1}


@pytest.mark.parametrize("content", ["", "\n", "  \n\n"])
def test_an_empty_file_is_a_first_run(tmp_path: Path, content: str) -> None:
    assert read(tmp_path, content) is None


def test_a_last_line_that_was_cut_is_refused_and_not_passed_over(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="does not end in a line of JSON"):
        read(tmp_path, '{"a": 1}\n{"a": ')


def test_a_missing_file_is_refused_with_what_to_do_for_a_first_run(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="leave `--state` out for a first run"):
        read_json_file(tmp_path / "none", "state", "--state")


@pytest.mark.parametrize("content", [b"\xff\xfe", None], ids=["no text", "a folder"])
def test_a_file_that_cannot_be_read_is_refused(tmp_path: Path, content: bytes | None) -> None:
    with pytest.raises(ConfigError, match=r"cannot be read|is not UTF-8"):
        read_json_file(tmp_path, "state", "--state") if content is None else read(tmp_path, content)
