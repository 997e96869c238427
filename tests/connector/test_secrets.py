"""What is secret is neither shown nor logged."""

from __future__ import annotations

import json
import signal
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from td_connector.masking import MASK, Redactor, mask
from tests.connector.clockwork import stop

if TYPE_CHECKING:
    from pathlib import Path

    from tests.connector.workshop import Workshop

on_any_machine = hypothesis_settings(deadline=None)
SECRET = "hunter2hunter2"
secret_names = st.sampled_from(
    ["secret_key", "client_secret", "refresh_token", "password", "apikey", "api_key", "access_key"]
)
open_names = st.sampled_from(["target", "start_datetime", "mode", "table", "token_file"])
values = st.none() | st.booleans() | st.integers() | st.text(alphabet="abc é", max_size=5)


def settings(names: st.SearchStrategy[str]) -> st.SearchStrategy[dict[str, Any]]:
    section = st.dictionaries(names, values | st.lists(values, max_size=2), max_size=3)
    return st.dictionaries(names, values | section, max_size=3)


@on_any_machine
@given(settings(secret_names | open_names), secret_names)
def test_no_value_under_a_secret_name_is_shown(given_: dict[str, Any], name: str) -> None:
    shown = mask({**given_, name: SECRET, "list": [{name: [SECRET]}]})

    assert shown[name] == MASK
    assert shown["list"] == [{name: [MASK]}]


@on_any_machine
@given(settings(open_names))
def test_all_that_is_not_secret_is_shown_as_it_is(given_: dict[str, Any]) -> None:
    assert mask(given_) == given_


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("postgresql://me:hunter2hunter2@db/x", "postgresql://me:***@db/x"),
        ("td://us01/db?apikey=1/abcdef&x=1", "td://us01/db?apikey=***&x=1"),
        ("sk_live_51Habcdef", "***"),
        ("1234/0123456789abcdef0123456789abcdef01234567", "***"),
        ("duckdb:///stripe.duckdb", "duckdb:///stripe.duckdb"),
        ("2017-01-13T07:36:22.000Z", "2017-01-13T07:36:22.000Z"),
        ("charge", "charge"),
    ],
)
def test_keys_and_passwords_are_masked_wherever_they_stand(value: str, shown: str) -> None:
    assert mask({"destination": value}) == {"destination": shown}


def test_a_log_line_loses_every_secret_of_the_settings_and_the_environment() -> None:
    redact = Redactor.of(
        {
            "in": {"secret_key": "hunter2hunter2"},
            "out": {"destination": "postgresql://a:swordfish@b/c"},
        },
        {"STRIPE_API_KEY": "opensesame", "HOME": "/home/me"},
    )

    line = redact("hunter2hunter2 swordfish opensesame /home/me rk_live_abcdef123")

    assert line == "*** *** *** /home/me ***"
    assert "hunter2" not in repr(redact)


def test_a_short_value_is_no_secret_that_would_make_the_log_unreadable() -> None:
    assert Redactor.of({"api_key": "a"}, {})("a banana") == "a banana"


def test_masking_leaves_settings_that_are_json_still_json() -> None:
    assert json.loads(json.dumps(mask({"a": 1, "secret_key": "x"}))) == {"a": 1, "secret_key": MASK}


def test_a_td_connector_that_is_killed_leaves_no_key_behind(
    workshop: Workshop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    workshop.create("s", "", rows=1000, seconds=0.1, secret_key=SECRET)
    running = workshop.start("run", "s", "--wait")
    workshop.until(lambda: len(workshop.ids()) > 1)

    stop(running, signal.SIGKILL)

    kept = [path for path in tmp_path.rglob("*") if path.is_file() and holds_key(path)]
    assert {path.name for path in kept} <= {"load.yml", "connector.db", "connector.db-wal"}
    assert {path.parent for path in kept} == {workshop.folder, tmp_path / ".td"}


def holds_key(path: Path) -> bool:
    return SECRET.encode() in path.read_bytes()
