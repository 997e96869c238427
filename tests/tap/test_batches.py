"""With singer-sdk's `batch_config` records come in files, and states only after their files."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlparse

import pytest

from tap_stripe_td.errors import ConfigError
from tests.fakes.messages import Messages
from tests.target.world import DuckDbTables

if TYPE_CHECKING:
    from tests.fakes.changing_stripe import ChangingStripe
    from tests.fakes.messages import Message
    from tests.fakes.reading import Tap

HOUR = 3600
ROWS = 250


@pytest.fixture
def _business(stripe: ChangingStripe) -> None:
    for kind in ("charge", "customer"):
        stripe.bulk(kind, 1_010, stripe.now - 400 * HOUR, stripe.now - HOUR)


pytestmark = pytest.mark.usefixtures("_business")


def batch_config(folder: Path, **encoding: str) -> dict[str, Any]:
    return {
        "encoding": encoding or {"format": "jsonl", "compression": "gzip"},
        "storage": {"root": folder.as_uri(), "prefix": "of-a-test-"},
        "batch_size": ROWS,
    }


def in_files(run: Messages, stream: str) -> list[Message]:
    """The records of a stream's files, in order."""
    return [
        json.loads(line)
        for message in run.of_type("BATCH")
        if message["stream"] == stream
        for url in message["manifest"]
        for line in content(message["encoding"], Path(urlparse(url).path)).splitlines()
    ]


def content(encoding: Message, file: Path) -> bytes:
    written = file.read_bytes()
    return gzip.decompress(written) if encoding["compression"] == "gzip" else written


def by_id(records: list[Message]) -> list[Message]:
    return sorted(records, key=lambda record: str(record["id"]))


@pytest.mark.parametrize("compression", ["gzip", "none"])
def test_the_files_hold_what_would_stand_in_the_messages(
    tap: Tap, tmp_path: Path, compression: str
) -> None:
    config = batch_config(tmp_path, format="jsonl", compression=compression)

    run = tap.read("charges", "customers", batch_config=config)

    assert run.of_type("RECORD") == []
    for stream in ("charges", "customers"):
        plain = tap.read(stream).records(stream)
        assert by_id(in_files(run, stream)) == by_id(plain)
    assert {file.name[:10] for file in tmp_path.iterdir()} == {"of-a-test-"}


def test_a_whole_reading_is_announced_after_its_last_file(tap: Tap, tmp_path: Path) -> None:
    run = tap.read("charges", batch_config=batch_config(tmp_path))

    kinds = [m["type"] for m in run.all if m["type"] in {"BATCH", "ACTIVATE_VERSION"}]
    assert kinds == ["BATCH"] * 4 + ["ACTIVATE_VERSION"]
    assert {m["version"] for m in run.of_type("BATCH")} == set(run.activated("charges"))


def test_from_any_state_the_files_before_it_and_the_next_run_hold_everything(
    stripe: ChangingStripe, tap: Tap, tmp_path: Path
) -> None:
    config = batch_config(tmp_path)
    whole = tap.read("charges", "customers", batch_config=config, workers=3)
    lines = whole.stdout.splitlines(keepends=True)
    states = [place for place, line in enumerate(lines) if line.startswith(b'{"type":"STATE"')]
    assert len(states) >= 3

    for place in states:
        before = Messages(b"".join(lines[:place]))
        state = json.loads(lines[place])["value"]
        rest = tap.read("charges", "customers", state=state)

        for stream, kind in (("charges", "charge"), ("customers", "customer")):
            came = {record["id"] for record in in_files(before, stream)} | {*rest.ids(stream)}
            assert came == {each["id"] for each in stripe.objects(kind)}


def test_stream_maps_hold_for_files_too(tap: Tap, tmp_path: Path) -> None:
    maps = {"customers": {"__alias__": "people", "id": "id", "__else__": None}}

    run = tap.read("customers", stream_maps=maps, batch_config=batch_config(tmp_path))

    records = in_files(run, "people")
    assert len(records) == 1_010
    assert {tuple(record) for record in records} == {("id",)}


def test_the_target_loads_the_files_and_marks_what_is_gone(
    stripe: ChangingStripe, tap: Tap, tmp_path: Path
) -> None:
    tables = DuckDbTables(tmp_path / "stripe.duckdb")
    for _ in range(2):
        run = tap.read("customers", batch_config=batch_config(tmp_path / "files"))
        loaded = tables.load(*run.stdout.decode().splitlines(keepends=True), mode="merge")
        assert loaded.error is None
        gone = str(stripe.objects("customer")[0]["id"])
        stripe.delete("customer", gone)
        stripe.advance(HOUR)

    there = tables.rows("SELECT count(*) FROM customers WHERE _sdc_deleted_at IS NULL")
    assert there == [(1_009,)]


@pytest.mark.parametrize(
    ("config", "sentence"),
    [
        ({"encoding": {"format": "parquet"}, "storage": {"root": "file:///x"}}, "parquet"),
        (
            {"encoding": {"format": "jsonl", "compression": "lzo"}, "storage": {"root": "x"}},
            "lzo",
        ),
        ({"encoding": {"format": "jsonl"}}, "cannot be made sense of"),
        ({"encoding": {"format": "jsonl"}, "storage": {"rot": "x"}}, "cannot be made sense of"),
    ],
)
def test_a_configuration_of_no_use_is_refused_with_what_to_give(
    stripe: ChangingStripe, tap: Tap, config: Message, sentence: str
) -> None:
    with pytest.raises(ConfigError, match=sentence):
        tap.read("charges", batch_config=config)

    assert not [asked for asked in stripe.requests if asked.path == "/v1/charges"]


def test_a_file_that_cannot_be_written_ends_the_run_before_its_state(
    tap: Tap, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    occupied = tmp_path / "file"
    occupied.write_text("not a folder")

    with pytest.raises(ConfigError, match="cannot be written"):
        tap.read("charges", batch_config=batch_config(occupied))

    assert "STATE" not in capsys.readouterr().out
