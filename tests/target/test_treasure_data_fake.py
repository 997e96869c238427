"""The fake keeps the vendor's rules, as the vendor's own client sees them."""

import gzip
import io
from collections.abc import Iterator
from typing import Any

import msgpack  # type: ignore[import-untyped]
import pytest
import tdclient
from tdclient.errors import AlreadyExistsError, ForbiddenError, NotFoundError

from tests.fakes.treasure_data import MASTER, WRITE_ONLY, FakeTreasureData
from tests.fakes.treasure_data_server import TreasureDataServer, served


@pytest.fixture
def server() -> Iterator[TreasureDataServer]:
    with served(FakeTreasureData(looks=1)) as state:
        yield state


@pytest.fixture
def client(server: TreasureDataServer) -> Iterator[tdclient.Client]:
    with tdclient.Client(MASTER, endpoint=f"{server.url}/") as opened:
        opened.create_database("shop")
        opened.create_log_table("shop", "charges")
        yield opened


def test_a_query_is_a_million_characters_at_most(client: tdclient.Client) -> None:
    longest = "SELECT 1 --".ljust(1_000_000, "-")
    assert client.query("shop", longest, type="trino").id
    with pytest.raises(tdclient.errors.APIError, match="must not exceed 1000000 characters"):
        client.query("shop", longest + "-", type="trino")


def part(*records: Any) -> bytes:
    return gzip.compress(b"".join(msgpack.packb(record) for record in records))


def upload(client: tdclient.Client, name: str, body: bytes) -> None:
    client.bulk_import_upload_part("load_1", name, io.BytesIO(body), len(body))


def test_a_session_goes_from_uploading_to_committed(
    client: tdclient.Client, server: TreasureDataServer
) -> None:
    session = client.create_bulk_import("load_1", "shop", "charges")
    upload(client, "part_1", part({"time": 1, "id": "a"}))
    session.freeze()
    session.perform(wait=True, wait_interval=0)
    assert client.bulk_import("load_1").valid_records == 1
    assert server.account.rows("shop", "charges") == []
    session.commit(wait=True, wait_interval=0)
    assert server.account.rows("shop", "charges") == [{"time": 1, "id": "a"}]


def test_records_that_are_no_rows_are_error_records(client: tdclient.Client) -> None:
    session = client.create_bulk_import("load_1", "shop", "charges")
    upload(client, "part_1", part({"time": "late"}, {"id": "a"}, {"time": 1}))
    session.freeze()
    session.perform(wait=True, wait_interval=0)
    assert client.bulk_import("load_1").error_records == 2
    assert list(client.bulk_import_error_records("load_1")) == [{"time": "late"}, {"id": "a"}]


def test_what_is_there_already_is_a_conflict(client: tdclient.Client) -> None:
    with pytest.raises(AlreadyExistsError):
        client.create_log_table("shop", "charges")
    session = client.create_bulk_import("load_1", "shop", "charges")
    session.freeze()
    with pytest.raises(AlreadyExistsError):
        session.freeze()


def test_what_is_missing_is_not_found(client: tdclient.Client) -> None:
    with pytest.raises(NotFoundError, match="Couldn't find UserTableReference with name = nope"):
        client.create_bulk_import("load_1", "shop", "nope")


def test_a_schema_is_replaced_whole_and_shows_aliases(client: tdclient.Client) -> None:
    client.update_schema("shop", "charges", [["Id", "string"], ["id", "string"]])
    (table,) = client.tables("shop")
    assert [list(entry) for entry in table.schema or ()] == [
        ["Id", "string", "id"],
        ["id", "string", "id_1"],
    ]


def test_a_write_only_key_may_not_change_a_schema(server: TreasureDataServer) -> None:
    with (
        tdclient.Client(WRITE_ONLY, endpoint=f"{server.url}/") as other,
        pytest.raises(ForbiddenError),
    ):
        other.update_schema("shop", "charges", [["id", "string"]])


def test_an_import_with_an_id_counts_once(
    client: tdclient.Client, server: TreasureDataServer
) -> None:
    body = part({"time": 1, "id": "a"})
    for _ in range(2):
        client.import_data("shop", "charges", "msgpack.gz", io.BytesIO(body), len(body), "one")
    assert len(server.account.rows("shop", "charges")) == 1


def test_a_query_is_a_job_with_rows(client: tdclient.Client) -> None:
    job = client.query("shop", "SELECT 1 AS n, 'a' AS name", type="trino")
    job.wait(wait_interval=0)
    assert [list(row) for row in job.result()] == [[1, "a"]]


def test_a_job_that_is_killed_writes_nothing(
    client: tdclient.Client, server: TreasureDataServer
) -> None:
    job = client.query("shop", "INSERT INTO charges (time) SELECT 1", type="trino")
    assert client.kill(job.id) == "running"
    assert client.job_status(job.id) == "killed"
    assert server.account.rows("shop", "charges") == []


def test_expiry_and_deletion(client: tdclient.Client, server: TreasureDataServer) -> None:
    client.update_expire("shop", "charges", 30)
    assert server.account.table("shop", "charges").expire_days == 30
    client.delete_table("shop", "charges")
    assert client.tables("shop") == []
