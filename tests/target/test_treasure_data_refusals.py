import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from target_td_table.errors import BusyError, InputError, NoStateError, SettingsError, exit_code
from target_td_table.loaders.treasure_data.address import address_in, checked_key
from target_td_table.loaders.treasure_data.api import Patience
from target_td_table.loaders.treasure_data.loader import TreasureDataLoader
from target_td_table.modes import Mode
from tests.fakes.treasure_data import MASTER, WRITE_ONLY
from tests.fakes.treasure_data_loads import CHARGES, SHOP, complete, held, load, open_loader, shop
from tests.fakes.treasure_data_server import Fault, TreasureDataServer, served
from tests.target.batches import batch_of
from tests.target.world import DuckDbTables, Outcome, Tables, record, schema, state

ALL_REGIONS = "us01, jp01, eu01, ap02, ap03"


@pytest.fixture
def server() -> Iterator[TreasureDataServer]:
    with served(shop()) as state:
        yield state


class Target(Tables):
    """The whole target, into the fake."""

    def __init__(self, server: TreasureDataServer) -> None:
        self.server = server

    @property
    def url(self) -> str:
        return f"td://{self.server.host}/{SHOP}"

    def rows(self, sql: str) -> list[tuple[object, ...]]:
        return self.server.account.select(SHOP, sql)

    def columns(self, table: str) -> dict[str, str]:
        return {each.alias: each.type for each in self.server.account.table(SHOP, table).columns}

    def load(self, *lines: str, **settings: object) -> Outcome:
        return super().load(*lines, **{"apikey": MASTER, **settings})


@pytest.mark.parametrize(
    ("region", "host"),
    [
        ("us01", "api.treasuredata.com"),
        ("jp01", "api.treasuredata.co.jp"),
        ("eu01", "api.eu01.treasuredata.com"),
        ("ap02", "api.ap02.treasuredata.com"),
        ("ap03", "api.ap03.treasuredata.com"),
    ],
)
def test_a_region_stands_for_its_endpoint(region: str, host: str) -> None:
    for written in (region, region.upper(), host):
        assert address_in(f"td://{written}/shop").endpoint == f"https://{host}"
        assert address_in(f"td://{written}:8443/shop").endpoint == f"https://{host}:8443"


def test_plain_http_is_spoken_with_loopback_only() -> None:
    assert address_in("td://127.0.0.1:80/shop").endpoint == "http://127.0.0.1:80"
    assert address_in("td://api.example.com/shop").endpoint == "https://api.example.com"


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        (
            "td://us02/shop",
            f"`us02` is no region of Treasure Data. Use one of {ALL_REGIONS}, or the host",
        ),
        ("td://1:key@us01/shop", "holds more than an endpoint and a database"),
        ("td://us01", "is no address in Treasure Data. Write it as `td://us01/database`"),
        ("td://[us01/shop", "is no address in Treasure Data"),
        ("td://us01:https/shop", "is no address in Treasure Data"),
        ("td://us01/My-Shop", "cannot be a database in Treasure Data"),
    ],
)
def test_an_address_that_cannot_be_is_refused(url: str, sentence: str) -> None:
    with pytest.raises(SettingsError, match=sentence) as refused:
        address_in(url)
    assert "key@" not in str(refused.value)


@pytest.mark.parametrize("url", ["td://us01", "td://us01/", "td://127.0.0.1:1", "td://["])
def test_without_a_database_nobody_is_asked_for_one(url: str, tmp_path: Path) -> None:
    outcome = DuckDbTables(tmp_path).load(schema("refunds"), destination=url, apikey=MASTER)
    assert "is no address in Treasure Data. Write it as `td://us01/database`" in outcome.sentence


def test_the_database_may_be_a_setting(server: TreasureDataServer) -> None:
    url = f"td://{server.host}"
    lines = [schema("refunds"), record("refunds", id="1"), state(a=1)]
    assert Target(server).load(*lines, destination=url, database="mall").error is None
    assert [row["id"] for row in server.account.rows("mall", "refunds")] == ["1"]


def test_the_key_comes_from_the_setting_or_else_from_the_environment() -> None:
    assert checked_key(MASTER, {"TD_API_KEY": WRITE_ONLY}) == MASTER
    assert checked_key(None, {"TD_API_KEY": WRITE_ONLY}) == WRITE_ONLY


@pytest.mark.parametrize("key", [None, "sk_live_1234"])
def test_a_key_that_cannot_be_is_refused_and_not_shown(key: str | None) -> None:
    with pytest.raises(SettingsError) as refused:
        checked_key(key, {})
    assert "sk_live" not in str(refused.value)


def test_an_unknown_key_may_be_that_of_another_region(server: TreasureDataServer) -> None:
    with pytest.raises(SettingsError, match=f"does not know the API key.* {ALL_REGIONS}, or take"):
        load(server.url, Mode.APPEND, "1/" + "c" * 40)


def test_a_host_that_nobody_knows_is_told_with_the_regions(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def unknown(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    told = f"no host `api.treasuredate.com` is known here; .* {ALL_REGIONS}. It was tried 12 times"
    with pytest.raises(BusyError, match=told):
        load("https://api.treasuredate.com", Mode.APPEND)


def test_a_write_only_key_can_append(
    server: TreasureDataServer, caplog: pytest.LogCaptureFixture
) -> None:
    server.account.table(SHOP, "charges").columns[1].type = "long"
    load(server.url, Mode.APPEND, WRITE_ONLY)
    assert held(server.account) == complete(Mode.APPEND)
    assert "The API key is write-only, so no state is kept" in caplog.text


@pytest.mark.parametrize("mode", [Mode.REPLACE, Mode.MERGE])
def test_a_write_only_key_is_told_early_that_it_needs_a_master_key(
    server: TreasureDataServer, mode: Mode
) -> None:
    with pytest.raises(SettingsError, match=rf"let this API key {mode} rows .*need a master key"):
        load(server.url, mode, WRITE_ONLY)
    assert not any("upload_part" in each for each in server.requests)
    assert held(server.account) == {"0": 1.5}


def test_a_service_that_stays_away_is_worth_another_try_later(
    server: TreasureDataServer,
) -> None:
    server.faults = dict.fromkeys(range(1, 99), Fault.E503)
    with pytest.raises(BusyError, match=r"could not answer GET .*: status 503. It was tried 12"):
        load(server.url, Mode.APPEND)


def test_error_records_stop_the_load_before_the_commit_and_are_named_by_their_key(
    server: TreasureDataServer, tmp_path: Path
) -> None:
    loader = open_loader(server.url)
    loader.alter(CHARGES)
    staged = loader.stage(batch_of(tmp_path, CHARGES, [{"id": "1"}]), Mode.APPEND)
    server.account.is_broken_record = lambda record: record["id"] == "1"
    with pytest.raises(InputError, match=r"cannot load 1 records .*them: `1`\. Correct"):
        loader.publish([staged], None)
    loader.close()
    assert held(server.account) == {"0": 1.5}


@pytest.mark.parametrize("key", [MASTER, WRITE_ONLY])
def test_without_auto_create_table_nothing_is_made_and_the_names_are_those_there(
    server: TreasureDataServer, key: str
) -> None:
    server.account.databases.clear()
    settings = {"auto_create_table": False, "table": "Ab", "apikey": key}
    outcome = Target(server).load(schema("refunds"), **settings)
    assert outcome.sentence.startswith('Database "shop" or table "ab_" doesn\'t exist')
    assert server.account.databases == {}


@pytest.mark.parametrize("mode", Mode)
@pytest.mark.parametrize(
    "refused", ["/v3/table/create/shop/refunds/log", "/v3/database/create/shop"]
)
def test_a_key_that_may_not_create_what_is_missing_is_told_what_that_is(
    server: TreasureDataServer, mode: Mode, refused: str
) -> None:
    server.account.may_create = False
    if "database" in refused:
        server.account.databases.clear()
    lines = [schema("refunds"), record("refunds", id="1"), state(a=1)]
    outcome = Target(server).load(*lines, mode=str(mode))
    assert outcome.sentence.startswith('Database "shop" or table "refunds" doesn\'t exist, and')
    assert f"this API key may not create it (403 at {refused})" in outcome.sentence
    assert server.account.sessions == {}


def test_a_write_only_key_that_asks_for_the_state_is_told_which_key_can(
    server: TreasureDataServer,
) -> None:
    load(server.url, Mode.APPEND)
    loader = open_loader(server.url, WRITE_ONLY)
    with pytest.raises(
        NoStateError,
        match=r"let this API key read the state .*no state is kept, so none can be read",
    ) as refused:
        loader.states()
    assert exit_code(refused.value) == 77
    loader.close()


def test_the_whole_target_loads_and_lets_the_state_out(server: TreasureDataServer) -> None:
    target = Target(server)
    moment = {"type": "string", "format": "date-time"}
    properties: dict[str, Any] = {
        "id": {"type": "string"},
        "created": moment,
        "v": {"type": "object"},
    }
    row = record("refunds", id="1", created="2026-01-01T00:00:05Z", v={"a": [1, 2]})
    outcome = target.load(
        schema("refunds", **properties), row, state(a=1), time_column="created", mode="append"
    )
    assert (outcome.states, outcome.error) == ([{"a": 1}], None)
    assert target.rows("SELECT time, id, created, v_ FROM refunds") == [
        (1767225605, "1", "2026-01-01 00:00:05.000", '{"a": [1, 2]}')
    ]


def test_the_same_rows_may_be_loaded_again_on_purpose(server: TreasureDataServer) -> None:
    target = Target(server)
    for _ in range(2):
        target.load(schema("refunds"), record("refunds", id="1"), state(a=1))
    assert target.rows("SELECT id FROM refunds") == [("1",), ("1",)]


def test_many_small_parts_are_uploaded(server: TreasureDataServer, tmp_path: Path) -> None:
    address = address_in(f"td://{server.host}/{SHOP}")
    quick = Patience(first_seconds=0.001, look_seconds=0.001)
    loader = TreasureDataLoader(address, MASTER, pipeline="x", patience=quick, part_bytes=0)
    loader.alter(CHARGES)
    batches = [batch_of(tmp_path, CHARGES, [{"id": str(number)}]) for number in range(1, 8)]
    loader.publish([loader.stage(each, Mode.APPEND) for each in batches], None)
    loader.close()
    assert len({each for each in server.requests if "upload_part" in each}) == 7
    assert sorted(held(server.account)) == list("01234567")
