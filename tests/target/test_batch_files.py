"""BATCH messages, whose records are in files."""

import gzip
from pathlib import Path
from typing import Any

import duckdb
import pytest
from singer_sdk.contrib.batch_encoder_jsonl import JSONLinesBatcher
from singer_sdk.helpers._batch import BatchConfig

from tests.target.world import (
    INTEGER,
    MOMENT,
    NUMBER,
    OBJECT,
    TEXT,
    DuckDbTables,
    Tables,
    activate,
    line,
    schema,
    state,
)  # fmt: skip

CHARGES = schema("charges", id=TEXT, n=INTEGER)
JSON_LINES = b'{"id":"1","n":1}\n{"id":"2","n":2}\n'


def batch(encoding: object, *urls: str) -> str:
    return line("BATCH", stream="charges", encoding=encoding, manifest=list(urls))


def parquet(path: Path, select: str) -> str:
    """Write a file and return its URL."""
    plain = path.with_name("plain")
    duckdb.sql(f"COPY ({select}) TO '{plain}' (FORMAT parquet)")
    return plain.rename(path).as_uri()


@pytest.mark.parametrize("compression", ["gzip", "none", None])
def test_json_lines_bring_their_records(
    anywhere: Tables, tmp_path: Path, compression: str | None
) -> None:
    path = tmp_path / "re cords"
    path.write_bytes(gzip.compress(JSON_LINES) if compression == "gzip" else JSON_LINES)
    anywhere.load(CHARGES, batch({"format": "jsonl", "compression": compression}, path.as_uri()))
    assert anywhere.rows("SELECT * FROM charges ORDER BY id") == [("1", 1), ("2", 2)]


def test_what_singer_sdk_writes_is_read(tables: DuckDbTables, tmp_path: Path) -> None:
    encoding = {"format": "jsonl", "compression": "gzip"}
    config = BatchConfig.from_dict(
        {"encoding": encoding, "storage": {"root": tmp_path.as_uri()}, "batch_size": 2}
    )
    records = [{"id": str(n), "n": n} for n in range(5)]
    manifests = list(JSONLinesBatcher("tap-x", "charges", config).get_batches(iter(records)))
    tables.load(CHARGES, *[batch(encoding, *manifest) for manifest in manifests], state(at=1))
    assert len(manifests) == 3
    assert tables.rows("SELECT count(*), sum(n) FROM charges") == [(5, 10)]


@pytest.mark.parametrize("mode", ["append", "replace", "merge"])
def test_parquet_brings_its_rows(anywhere: Tables, tmp_path: Path, mode: str) -> None:
    select = "SELECT CAST(i AS VARCHAR) AS id, i AS n FROM range(3000) t(i)"
    urls = [parquet(tmp_path / name, select) for name in ("it's *=1.parquet", "[b].parquet.gz")]
    anywhere.load(CHARGES, batch({"format": "parquet"}, urls[0]), state(at=1), mode=mode)
    outcome = anywhere.load(CHARGES, batch({"format": "parquet"}, urls[1]), state(at=2), mode=mode)
    assert outcome.states == [{"at": 2}]
    count = 6000 if mode == "append" else 3000
    assert anywhere.rows("SELECT count(*), max(n) FROM charges") == [(count, 2999)]


def test_every_type_of_parquet_becomes_what_the_schema_says(
    anywhere: Tables, tmp_path: Path
) -> None:
    url = parquet(
        tmp_path / "x.parquet",
        "SELECT 'é\"' AS id, 5 AS n, CAST(1.10 AS DECIMAL(9, 2)) AS x, DATE '2026-01-02' AS day, "
        "TIMESTAMP '2026-01-02 03:04:05.5' AS moment, TIMESTAMPTZ '2026-01-02 03:04:05+02' AS zoned, "
        "{'a': [1, NULL]} AS o, CAST(NULL AS VARCHAR) AS nothing",
    )
    fields: dict[str, Any] = {
        "id": TEXT, "n": INTEGER, "x": NUMBER, "day": TEXT, "moment": MOMENT, "zoned": MOMENT,
        "o": OBJECT, "nothing": TEXT,
    }  # fmt: skip
    anywhere.load(schema("charges", **fields), batch({"format": "parquet"}, url))
    (row,) = anywhere.rows(
        "SELECT id, n, CAST(x AS DOUBLE PRECISION), day, CAST(moment AS VARCHAR), "
        "CAST(zoned AS VARCHAR), replace(CAST(o AS VARCHAR), ' ', ''), nothing FROM charges"
    )
    assert row == (
        'é"', 5, 1.1, "2026-01-02", "2026-01-02 03:04:05.5+00", "2026-01-02 01:04:05+00",
        '{"a":[1,null]}', None,
    )  # fmt: skip


def test_a_row_of_parquet_that_does_not_fit_is_a_bad_record(
    tables: DuckDbTables, tmp_path: Path
) -> None:
    select = "SELECT '1' AS id, CAST('NaN' AS DOUBLE) AS n UNION ALL SELECT '2', 2"
    message = batch({"format": "parquet"}, parquet(tmp_path / "x", select))
    assert "record `1` (line 2): `n` holds NaN" in tables.load(CHARGES, message).sentence
    tables.load(CHARGES, message, on_invalid="quarantine")
    assert tables.rows("SELECT * FROM charges") == [("2", 2)]


def test_the_records_of_a_batch_have_no_version_so_a_reading_removes_nothing(
    tables: DuckDbTables, tmp_path: Path
) -> None:
    path = tmp_path / "records"
    path.write_bytes(JSON_LINES)
    message = batch({"format": "jsonl"}, path.as_uri())
    tables.load(CHARGES, message, activate("charges", 1), mode="merge")
    assert tables.rows("SELECT count(*) FROM charges WHERE _sdc_deleted_at IS NULL") == [(2,)]


@pytest.mark.parametrize(
    ("encoding", "url", "sentence"),
    [
        ({"format": "avro"}, "file:///x", "has the format avro with compression none"),
        ({}, "file:///x", "has the format None"),
        ({"format": "jsonl", "compression": "zstd"}, "file:///x", "with compression zstd"),
        ({"format": "jsonl"}, "s3://bucket/x", "is at `s3://`"),
        ({"format": "jsonl"}, "file:///no/such/file", "cannot be read: No such file"),
        ({"format": "parquet"}, "file:///no/such/file", "cannot be read: No such file"),
        ({"format": "jsonl"}, "{folder}", "Is a directory"),
        ({"format": "parquet"}, "{torn}", "cannot be read: Invalid Input Error: No magic bytes"),
        ({"format": "jsonl", "compression": "gzip"}, "{torn}", "cannot be read: Compressed file"),
        ({"format": "jsonl", "compression": "gzip"}, "{plain}", "cannot be read: Not a gzipped"),
        ({"format": "jsonl"}, "{torn}", "`charges` (line 2): it is not valid JSON"),
    ],
)
def test_a_batch_that_cannot_be_read_is_refused_and_nothing_of_it_is_loaded(
    tables: DuckDbTables, tmp_path: Path, encoding: dict[str, Any], url: str, sentence: str
) -> None:
    torn, plain = tmp_path / "torn", tmp_path / "plain"
    torn.write_bytes(gzip.compress(JSON_LINES)[:-9])
    plain.write_bytes(JSON_LINES)
    places = {"folder": tmp_path.as_uri(), "torn": torn.as_uri(), "plain": plain.as_uri()}
    first = batch({"format": "jsonl"}, plain.as_uri())
    outcome = tables.load(CHARGES, batch(encoding, url.format(**places)), first, state(at=1))
    assert sentence in outcome.sentence
    assert "target-td-table-" not in outcome.sentence
    assert tables.columns("charges") == {}
    assert outcome.states == []
