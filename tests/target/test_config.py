import re
from pathlib import Path
from typing import Any

import pytest

from target_td_table import config, config_file
from target_td_table.errors import SettingsError
from target_td_table.modes import Mode
from target_td_table.target import TargetTdTable
from tests.target.world import DuckDbTables, schema


def problems(**given: Any) -> tuple[str, ...]:
    with pytest.raises(SettingsError) as refusal:
        config.parse(given)
    return refusal.value.problems


def test_nothing_has_to_be_set() -> None:
    assert config.parse({}).destination == "duckdb:///stripe.duckdb"


def test_all_problems_come_in_one_answer_each_with_its_fix() -> None:
    assert problems(mdoe="x", mode="upsert", batch_size_rows=0, table="{day}", pipeline=5) == (
        "There is no setting `mdoe`. Did you mean `mode`?",
        (
            "`table` is `{day}`, but `{day}` stands for nothing. Only `{stream}` is replaced, by "
            "the stream's name."
        ),
        "`mode` is `upsert`. Use one of: `append`, `replace`, `merge`.",
        "`pipeline` `5` is of type integer, but it must be a string.",
        "`batch_size_rows` is 0. Use 1 or more.",
    )


def test_the_settings_of_the_tap_in_the_same_file_are_none_of_our_business() -> None:
    given = {"type": "stripe", "secret_key": "sk_test_1", "target": "charge", "formula": "gt"}
    assert config.parse(given) == config.parse({})


def test_a_setting_that_is_null_is_left_out() -> None:
    assert config.parse({"mode": None}).mode is Mode.APPEND


def test_settings_print_no_value() -> None:
    assert "stripe" not in repr(config.parse({}))


def test_a_wrong_destination_is_not_repeated_as_it_may_hold_a_password() -> None:
    assert "5" not in problems(destination=5)[0].replace("`", "")


@pytest.mark.parametrize(
    ("destination", "sentence"),
    [
        (
            "oracle://x",
            "There is no loader for `oracle://`. Use one of: duckdb://, postgresql://, td://.",
        ),
        (
            "stripe.duckdb",
            "There is no loader for `stripe.duckdb`. Use one of: duckdb://, postgresql://, td://.",
        ),
        ("duckdb:///", "`duckdb:///` names no file."),
        ("duckdb:///:memory:", "is not a file"),
    ],
)
def test_a_destination_nobody_can_load_into_is_refused(
    destination: str, sentence: str, tables: DuckDbTables
) -> None:
    assert sentence in tables.load(schema("charges"), destination=destination).sentence


@pytest.mark.parametrize(
    ("destination", "shown"),
    [
        ("td:1/5ec2e7@us01/db", "`td:`"),
        ("postgresql:user:5ec2e7@host", "`postgresql:`"),
        ("1/5ec2e7@td://us01/db", "what `destination` says"),
        ("1/5ec2e7", "what `destination` says"),
    ],
)
def test_of_a_destination_nobody_can_load_into_no_key_is_repeated(
    destination: str, shown: str, tables: DuckDbTables
) -> None:
    said = tables.load(schema("charges"), destination=destination).sentence
    assert f"There is no loader for {shown}. Use one of" in said
    assert "5ec2e7" not in said


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('{"mode": "replace"}', {"mode": "replace"}),
        ("mode: replace\n", {"mode": "replace"}),
        ("in: {type: stripe, mode: replace}\nout: {}\n", {"mode": "replace"}),
        ("in: {type: stripe}\nout: {mode: append, type: td}\nexec: {}\n", {"mode": "append"}),
        ("out: &a {mode: append}\nin: *a\n", {"mode": "append"}),
        ("in:\n  start_datetime: 2017-01-01T07:36:22.000Z\n", {}),
        ("in:\nout:\n", {}),
        ("in: {mode: [append]}\nout: {mode: [append]}", {"mode": ["append"]}),
        ("{}", {}),
    ],
)
def test_a_settings_file_is_json_or_yaml_flat_or_in_sections(
    text: str, expected: dict[str, Any], tmp_path: Path
) -> None:
    (tmp_path / "load.yml").write_text(text)
    assert config_file.read(str(tmp_path / "load.yml")) == expected


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("in: {mode: append}\nout: {mode: replace}", "`mode` is `append` in `in:` and `replace`"),
        ("out: {}\nmode: append", "`mode` stands beside `in:` and `out:`"),
        ("out: 5", "under `out:`, must hold settings"),
    ],
)
def test_a_settings_file_that_is_unclear_is_refused(
    text: str, sentence: str, tmp_path: Path
) -> None:
    (tmp_path / "load.yml").write_text(text)
    with pytest.raises(SettingsError, match=re.escape(sentence)):
        config_file.read(str(tmp_path / "load.yml"))


def test_about_shows_every_setting_with_its_default() -> None:
    shown = TargetTdTable._get_about_info().settings["properties"]
    for setting in config.SETTINGS:
        assert shown[setting.name].get("default") == setting.default
        assert shown[setting.name].get("secret", False) is setting.secret


def test_the_readme_lists_every_setting_with_its_default() -> None:
    readme = Path("target-td-table/README.md").read_text()
    for setting in config.SETTINGS:
        default = "" if setting.default is None else f"`{setting.default}`".replace("True", "true")
        default = default.replace("False", "false")
        assert f"| `{setting.name}` | {default} | {setting.description} |" in readme
