"""The hosted connector's three: a client, its secret, and a refresh token."""

from __future__ import annotations

import stat
from typing import TYPE_CHECKING, Any

import pytest

from stripe_sandbox.faults import Fault
from tap_stripe_td.config import parse_config
from tap_stripe_td.errors import ConfigError
from tests.fakes.programs import run_tap

if TYPE_CHECKING:
    from pathlib import Path

    from stripe_sandbox.oauth import Flow
    from tests.fakes.changing_stripe import ChangingStripe
    from tests.fakes.reading import Run, Tap

HOUR = 3600

ENDPOINTS = {"app": "/v1/oauth/token", "connect": "/oauth/token"}
PASSING = (
    Fault.RATE_LIMIT,
    Fault.LOCK_TIMEOUT,
    Fault.SERVER_ERROR,
    Fault.UNAVAILABLE,
)
LOST = (Fault.RESET, Fault.HTML_502, Fault.CUT, Fault.TRUNCATED_JSON, Fault.HTML, Fault.EMPTY)

each_flow = pytest.mark.parametrize("flow", ["app", "connect"])


def read(tap: Tap, folder: Path, refresh_token: str, **more: Any) -> Run:
    grant = {
        "secret_key": None,
        "client_id": "ca_1",
        "client_secret": tap.secret_key,
        "refresh_token": refresh_token,
        "token_file": str(folder / "tokens.json"),
    }
    return tap.read("charges", **{**grant, **more})


@pytest.fixture
def _business(stripe: ChangingStripe) -> None:
    stripe.create("charge", id="ch_1", created=stripe.now - 1)


pytestmark = pytest.mark.usefixtures("_business")


@each_flow
def test_a_refresh_token_of_either_kind_opens_its_account(
    stripe: ChangingStripe, tap: Tap, tmp_path: Path, flow: Flow
) -> None:
    run = read(tap, tmp_path, stripe.authorize(flow))

    assert [(r["id"], r["_account"]) for r in run.records("charges")] == [
        ("ch_1", stripe.ledger.account)
    ]


@each_flow
def test_one_exchange_serves_all_runs_of_the_hour(
    stripe: ChangingStripe, tap: Tap, tmp_path: Path, flow: Flow
) -> None:
    token = stripe.authorize(flow)

    read(tap, tmp_path, token)
    exchanges = sum(asked.method == "POST" for asked in stripe.requests)
    read(tap, tmp_path, token)

    assert sum(asked.method == "POST" for asked in stripe.requests) == exchanges


def test_a_token_that_stripe_refuses_in_the_middle_is_exchanged_again(
    stripe: ChangingStripe, tap: Tap, tmp_path: Path
) -> None:
    token = stripe.authorize("app")
    stripe.before("/v1/charges", 1, lambda: stripe.advance(2 * HOUR))

    run = read(tap, tmp_path, token)

    assert run.ids("charges") == ["ch_1"]
    assert stripe.asked("/v1/oauth/token") == 2


def test_the_newest_refresh_token_is_kept_for_its_owner_only(
    stripe: ChangingStripe, tap: Tap, tmp_path: Path
) -> None:
    token = stripe.authorize("app")

    read(tap, tmp_path, token)

    file = tmp_path / "tokens.json"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert token not in file.read_text()
    assert any(kept in file.read_text() for kept in stripe.grants.refresh_tokens)


def test_a_token_that_was_used_is_refused_with_what_to_do_and_without_being_shown(
    stripe: ChangingStripe, tap: Tap, tmp_path: Path
) -> None:
    token = stripe.authorize("app")
    stripe.grants.refresh_tokens.clear()

    with pytest.raises(ConfigError, match="let the account's owner authorize again") as refused:
        read(tap, tmp_path, token)

    assert token not in str(refused.value)


@each_flow
@pytest.mark.parametrize("fault", PASSING, ids=lambda fault: fault.value)
def test_an_exchange_that_stripe_cannot_make_now_is_tried_again(
    stripe: ChangingStripe, tap: Tap, tmp_path: Path, flow: Flow, fault: Fault
) -> None:
    stripe.fail(ENDPOINTS[flow], fault)

    assert read(tap, tmp_path, stripe.authorize(flow)).ids("charges") == ["ch_1"]


@pytest.mark.parametrize("fault", LOST, ids=lambda fault: fault.value)
def test_an_exchange_whose_answer_is_lost_is_tried_again(
    stripe: ChangingStripe, tap: Tap, tmp_path: Path, fault: Fault
) -> None:
    stripe.fail("/oauth/token", fault)

    assert read(tap, tmp_path, stripe.authorize("connect")).ids("charges") == ["ch_1"]


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        (Fault.RATE_LIMIT, "Stripe exchanges no refresh token at the moment (429, request req_"),
        (Fault.SERVER_ERROR, "It is not known whether Stripe exchanged the refresh token"),
        (Fault.RESET, "It is not known whether Stripe exchanged the refresh token"),
    ],
    ids=["429", "500", "lost"],
)
def test_an_exchange_that_never_comes_about_ends_with_75_and_no_word_of_removing_its_tokens(
    stripe: ChangingStripe, tap: Tap, tmp_path: Path, fault: Fault, said: str
) -> None:
    stripe.fail("/v1/oauth/token", fault, times=None)
    settings = {**tap.settings, "client_secret": tap.secret_key, "target": ["charges"]}
    settings |= {"refresh_token": stripe.authorize("connect"), "token_file": "tokens.json"}
    del settings["secret_key"]

    run = run_tap(tmp_path, settings, jitter=0.001)

    assert (run.exit_code, run.stdout) == (75, b"")
    assert run.sentences[-1].startswith(said)
    assert "remove" not in run.stderr


@each_flow
def test_a_wrong_client_secret_is_told_and_the_tokens_are_kept(
    stripe: ChangingStripe, tap: Tap, tmp_path: Path, flow: Flow
) -> None:
    token = stripe.authorize(flow)

    with pytest.raises(ConfigError, match="does not know the `client_secret`") as refused:
        read(tap, tmp_path, token, client_secret="sk_test_of_nobody")

    assert "Keep `" in str(refused.value)
    assert "remove" not in str(refused.value)
    assert read(tap, tmp_path, token).ids("charges") == ["ch_1"]


@pytest.mark.parametrize("fault", [Fault.FORBIDDEN, Fault.BAD_REQUEST])
def test_a_refusal_of_another_kind_says_nothing_about_the_token(
    stripe: ChangingStripe, tap: Tap, tmp_path: Path, fault: Fault
) -> None:
    for path in ENDPOINTS.values():
        stripe.fail(path, fault)

    with pytest.raises(ConfigError, match="tokens may still be good") as refused:
        read(tap, tmp_path, stripe.authorize("app"))

    assert "request req_" in str(refused.value)
    assert "remove" not in str(refused.value)


def test_nothing_is_exchanged_when_the_new_token_could_not_be_kept(
    stripe: ChangingStripe, tap: Tap, tmp_path: Path
) -> None:
    token = stripe.authorize("app")
    (tmp_path / "file").touch()

    with pytest.raises(ConfigError, match="cannot be written"):
        read(tap, tmp_path / "file" / "below", token)

    assert stripe.requests == []
    assert token in stripe.grants.refresh_tokens


def test_no_token_is_in_the_state_or_in_a_repr(
    stripe: ChangingStripe, tap: Tap, tmp_path: Path
) -> None:
    token = stripe.authorize("app")
    given = {"client_secret": tap.secret_key, "refresh_token": token}

    run = read(tap, tmp_path, token)

    assert token not in f"{run.stdout!r} {parse_config(given, {})!r}"


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"client_secret": "sk_1"}, "`refresh_token` is missing"),
        ({"refresh_token": "rt_1"}, "`client_secret` is missing"),
        (
            {"secret_key": "sk_1", "client_secret": "sk_2", "refresh_token": "rt_1"},
            "`secret_key` and an OAuth grant are both given",
        ),
    ],
)
def test_half_a_grant_and_a_grant_beside_a_key_are_refused(
    settings: dict[str, str], said: str
) -> None:
    with pytest.raises(ConfigError) as refused:
        parse_config(settings, {})

    assert said in str(refused.value)
