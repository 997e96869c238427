"""Where Treasure Data's partitioning time comes from, when it is no field."""

from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

from target_td_table import config, config_file, time_value
from target_td_table.errors import SettingsError
from target_td_table.time_value import LATEST, TimeValue
from tests.fakes.treasure_data import FakeTreasureData
from tests.fakes.treasure_data_server import TreasureDataServer, served
from tests.target.test_treasure_data_refusals import Target
from tests.target.world import INTEGER, record, schema, state

TD = {"destination": "td://us01/shop"}
FILTER = "type: add_time, to_column: {name: time}"
FIXED = {"mode": "fixed_time", "value": 7}


@pytest.fixture
def server() -> Iterator[TreasureDataServer]:
    with served(FakeTreasureData()) as state:
        yield state


@pytest.mark.parametrize(
    ("value", "sentence"),
    [
        ({"mode": "now"}, "`time_value` has the mode `now`. Use one of: `fixed_time`"),
        (
            {"mode": "fixed_time"},
            "has nothing beside the mode `fixed_time`. That mode wants `value`",
        ),
        ({"from": 1}, "has `from` beside the mode `incremental_time`. That mode wants `from` and"),
        ({"mode": "upload_time", "value": 1}, "That mode wants nothing"),
        (FIXED | {"value": -1}, f"an integer from 0 to {LATEST}"),
        (FIXED | {"value": LATEST + 1}, f"an integer from 0 to {LATEST}"),
        (FIXED | {"value": True}, "an integer from 0"),
        ({"from": 5, "to": 4}, "goes from 5 to 4. Exchange the two"),
        ("upload_time", "is of type string, but it must be an object"),
    ],
)
def test_a_time_value_that_cannot_be_is_refused(value: Any, sentence: str) -> None:
    with pytest.raises(SettingsError, match=sentence):
        config.parse({**TD, "time_value": value})


def test_it_is_refused_beside_a_time_column_and_where_there_is_no_partitioning_time() -> None:
    with pytest.raises(SettingsError, match=r"both fill `time`\. Leave one of them out"):
        config.parse({**TD, "time_value": FIXED, "time_column": "created"})
    with pytest.raises(SettingsError, match="is for `td://` destinations"):
        config.parse({"time_value": FIXED})


def test_the_uploads_time_gives_way_to_a_time_column() -> None:
    found = config.parse({**TD, "time_value": {"mode": "upload_time"}, "time_column": "created"})
    assert (found.time_column, found.time_value) == ("created", None)


def test_an_incremental_time_goes_round_and_is_the_default_mode() -> None:
    found = time_value.parse({"from": 3, "to": 5})
    assert found == TimeValue("incremental_time", 3, 5)
    assert list(islice(found.seconds(), 7)) == [3, 4, 5, 3, 4, 5, 3]


@pytest.mark.parametrize(
    ("value", "times"), [(FIXED, [7, 7, 7]), ({"from": 1, "to": 2}, [1, 2, 1])]
)
@pytest.mark.parametrize("mode", ["append", "replace"])
def test_rows_get_it_and_a_field_time_is_renamed(
    server: TreasureDataServer, value: dict[str, Any], times: list[int], mode: str
) -> None:
    target = Target(server)
    lines = [record("refunds", id=each, time=99) for each in "abc"]
    outcome = target.load(
        schema("refunds", id={"type": "string"}, time=INTEGER), *lines, state(a=1),
        time_value=value, mode=mode,
    )  # fmt: skip
    assert outcome.error is None
    assert target.rows("SELECT id, time, time_ FROM refunds ORDER BY id") == [
        (name, moment, 99) for name, moment in zip("abc", times, strict=True)
    ]


def read(folder: Path, text: str) -> dict[str, Any]:
    path = folder / "load.yml"
    path.write_text(text)
    return config_file.read(str(path))


@pytest.mark.parametrize(
    ("asked", "setting"),
    [
        ("from_value: {mode: upload_time}", {"time_value": {"mode": "upload_time"}}),
        ("from_value: {value: 7}", {"time_value": FIXED}),
        ("from_value: {value: 7999, unix_timestamp_unit: milli}", {"time_value": FIXED}),
        ("from_value: {value: '1970-01-01 00:00:07 UTC'}", {"time_value": FIXED}),
        (
            "from_value: {mode: incremental_time, from: '1970-01-01 01:00:00 +0100', to: 9}",
            {"time_value": {"mode": "incremental_time", "from": 0, "to": 9}},
        ),
        ("from_column: {name: created}", {"time_column": "created"}),
    ],
)
def test_a_filter_add_time_is_understood(
    tmp_path: Path, asked: str, setting: dict[str, Any]
) -> None:
    rename = "  - {type: rename, rules: [{rule: upper_to_lower}]}\n"
    text = f"in: {{type: stripe}}\nfilters:\n{rename}  - {{{FILTER}, {asked}}}\n"
    assert read(tmp_path, text) == setting


def test_out_takes_the_place_of_the_uploads_time_that_guess_adds(tmp_path: Path) -> None:
    guessed = f"filters: [{{{FILTER}, from_value: {{mode: upload_time}}}}]"
    assert read(tmp_path, f"out: {{time_column: created}}\n{guessed}") == {"time_column": "created"}


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (f"filters: [{{{FILTER}}}]", "needs one of `from_column` and `from_value`"),
        (
            "filters: [{type: add_time, to_column: {name: at}, from_value: {value: 1}}]",
            "fills `at`. Only `time` can be filled",
        ),
        (
            f"filters: [{{{FILTER}, from_column: {{name: a, unix_timestamp_unit: nano}}}}]",
            "reads `nano` from a column",
        ),
        (f"filters: [{{{FILTER}, from_value: {{value: noon}}}}]", "has the time `noon`. Write it"),
        (
            f"filters: [{{{FILTER}, from_value: {{value: 1, unix_timestamp_unit: day}}}}]",
            "has the unit `day`. Use one of: sec, milli",
        ),
        ("filters: add_time", "must hold a list"),
        ("filters: [{type: add_time}]", "says in no `to_column` what it fills"),
    ],
)
def test_a_filter_that_cannot_be_done_is_refused(tmp_path: Path, text: str, sentence: str) -> None:
    with pytest.raises(SettingsError, match=sentence):
        read(tmp_path, f"out: {{}}\n{text}")


def test_two_different_times_in_one_file_are_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="has `time_column`, and a filter `add_time` fills"):
        read(
            tmp_path,
            f"out: {{time_column: created}}\nfilters: [{{{FILTER}, from_value: {{value: 1}}}}]",
        )


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ("type: mask", "mask"),
        ("type: rename, columns: {id: key}", "rename"),
        ("type: rename, rules: [{rule: upper_to_lower}, {rule: truncate}]", "rename"),
    ],
)
def test_a_filter_that_is_not_done_is_told(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, asked: str, told: str
) -> None:
    assert read(tmp_path, f"out: {{}}\nfilters: [{{{asked}}}]") == {}
    assert f"The filter `{told}` of `filters:` is not done here" in caplog.text


def test_of_the_renaming_that_guess_adds_nothing_is_told(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    rules = "{rule: upper_to_lower}, {rule: unique_number_suffix, max_length: 128}"
    assert read(tmp_path, f"out: {{}}\nfilters: [{{type: rename, rules: [{rules}]}}]") == {}
    assert caplog.text == ""
