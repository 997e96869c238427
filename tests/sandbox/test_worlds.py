"""A world can be kept, be huge, and let other people's accounts in."""

from __future__ import annotations

import base64
import json
import re
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import pytest
import requests

from stripe_sandbox.business import grow
from stripe_sandbox.faults import Fault
from stripe_sandbox.messages import Request, Wire
from stripe_sandbox.world import FakeStripe

if TYPE_CHECKING:
    from collections.abc import Callable

DAY = 24 * 3600


def test_a_saved_world_answers_as_before(
    fake: FakeStripe, tmp_path: Path, body_of: Callable[..., Any]
) -> None:
    grow(fake, customers=3)
    fake.delete("customer", fake.objects("customer")[0]["id"])
    fake.bulk("payout", 1000, fake.now - DAY, fake.now)
    fake.connect("acct_other").create("charge", id="ch_other")
    fake.restrict("rk_test_x", "charge_read")
    fake.save(tmp_path / "world.json")

    again = FakeStripe.load(tmp_path / "world.json")

    assert again.now == fake.now
    assert again.keys == fake.keys
    assert again.account("acct_other").objects("charge")[0]["id"] == "ch_other"
    for kind in ("charge", "customer", "invoice", "event", "price"):
        assert again.objects(kind) == fake.objects(kind)
    path = "/v1/payouts?limit=100"
    assert body_of(again, path) == body_of(fake, path)
    assert again.create("charge")["id"] == fake.create("charge")["id"]


def test_a_business_does_not_pay_all_at_once_when_it_is_looked_at(fake: FakeStripe) -> None:
    grow(fake, customers=50)

    moments = [charge["created"] for charge in fake.objects("charge")]
    assert len(moments) > 100
    assert moments.count(max(moments)) < 3
    assert max(moments) > fake.now - 5 * DAY


def test_a_world_of_another_format_is_refused(tmp_path: Path) -> None:
    (tmp_path / "world.json").write_text('{"format": 0}')

    with pytest.raises(ValueError, match="not a sandbox of this version"):
        FakeStripe.load(tmp_path / "world.json")


def test_bulk_objects_are_listed_found_changed_and_paged(
    fake: FakeStripe, body: Callable[..., Any], ids: Callable[[str], list[str]]
) -> None:
    fake.bulk("charge", 1000, 5000, 5500)
    fake.create("charge", id="ch_mine", created=5100)

    first = ids("/v1/charges?limit=100")
    second = ids(f"/v1/charges?limit=100&starting_after={first[-1]}")
    assert len({*first, *second}) == 200
    assert ids(f"/v1/charges?limit=100&ending_before={second[0]}") == first
    assert len(ids("/v1/charges?created=5100")) == 3
    assert body(f"/v1/charges/{first[7]}") == body("/v1/charges")["data"][7]

    fake.update("charge", first[7], description="changed")
    assert body("/v1/charges")["data"][7]["description"] == "changed"


def test_deleted_bulk_objects_stay_deleted(
    fake: FakeStripe, tmp_path: Path, body: Callable[..., Any], ids: Callable[[str], list[str]]
) -> None:
    fake.bulk("customer", 20, 1000, 1010)
    first, second = ids("/v1/customers?limit=2")

    fake.delete("customer", first)
    fake.save(tmp_path / "world.json")

    assert ids("/v1/customers?limit=1") == [second]
    assert body(f"/v1/customers/{first}")["deleted"] is True
    assert body(f"/v1/customers?starting_after={first}")["error"]["code"] == "resource_missing"
    again = FakeStripe.load(tmp_path / "world.json")
    assert [c["id"] for c in again.objects("customer")] == ids("/v1/customers?limit=100")


def test_a_million_objects_are_paged_at_once(fake: FakeStripe, body: Callable[..., Any]) -> None:
    fake.bulk("charge", 1_000_000, 1_500_000_000, 1_600_000_000)
    begin = time.monotonic()

    for day in range(20):
        page = body(f"/v1/charges?limit=100&created[lt]={1_500_000_000 + (day + 1) * DAY * 50}")
        assert len(page["data"]) == 100

    assert time.monotonic() - begin < 5
    text = json.dumps(page["data"][0], indent=2)
    assert 2500 < len(text) < 4000


def test_two_bulks_do_not_collide(fake: FakeStripe) -> None:
    fake.bulk("customer", 50, 1000, 1010)
    fake.bulk("customer", 50, 1005, 1015, delinquent=True)

    made = fake.objects("customer")

    assert len({customer["id"] for customer in made}) == 100
    assert [c["created"] for c in made] == sorted((c["created"] for c in made), reverse=True)
    assert sum(c["delinquent"] for c in made) == 50


def exchange(
    fake: FakeStripe, path: str, form: dict[str, str], **headers: str
) -> tuple[int, dict[str, Any]]:
    body = urlencode(form).encode()
    answer = fake.answer(Request("POST", path, (), headers, body))
    return answer.status, json.loads(answer.body)


def basic(key: str) -> str:
    return "Basic " + base64.b64encode(f"{key}:".encode()).decode()


def test_an_app_token_is_exchanged_once_and_rotates(fake: FakeStripe) -> None:
    fake.connect("acct_shop").create("charge", id="ch_shop")
    form = {"grant_type": "refresh_token", "refresh_token": fake.authorize("app", "acct_shop")}

    status, tokens = exchange(fake, "/v1/oauth/token", form, authorization=basic(fake.key))
    again, refused = exchange(fake, "/v1/oauth/token", form, authorization=basic(fake.key))

    assert status == 200
    assert tokens["account_id"] == "acct_shop"
    assert tokens["refresh_token"] != form["refresh_token"]
    assert "expires_in" not in tokens
    assert again == 400
    assert refused["error"] == "invalid_grant"


def test_an_app_token_opens_its_account_for_an_hour(
    fake: FakeStripe, ids: Callable[[str], list[str]], ask: Callable[..., Any]
) -> None:
    fake.connect("acct_shop").create("charge", id="ch_shop")
    form = {"grant_type": "refresh_token", "refresh_token": fake.authorize("app", "acct_shop")}
    key = exchange(fake, "/v1/oauth/token", form, authorization=basic(fake.key))[1]["access_token"]

    listed = json.loads(ask("/v1/charges", key).body)
    assert [charge["id"] for charge in listed["data"]] == ["ch_shop"]
    fake.advance(3600)
    assert ask("/v1/charges", key).status == 401
    assert ids("/v1/charges") == []


def test_a_token_rotates_even_if_its_answer_is_lost(fake: FakeStripe) -> None:
    form = {"grant_type": "refresh_token", "refresh_token": fake.authorize("app")}
    request = Request("POST", "/v1/oauth/token", (), {"authorization": basic(fake.key)})
    lost = replace(request, body=urlencode(form).encode())
    fake.fail("/v1/oauth/token", Fault.RESET)

    assert fake.answer(lost).wire is Wire.RESET
    assert json.loads(fake.answer(lost).body)["error"] == "invalid_grant"


def test_a_connect_token_is_exchanged_with_the_secret_in_the_form(fake: FakeStripe) -> None:
    token = fake.authorize("connect")
    form = {"grant_type": "refresh_token", "refresh_token": token, "client_secret": fake.key}

    first = exchange(fake, "/oauth/token", form)[1]
    second = exchange(fake, "/oauth/token", form)[1]

    assert first["stripe_user_id"] == fake.ledger.account
    assert first["refresh_token"] == second["refresh_token"] == token
    assert first["scope"] == "read_only"


def test_a_token_request_with_a_wrong_platform_key_is_refused(fake: FakeStripe) -> None:
    form = {"grant_type": "refresh_token", "refresh_token": fake.authorize("app")}

    of_api = exchange(fake, "/v1/oauth/token", form, authorization=basic("sk_test_no"))
    of_connect = exchange(fake, "/oauth/token", form, authorization=basic("sk_test_no"))

    assert (of_api[0], of_connect[0]) == (401, 401)
    assert of_api[1]["error"]["message"].startswith("Invalid API Key provided")
    assert of_connect[1]["error"] == "invalid_client"
    assert exchange(fake, "/v1/oauth/token", form, authorization=basic(fake.key))[0] == 200


def test_an_unknown_grant_type_is_refused(fake: FakeStripe) -> None:
    status, refused = exchange(
        fake, "/v1/oauth/token", {"grant_type": "password"}, authorization=basic(fake.key)
    )

    assert status == 400
    assert refused["error"] == "unsupported_grant_type"


def test_the_command_serves_and_keeps_its_world(tmp_path: Path) -> None:
    store = tmp_path / "world.json"
    command = [sys.executable, "-m", "stripe_sandbox", "--port", "0", "--customers", "2"]
    started = subprocess.Popen([*command, "--store", str(store)], stdout=subprocess.PIPE, text=True)
    assert started.stdout is not None
    with started, started.stdout as output:
        url = output.readline().split()[-1]
        key = output.readline().split()[-1]
        listed = requests.get(f"{url}/v1/customers", auth=(key, ""), timeout=10).json()
        started.terminate()
        assert started.wait(10) == 0

    kept = FakeStripe.load(store)
    assert [c["id"] for c in kept.objects("customer")] == [c["id"] for c in listed["data"]]


def test_a_port_in_use_is_told_in_a_sentence(url: str) -> None:
    port = url.rsplit(":", 1)[1]

    failed = subprocess.run(
        [sys.executable, "-m", "stripe_sandbox", "--port", port, "--customers", "0"],
        capture_output=True,
        text=True,
        check=False,
    )

    assert failed.returncode == 2
    assert f"port {port}" in failed.stderr
    assert "Traceback" not in failed.stderr


def test_a_store_that_cannot_be_read_is_told_in_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "world.json").write_text('{"cut')

    ended = subprocess.run(
        [sys.executable, "-m", "stripe_sandbox", "--store", tmp_path / "world.json"],
        capture_output=True,
        text=True,
        check=False,
    )

    assert ended.returncode == 2
    assert ended.stderr.startswith(f"The sandbox in {tmp_path / 'world.json'} cannot be read: ")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a device of Linux")
def test_a_store_on_a_full_disk_is_told_in_a_sentence_before_anything_is_served(
    tmp_path: Path,
) -> None:
    (tmp_path / "w.json.unfinished").symlink_to("/dev/full")

    ended = subprocess.run(
        [sys.executable, "-m", "stripe_sandbox", "--port", "0", "--store", "w.json"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )

    assert (ended.returncode, ended.stdout) == (75, "")
    assert ended.stderr == (
        "The sandbox cannot be kept in w.json: No space left on device. Make room there, or name "
        "another file with --store.\n"
    )
    assert list(tmp_path.iterdir()) == []


def test_the_example_of_the_readme_runs() -> None:
    readme = Path(__file__).parents[2] / "sandbox" / "README.md"
    (example,) = re.findall(r"```python\n(.*?)```", readme.read_text(encoding="utf-8"), re.DOTALL)
    client = "requests.get(url + '/v1/charges', auth=(key, ''), timeout=10).raise_for_status()"

    names: dict[str, Any] = {"requests": requests}
    exec(example.replace("...  # any HTTP client", client), names)

    # Twice the body was cut, after one that was whole; so this one was.
    assert [asked.path for asked in names["fake"].requests] == ["/v1/charges"]
