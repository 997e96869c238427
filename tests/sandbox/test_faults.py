"""Faults reach the reader as they would on a bad day, and pass."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING

import pytest
import requests

from stripe_sandbox.faults import Fault

if TYPE_CHECKING:
    from collections.abc import Iterator

    from stripe_sandbox.world import FakeStripe

LOST = (requests.ConnectionError, requests.exceptions.ChunkedEncodingError)


@pytest.fixture
def session() -> Iterator[requests.Session]:
    with requests.Session() as session:
        yield session


@pytest.fixture
def charges(fake: FakeStripe, url: str) -> str:
    fake.create("charge")
    return f"{url}/v1/charges"


def get(session: requests.Session, url: str, key: str = "sk_test_sandbox") -> requests.Response:
    return session.get(url, headers={"Authorization": f"Bearer {key}"}, timeout=10)


@pytest.mark.parametrize("fault", [Fault.RESET, Fault.RESET_MID_BODY, Fault.CUT])
def test_a_broken_connection_is_felt_and_passes(
    fake: FakeStripe, session: requests.Session, charges: str, fault: Fault
) -> None:
    fake.fail("/v1/charges", fault)

    with pytest.raises(LOST):
        get(session, charges)
    assert get(session, charges).json()["data"]


@pytest.mark.parametrize("fault", [Fault.TRUNCATED_JSON, Fault.MALFORMED_JSON, Fault.EMPTY])
def test_a_body_that_is_no_json_has_status_200(
    fake: FakeStripe, session: requests.Session, charges: str, fault: Fault
) -> None:
    fake.fail("/v1/charges", fault)

    answer = get(session, charges)

    assert answer.status_code == 200
    with pytest.raises(json.JSONDecodeError):
        json.loads(answer.content)
    assert get(session, charges).json()["data"]


@pytest.mark.parametrize(("fault", "status"), [(Fault.HTML, 200), (Fault.HTML_502, 502)])
def test_a_proxy_answers_with_a_web_page(
    fake: FakeStripe, session: requests.Session, charges: str, fault: Fault, status: int
) -> None:
    fake.fail("/v1/charges", fault)

    answer = get(session, charges)

    assert answer.status_code == status
    assert answer.headers["Content-Type"] == "text/html"
    assert answer.text.startswith("<html>")


@pytest.mark.parametrize(
    ("fault", "status", "reason", "retry_after"),
    [
        (Fault.SERVER_ERROR, 500, None, None),
        (Fault.UNAVAILABLE, 503, None, None),
        (Fault.RATE_LIMIT, 429, "global-rate", None),
        (Fault.RATE_LIMIT_RETRY_AFTER, 429, "global-rate", "1"),
        (Fault.LOCK_TIMEOUT, 429, None, None),
        (Fault.BAD_REQUEST, 400, None, None),
        (Fault.NOT_FOUND, 404, None, None),
        (Fault.FORBIDDEN, 403, None, None),
    ],
)
def test_stripe_refuses_once(  # noqa: PLR0917 - a row of the table
    fake: FakeStripe,
    session: requests.Session,
    charges: str,
    fault: Fault,
    status: int,
    reason: str | None,
    retry_after: str | None,
) -> None:
    fake.fail("/v1/charges", fault)

    answer = get(session, charges)

    assert answer.status_code == status
    assert answer.json()["error"]["message"]
    assert answer.headers.get("Stripe-Rate-Limited-Reason") == reason
    assert answer.headers.get("Retry-After") == retry_after
    assert get(session, charges).status_code == 200


def test_a_slow_body_is_whole_in_the_end(
    fake: FakeStripe, session: requests.Session, charges: str
) -> None:
    fake.fail("/v1/charges", Fault.SLOW)
    begin = time.monotonic()

    assert get(session, charges).json()["data"]
    assert time.monotonic() - begin >= 2.5


def test_a_fault_spares_the_first_requests_and_other_paths(
    fake: FakeStripe, session: requests.Session, charges: str, url: str
) -> None:
    fake.fail("/v1/charges", Fault.SERVER_ERROR, after=2, times=2)

    statuses = [get(session, charges).status_code for _ in range(5)]

    assert statuses == [200, 200, 500, 500, 200]
    assert get(session, f"{url}/v1/refunds").status_code == 200


def test_a_storm_hits_its_share_of_requests_and_repeats(
    fake: FakeStripe, session: requests.Session, charges: str
) -> None:
    fake.fail("/v1/charges", Fault.RATE_LIMIT, times=None, probability=0.3, seed=1)

    hit = [get(session, charges).status_code for _ in range(100)].count(429)

    assert 15 < hit < 45


def test_a_lying_page_is_empty_only_where_a_cursor_meets_a_created_filter(
    fake: FakeStripe, session: requests.Session, charges: str
) -> None:
    fake.fail("/v1/charges", Fault.LYING_PAGE)
    cursor = fake.create("charge")["id"]

    assert get(session, charges).json()["data"]
    lie = get(session, f"{charges}?created[gte]=1&starting_after={cursor}").json()
    assert lie["data"] == []
    assert not lie["has_more"]
    truth = get(session, f"{charges}?created[gte]=1&starting_after={cursor}").json()
    assert len(truth["data"]) == 1


def test_latency_is_waited_and_a_connection_is_kept(
    fake: FakeStripe, session: requests.Session, charges: str
) -> None:
    fake.latency_seconds = 0.05
    begin = time.monotonic()

    for _ in range(3):
        get(session, charges)

    assert time.monotonic() - begin >= 0.15
    assert [asked.path for asked in fake.requests] == ["/v1/charges"] * 3
    ports = {asked.headers["connection"] for asked in fake.requests}
    assert ports == {"keep-alive"}


def test_the_body_is_pretty_printed_and_the_headers_are_stripes(
    fake: FakeStripe, session: requests.Session, charges: str
) -> None:
    answer = get(session, charges)

    assert answer.text == json.dumps(answer.json(), indent=2, ensure_ascii=False)
    assert answer.headers["Request-Id"].startswith("req_")
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.headers["Date"] == "Mon, 21 Sep 2026 14:13:20 GMT"
    fake.advance(60)
    assert get(session, charges).headers["Date"] == "Mon, 21 Sep 2026 14:14:20 GMT"
