"""A settings file says one thing, or is refused."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tap_stripe_td.config_file import read_config_file
from tap_stripe_td.errors import ConfigError

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("target: charge\nsecret_key: a\ntarget: refund\n", "`target` stands twice, in lines 1"),
        ('{"target": "charge", "target": "refund"}', "`target` stands twice"),
        ("in:\n\ttype: stripe\n", "Indent with spaces, not tabs"),
    ],
)
def test_what_can_be_read_in_two_ways_is_refused(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "load.yml").write_text(text)

    with pytest.raises(ConfigError, match=said):
        read_config_file(tmp_path / "load.yml")


def test_json_may_be_indented_with_tabs(tmp_path: Path) -> None:
    (tmp_path / "c.json").write_text('{\n\t"target": "a\tb"\n}'.replace("a\tb", "charge"))

    assert read_config_file(tmp_path / "c.json") == {"target": "charge"}


def test_a_folder_and_text_that_is_no_utf_8_are_refused_with_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "latin.yml").write_bytes("target: Stück\n".encode("latin-1"))

    with pytest.raises(ConfigError, match="Save it as UTF-8"):
        read_config_file(tmp_path / "latin.yml")
    with pytest.raises(ConfigError, match="cannot be read: Is a directory"):
        read_config_file(tmp_path)
