"""When Stripe cannot be reached, every retry is made, and then there is a sentence and 75."""

from __future__ import annotations

import json
import socket
import ssl
import threading
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
import trustme

from stripe_sandbox.faults import Fault
from tap_stripe_td.auth import Secret
from tap_stripe_td.client import TokenEndpoint
from tap_stripe_td.errors import UnreachableError
from tests.fakes.programs import run_tap

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
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


each_proof = pytest.mark.parametrize(
    "proof",
    [
        {"secret_key": "sk_test_sandbox"},
        {"client_secret": "sk_test_sandbox", "refresh_token": "rt_1", "token_file": "tokens.json"},
    ],
    ids=["key", "OAuth"],
)


@each_proof
def test_no_network_exits_with_75(tmp_path: Path, proof: dict[str, str]) -> None:
    settings = {**proof, "target": ["charges"], "base_url": f"http://127.0.0.1:{closed_port()}"}

    run = run_tap(tmp_path, settings, jitter=SHORT_WAITS)

    assert (run.exit_code, run.stdout) == (75, b"")
    assert "cannot be reached ([Errno 111] Connection refused)" in run.sentences[-1]
    assert "traceback" not in run.stderr.lower()


@contextmanager
def listening(answer: Callable[[socket.socket], object]) -> Iterator[str]:
    """Answer every connection to an address; yield the address."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def answer_all() -> None:
            with suppress(OSError):
                while True:
                    connection, _ = listener.accept()
                    with connection, suppress(OSError):
                        answer(connection)

        thread = threading.Thread(target=answer_all)
        thread.start()
        yield f"https://127.0.0.1:{listener.getsockname()[1]}"
        listener.shutdown(socket.SHUT_RDWR)
        thread.join()


@each_proof
def test_a_connection_that_breaks_in_the_handshake_is_tried_again_and_exits_with_75(
    tmp_path: Path, proof: dict[str, str]
) -> None:
    with listening(lambda connection: connection.recv(1 << 16)) as url:
        run = run_tap(tmp_path, {**proof, "base_url": url}, jitter=SHORT_WAITS)

    assert (run.exit_code, run.stdout) == (75, b"")
    assert run.stderr.count("Trying again in") == 6
    assert "REQUESTS_CA_BUNDLE" not in run.stderr


@each_proof
def test_a_certificate_that_nobody_vouches_for_exits_with_2_at_once(
    tmp_path: Path, proof: dict[str, str]
) -> None:
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("127.0.0.1").configure_cert(tls)

    with listening(lambda each: tls.wrap_socket(each, server_side=True)) as url:
        run = run_tap(tmp_path, {**proof, "base_url": url})

    assert (run.exit_code, run.stdout) == (2, b"")
    assert "cannot be trusted" in run.sentences[-1]
    assert "REQUESTS_CA_BUNDLE" in run.sentences[-1]
    assert "Trying again" not in run.stderr


def test_an_exchange_that_never_reached_stripe_is_told_as_such() -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=0) as listener, ExitStack() as waiting:
        for _ in range(2):
            # It takes no more than these.
            one = waiting.enter_context(socket.socket())
            one.setblocking(False)
            one.connect_ex(listener.getsockname())
        exchange = TokenEndpoint(f"http://127.0.0.1:{listener.getsockname()[1]}", Secret("sk_1"))

        with pytest.raises(UnreachableError, match="cannot be reached"):
            exchange("/v1/oauth/token", {})


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
