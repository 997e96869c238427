"""Settings: what they mean, and every problem with them in one answer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tap_stripe_td.auth import Secret
from tap_stripe_td.config import Config, parse_config
from tap_stripe_td.config_file import read_config_file
from tap_stripe_td.errors import ConfigError
from tap_stripe_td.settings import NAMES, SETTINGS, json_schema
from tap_stripe_td.slicing import Slice
from tap_stripe_td.units import UnixSeconds

if TYPE_CHECKING:
    from pathlib import Path

KEY = "sk_test_4242"


def parsed(**settings: Any) -> Config:
    return parse_config(settings, {})


def problems(**settings: Any) -> tuple[str, ...]:
    with pytest.raises(ConfigError) as refused:
        parsed(**settings)
    return refused.value.problems


def names(**settings: Any) -> list[str]:
    return [stream.name for stream in parsed(**settings).streams]


@pytest.mark.parametrize(
    ("target", "streams"),
    [
        ("charge", ["charges"]),
        ("balance_history", ["balance_transactions"]),
        ("file_upload", ["files"]),
        (["charge", "refunds", "charges"], ["charges", "refunds"]),
        ("charge, refund", ["charges", "refunds"]),
        ("account", ["account", "accounts"]),
    ],
)
def test_a_target_is_an_old_name_or_a_stream_or_several(target: Any, streams: list[str]) -> None:
    assert names(target=target) == streams


def test_core_is_what_is_read_when_no_target_is_given() -> None:
    assert names() == names(target="core")


def test_all_holds_core() -> None:
    assert set(names(target="core")) < set(names(target="all"))


@pytest.mark.parametrize(
    ("target", "said"),
    [
        ("chargs", "no stream `chargs` to read. Did you mean `charges`?"),
        (["charge", "custmer"], "no stream `custmer` to read. Did you mean `customer`?"),
        ("order", "Orders left Stripe's API with version 2022-11-15"),
        ("skus", "Use `products` and `prices` instead."),
        ([], "`target` is an empty list"),
        (7, "`target` is 7, but must be a name or a list of names"),
    ],
)
def test_a_target_that_nobody_can_read_is_refused(target: Any, said: str) -> None:
    (problem,) = problems(target=target)

    assert said in problem


def test_all_problems_come_in_one_answer() -> None:
    found = problems(
        target="chargs", start_datetime="2024-01-01", incremental="perhaps", sceret_key=KEY
    )

    assert len(found) == 4
    for name in ("chargs", "start_datetime", "incremental", "sceret_key"):
        assert sum(f"`{name}`" in problem for problem in found) == 1


def test_a_misspelt_setting_is_refused_with_the_nearest_name() -> None:
    (problem,) = problems(sceret_key=KEY)

    assert "no setting `sceret_key`. Did you mean `secret_key`?" in problem


@given(st.dictionaries(st.sampled_from(NAMES) | st.text(max_size=4), st.none() | st.booleans()))
def test_any_settings_are_taken_or_refused_with_sentences(raw: dict[str, Any]) -> None:
    for problem in problems_of(raw):
        assert problem.endswith(".")


def problems_of(raw: dict[str, Any]) -> tuple[str, ...]:
    try:
        parse_config(raw, {})
    except ConfigError as refused:
        return refused.problems
    return ()


@pytest.mark.parametrize(
    "text", ["pk_live_1", "ca_123", "whsec_1", "sk_test_\n1", "", "sk_täst"], ids=repr
)
def test_what_is_no_secret_key_is_refused_without_being_shown(text: str) -> None:
    (problem,) = problems(secret_key=text)

    assert "`secret_key`" in problem
    assert not text or text not in problem


def test_the_key_is_taken_from_the_environment_when_the_settings_have_none() -> None:
    environment = {"STRIPE_API_KEY": KEY}

    assert parse_config({}, environment).key == Secret(KEY)
    assert parse_config({"secret_key": "sk_2"}, environment).key == Secret("sk_2")
    assert parsed().key is None


def test_the_key_is_in_no_repr() -> None:
    config = parsed(secret_key=KEY)

    assert KEY not in f"{config!r} {config} {config.key} {config.key!r} {vars(config)}"


@pytest.mark.parametrize("url", ["http://api.stripe.com", "ftp://localhost", "stripe", "http://["])
def test_the_key_is_only_sent_over_https_or_to_this_machine(url: str) -> None:
    (problem,) = problems(base_url=url)

    assert f"`base_url` is {url!r}" in problem


@pytest.mark.parametrize("url", ["http://localhost:1/", "http://[::1]:1", "https://example.com/"])
def test_a_base_url_is_used_without_its_last_slash(url: str) -> None:
    assert parsed(base_url=url).base_url == url.rstrip("/")


@pytest.mark.parametrize(("given_as", "meant"), [(True, True), ("false", False), ("TRUE", True)])
def test_yes_and_no_may_be_text(given_as: object, meant: bool) -> None:  # noqa: FBT001
    assert parsed(incremental=given_as).incremental is meant


@pytest.mark.parametrize("value", [-1, 1.5, True, "ten"])
def test_a_lookback_is_a_whole_number(value: object) -> None:
    (problem,) = problems(lookback_seconds=value)

    assert "`lookback_seconds`" in problem


def test_fields_to_expand_are_named_with_their_stream() -> None:
    assert parsed(expand=["charge.customer", "charges.refunds"]).expand == {
        "charges": ("customer", "refunds")
    }
    assert "`charges.customer`" in problems(expand=["customer"])[0]


def test_a_setting_without_a_value_counts_as_not_given() -> None:
    assert parsed(target=None, start_datetime=None, mode=None) == parsed()


def test_every_setting_has_a_description_and_keys_and_tokens_are_secret() -> None:
    properties = json_schema()["properties"]

    assert all(properties[setting.name]["description"] for setting in SETTINGS)
    assert {name for name, shown in properties.items() if shown.get("secret")} == {
        "secret_key",
        "client_secret",
        "refresh_token",
    }


def settings_file(folder: Path, text: str) -> dict[str, Any]:
    path = folder / "load.yml"
    path.write_text(text, encoding="utf-8")
    return read_config_file(path)


FLAT = """\
type: stripe
secret_key: sk_test_4242
target: charge
start_datetime: 2017-01-01T07:36:22.000Z
formula: gte
database: payments
table: charges
mode: replace
"""
NESTED = """\
in:
  type: stripe
  secret_key: sk_test_4242
  target: charge
  start_datetime: 2017-01-01T07:36:22.000Z
  formula: gte
out:
  mode: append
  secret_key: not ours
exec: {}
"""


@pytest.mark.parametrize("text", [FLAT, NESTED], ids=["flat", "in and out"])
def test_a_load_yml_of_the_hosted_connector_is_read_as_it_is(tmp_path: Path, text: str) -> None:
    config = parsed(**settings_file(tmp_path, text))

    assert [stream.name for stream in config.streams] == ["charges"]
    assert config.key == Secret(KEY)
    assert config.created == Slice(since=UnixSeconds(1_483_256_182))


def test_a_misspelt_name_in_a_load_yml_is_refused(tmp_path: Path) -> None:
    settings = settings_file(tmp_path, FLAT.replace("table:", "tabel:"))

    assert "no setting `tabel`" in problems(**settings)[0]


def test_another_type_of_connector_is_refused(tmp_path: Path) -> None:
    settings = settings_file(tmp_path, FLAT.replace("type: stripe", "type: salesforce"))

    assert "`type` is 'salesforce', but this tap reads only Stripe" in problems(**settings)[0]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "is neither JSON nor YAML"),
        ("secret_key: sk_test_4242: oops", "in line 1"),
        ("- sk_test_4242", "must hold settings"),
    ],
)
def test_a_settings_file_that_makes_no_sense_is_refused_without_showing_it(
    tmp_path: Path, text: str, said: str
) -> None:
    with pytest.raises(ConfigError) as refused:
        settings_file(tmp_path, text)

    assert said in str(refused.value)
    assert KEY not in str(refused.value)
