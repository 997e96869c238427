"""When Stripe cannot be reached, every retry is made, and then there is a sentence and 75."""

from __future__ import annotations

import json
import socket
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from stripe_sandbox.faults import Fault
from tests.fakes.programs import run_tap

if TYPE_CHECKING:
    from pathlib import Path

    from tests.fakes.changing_stripe import ChangingStripe
    from tests.fakes.reading import Tap

# All seven attempts take a second; by chance it would be up to half a minute.
SHORT_WAITS = 0.03
SETTINGS = {"secret_key": "sk_test_sandbox", "target": ["charges", "customers"]}


def closed_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


@pytest.mark.parametrize(
    "proof",
    [
        {"secret_key": "sk_test_sandbox"},
        {"client_secret": "sk_test_sandbox", "refresh_token": "rt_1", "token_file": "tokens.json"},
    ],
    ids=["key", "OAuth"],
)
def test_no_network_exits_with_75(tmp_path: Path, proof: dict[str, str]) -> None:
    settings = {**proof, "target": ["charges"], "base_url": f"http://127.0.0.1:{closed_port()}"}

    run = run_tap(tmp_path, settings, jitter=SHORT_WAITS)

    assert (run.exit_code, run.stdout) == (75, b"")
    assert "cannot be reached ([Errno 111] Connection refused)" in run.sentences[-1]
    assert "traceback" not in run.stderr.lower()


def test_a_proxy_that_answers_with_its_own_page_exits_with_75(
    tmp_path: Path, stripe: ChangingStripe, tap: Tap
) -> None:
    stripe.fail("/", Fault.HTML, times=None)

    run = run_tap(tmp_path, tap.settings, jitter=SHORT_WAITS)

    assert (run.exit_code, run.stdout) == (75, b"")
    assert "is not one of Stripe's (200, text/html" in run.sentences[-1]


@pytest.mark.parametrize(
    "account", [{"object": "list", "data": []}, {"object": "account", "id": 5}]
)
def test_a_host_whose_account_is_none_exits_with_75(
    tmp_path: Path, stripe: ChangingStripe, tap: Tap, account: dict[str, object]
) -> None:
    answer = stripe.answer
    told = json.dumps({"has_more": False, **account}).encode()
    stripe.answer = lambda request: replace(answer(request), body=told)  # type: ignore[method-assign]

    run = run_tap(tmp_path, tap.settings, jitter=SHORT_WAITS)

    assert (run.exit_code, run.stdout) == (75, b"")
    assert "The answer to /v1/account is not one of Stripe's" in run.sentences[-1]
    assert "traceback" not in run.stderr.lower()


def test_one_list_that_stays_down_exits_with_75_and_the_others_are_whole(
    tmp_path: Path, stripe: ChangingStripe, tap: Tap
) -> None:
    stripe.create("customer", id="cus_1", created=stripe.now - 9)
    stripe.fail("/v1/charges", Fault.UNAVAILABLE, times=None)

    run = run_tap(tmp_path, {**SETTINGS, **tap.settings}, jitter=SHORT_WAITS)

    assert (run.exit_code, run.messages.ids("customers")) == (75, ["cus_1"])
    assert "Stripe could not answer /v1/charges (503, request req_" in run.sentences[-1]
    assert run.messages.activated("charges") == []
    assert run.messages.activated("customers")
