"""`meltano.yml` repeats what the programs say about themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import yaml

from tap_stripe_td.config import parse_config
from tap_stripe_td.streams.table import STREAMS
from tests.project.tree import ROOT, TAP, TARGET, about, settings

if TYPE_CHECKING:
    from collections.abc import Mapping

PROJECT = yaml.safe_load((ROOT / "meltano.yml").read_text(encoding="utf-8"))
PLUGINS = {each["name"]: each for kind in PROJECT["plugins"].values() for each in kind}
# Meltano cannot hand its own `decimal` to a program.
KINDS = {"number": "integer"}

# Sent always, it would be refused: it compares with `start_datetime`, which need not be given.
NOT_SENT_BY_DEFAULT = {"formula"}

pytestmark = pytest.mark.parametrize("name", [TAP, TARGET])


def written(name: str) -> dict[str, dict[str, Any]]:
    return {each["name"]: each for each in PLUGINS[name]["settings"]}


def kind_of(schema: Mapping[str, Any]) -> str:
    """Meltano's word for what a setting holds; the first type is what people write."""
    if "enum" in schema:
        return "options"
    types = [schema["type"]] if isinstance(schema["type"], str) else schema["type"]
    first = next(each for each in types if each != "null")
    return KINDS.get(first, first)


def test_it_has_every_setting_of_the_program_and_no_other(name: str) -> None:
    assert list(written(name)) == list(settings(name))


def test_every_setting_has_the_kind_that_the_program_takes(name: str) -> None:
    kinds = {setting: each["kind"] for setting, each in written(name).items()}
    assert kinds == {setting: kind_of(schema) for setting, schema in settings(name).items()}


def test_it_hides_what_the_program_calls_secret(name: str) -> None:
    hidden = {setting for setting, each in written(name).items() if each.get("sensitive")}
    assert hidden == {setting for setting, each in settings(name).items() if each.get("secret")}


def test_it_describes_every_setting_as_the_program_does(name: str) -> None:
    described = {setting: each["description"] for setting, each in written(name).items()}
    assert described == {
        setting: " ".join(each["description"].split()) for setting, each in settings(name).items()
    }


def test_every_setting_has_a_label_of_its_own(name: str) -> None:
    labels = [each["label"] for each in written(name).values()]
    assert len(labels) == len(set(labels))


def test_it_offers_the_choices_that_the_program_takes(name: str) -> None:
    offered = {
        setting: [option["value"] for option in each.get("options", [])]
        for setting, each in written(name).items()
    }
    assert offered == {
        setting: [choice for choice in each.get("enum", []) if choice is not None]
        for setting, each in settings(name).items()
    }


def test_its_defaults_are_those_of_the_program(name: str) -> None:
    defaults = {setting: each.get("value") for setting, each in written(name).items()}
    assert defaults == {
        setting: None if setting in NOT_SENT_BY_DEFAULT else each.get("default")
        for setting, each in settings(name).items()
    }


def test_it_names_the_capabilities_of_the_program(name: str) -> None:
    assert set(PLUGINS[name]["capabilities"]) == set(about(name)["capabilities"])


def test_each_group_of_settings_that_it_takes_for_enough_is_enough(name: str) -> None:
    for group in PLUGINS[name].get("settings_group_validation", []):
        parse_config(dict.fromkeys(group, "sk_test_1"), {})


def test_it_selects_the_core_streams(name: str) -> None:
    core = [f"{row.name}.*" for row in STREAMS if row.core]
    assert PLUGINS[name].get("select", core) == core
