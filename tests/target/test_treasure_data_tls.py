"""The way to Treasure Data: certificates, and proxies of the environment."""

import json
import ssl
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import trustme

from target_td_table.errors import BusyError, SettingsError
from target_td_table.loaders.treasure_data.address import REGIONS, address_in
from target_td_table.modes import Mode
from tests.fakes.http_proxy import PASSWORD, Proxy, proxy_to
from tests.fakes.programs import environment
from tests.fakes.treasure_data import MASTER
from tests.fakes.treasure_data_loads import CHARGES, SHOP, complete, held, load, open_loader, shop
from tests.fakes.treasure_data_server import TreasureDataServer, served
from tests.target.world import record, schema, state

PROGRAM = Path(sys.executable).with_name("target-td-table")
ADDRESS = "https://api.example.invalid"


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture(autouse=True)
def _no_way_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "REQUESTS_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    monkeypatch.delenv("CURL_CA_BUNDLE", raising=False)


@pytest.fixture
def trusted(authority: trustme.CA, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The environment names the authority."""
    authority.cert_pem.write_to_path(tmp_path / "authority.pem")
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "authority.pem"))


def encrypted(authority: trustme.CA, *hosts: str) -> ssl.SSLContext:
    """What a server needs to show that it is one of the hosts."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(*hosts).configure_cert(context)
    return context


@pytest.fixture
def server(authority: trustme.CA) -> Iterator[TreasureDataServer]:
    """Treasure Data, under every name that the tests use."""
    hosts = ("127.0.0.1", "api.example.invalid", *REGIONS.values())
    with served(shop(), encrypted(authority, *hosts)) as found:
        yield found


@pytest.fixture
def proxy(server: TreasureDataServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[Proxy]:
    """The way that the environment names to all https."""
    with proxy_to(server.port) as found:
        monkeypatch.setenv("HTTPS_PROXY", found.url)
        yield found


def test_a_certificate_that_nobody_vouches_for_is_refused_at_once(
    server: TreasureDataServer,
) -> None:
    with pytest.raises(
        SettingsError, match=r"its certificate cannot be trusted.* Correct the host"
    ):
        load(server.url, Mode.APPEND)
    assert server.requests == []


@pytest.mark.usefixtures("trusted")
@pytest.mark.parametrize("mode", Mode)
def test_a_certificate_of_an_authority_that_the_environment_names_is_trusted(
    server: TreasureDataServer, mode: Mode
) -> None:
    load(server.url, mode)
    assert held(server.account) == complete(mode)


@pytest.mark.usefixtures("trusted")
def test_the_certificate_of_another_host_is_refused_at_once(authority: trustme.CA) -> None:
    with served(shop(), encrypted(authority, "api.example.com")) as server:
        with pytest.raises(SettingsError, match="its certificate cannot be trusted"):
            load(server.url, Mode.APPEND)
        assert server.requests == []


@pytest.mark.usefixtures("trusted")
def test_no_proxy_is_asked_for_the_hosts_that_the_environment_excepts(
    server: TreasureDataServer, proxy: Proxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_PROXY", "example.com,127.0.0.1")
    load(server.url, Mode.APPEND)
    assert proxy.asked == []
    assert held(server.account) == complete(Mode.APPEND)


def test_a_plain_load_goes_through_the_other_proxy_of_the_environment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with served(shop()) as server, proxy_to(server.port) as proxy:
        monkeypatch.setenv("HTTP_PROXY", proxy.url)
        load("http://api.example.invalid", Mode.APPEND)
        assert set(proxy.asked) == {"api.example.invalid"}
        assert held(server.account) == complete(Mode.APPEND)


def test_a_proxy_cannot_read_what_is_encrypted_by_answering_itself(proxy: Proxy) -> None:
    with pytest.raises(SettingsError, match="name its certificate in REQUESTS_CA_BUNDLE"):
        load(ADDRESS, Mode.APPEND)
    assert len(proxy.asked) == 1


@pytest.mark.usefixtures("trusted")
@pytest.mark.parametrize("status", [0, 502, 503])
def test_a_way_that_breaks_is_tried_again(
    server: TreasureDataServer, proxy: Proxy, status: int
) -> None:
    proxy.refusals = [status] * 3
    load(ADDRESS, Mode.APPEND)
    assert held(server.account) == complete(Mode.APPEND)


@pytest.mark.usefixtures("trusted")
def test_a_proxy_that_lets_nobody_through_is_told_at_once(proxy: Proxy) -> None:
    proxy.refusals = [403]
    with pytest.raises(SettingsError, match=r"proxy in HTTPS_PROXY refuses it \(403\)") as refused:
        load(ADDRESS, Mode.APPEND)
    assert PASSWORD not in str(refused.value)
    assert len(proxy.asked) == 1


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_proxy_that_wants_another_password_is_told_at_once(
    proxy: Proxy, monkeypatch: pytest.MonkeyPatch, scheme: str
) -> None:
    monkeypatch.setenv(f"{scheme.upper()}_PROXY", proxy.url.replace(PASSWORD, "0ther"))
    with pytest.raises(SettingsError, match=rf"\(407\).* in {scheme.upper()}_PROXY") as refused:
        load(f"{scheme}://api.example.invalid", Mode.APPEND)
    assert "0ther" not in str(refused.value)


def test_the_password_of_a_proxy_that_is_away_is_told_nowhere(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    monkeypatch.setenv("HTTP_PROXY", f"http://me:{PASSWORD}@127.0.0.1:1")
    with pytest.raises(BusyError, match="no answer") as away:
        load("http://api.example.invalid", Mode.APPEND)
    assert PASSWORD not in caplog.text + str(away.value)


@pytest.mark.usefixtures("trusted")
@pytest.mark.parametrize("region", REGIONS)
def test_a_region_is_reached_at_its_endpoint(proxy: Proxy, region: str) -> None:
    loader = open_loader(address_in(f"td://{region}/{SHOP}").endpoint)
    assert loader.describe(CHARGES.name)
    loader.close()
    assert set(proxy.asked) == {f"{REGIONS[region]}:443"}


@pytest.mark.usefixtures("trusted")
def test_the_whole_program_goes_through_the_proxy_of_the_environment(
    server: TreasureDataServer, proxy: Proxy, tmp_path: Path
) -> None:
    settings = {"destination": f"td://jp01/{SHOP}", "apikey": MASTER}
    (tmp_path / "config.json").write_text(json.dumps(settings))
    lines = [schema("refunds"), record("refunds", id="1"), state(a=1)]
    ended = subprocess.run(
        [PROGRAM, "--config", tmp_path / "config.json"],
        input="".join(lines), env=environment(), capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (ended.returncode, ended.stdout) == (0, '{"a": 1}\n'), ended.stderr
    assert set(proxy.asked) == {"api.treasuredata.co.jp:443"}
    assert [row["id"] for row in server.account.rows(SHOP, "refunds")] == ["1"]
