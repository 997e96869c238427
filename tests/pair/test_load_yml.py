"""A `load.yml` of the hosted connector, given to both programs as it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.fakes.changing_stripe import ChangingStripe
    from tests.pair.pipeline import Pair

HOUR = 3600
SECTIONS = """\
in:
  type: stripe
  secret_key: {key}
  target: charge
  start_datetime: 2017-01-01T07:36:22.000Z
  formula: gte
  incremental: true
exec: {{}}
filters:
- type: add_time
  to_column: {{name: time}}
  from_value: {{mode: upload_time}}
out:
  type: td
  mode: {mode}
  time_column: created
"""
FLAT = """\
type: stripe
secret_key: {key}
target: charge
start_datetime: 2017-01-01T07:36:22.000Z
formula: gte
incremental: true
mode: {mode}
time_column: created
"""
EVERY_TARGET_SETTING = """\
auto_create_table: true
batch_bytes: 1000000
batch_seconds: 60
batch_size_rows: 1000
database: main
destination: duckdb:///stripe.duckdb
hard_delete: true
memory_bytes: 600000000
pipeline: nightly
table: '{stream}'
"""


@pytest.fixture
def typed(pair: Pair, stripe: ChangingStripe) -> str:
    """The line that a person types; only where the sandbox answers is added."""
    stripe.create("charge", id="ch_1", created=stripe.now - HOUR)
    stripe.advance(HOUR)
    (pair.folder / "sandbox.yml").write_text(f"base_url: {pair.tap_settings['base_url']}\n")
    tap = "tap-stripe-td --config load.yml --config sandbox.yml"
    return f"{tap} | target-td-table --config load.yml"


@pytest.mark.parametrize(
    ("text", "mode"),
    [(FLAT, "append"), (SECTIONS, "replace")],
    ids=["flat", "with in and out"],
)
def test_a_load_yml_serves_both_programs(
    stripe: ChangingStripe, pair: Pair, typed: str, text: str, mode: str
) -> None:
    (pair.folder / "load.yml").write_text(text.format(key=stripe.key, mode=mode))

    done = pair.shell(typed)

    assert done.exit_code == 0, done.stderr
    created = int(str(stripe.objects("charge")[0]["created"]))
    assert pair.tables.rows("SELECT id, time FROM charges") == [("ch_1", created)]


def test_a_flat_load_yml_may_hold_every_setting_of_the_target(
    stripe: ChangingStripe, pair: Pair, typed: str
) -> None:
    text = FLAT.format(key=stripe.key, mode="append") + EVERY_TARGET_SETTING
    (pair.folder / "load.yml").write_text(text)

    done = pair.shell(typed)

    assert done.exit_code == 0, done.stderr


def test_two_modes_that_differ_are_refused_before_anything_is_loaded(
    stripe: ChangingStripe, pair: Pair, typed: str
) -> None:
    text = SECTIONS.format(key=stripe.key, mode="append").replace(
        "  incremental", "  mode: replace\n  incremental"
    )
    (pair.folder / "load.yml").write_text(text)

    done = pair.shell(typed)

    assert done.exit_code == 2
    assert "`mode` is `replace` in `in:` and `append` in `out:`" in done.stderr
