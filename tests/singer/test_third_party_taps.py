"""What taps that others wrote say becomes tables: as it was recorded, and as they say it today.

The taps themselves are run when THIRD_PARTY_TAPS is set; that takes their packages from PyPI.
"""

from __future__ import annotations

import json
import os
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from tests.pair.third_party import ThirdParty
from tests.singer.third_party_taps import (
    RECORDED,
    STRIPE_STREAMS,
    TAPS,
    business,
    meltanolabs,
)  # fmt: skip

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from tests.target.world import Tables

needs_the_taps = pytest.mark.skipif(
    "THIRD_PARTY_TAPS" not in os.environ,
    reason="Set THIRD_PARTY_TAPS to run taps from PyPI; what they said before is tested anyway.",
)
POSTGRES_TAPS = ("meltanolabs_tap_postgres", "pipelinewise_tap_postgres")
WITH_A_KEY = ("public-everything", "public-nothing")
EVERYTHING = """
    SELECT id, big, CAST(price AS DOUBLE PRECISION), CAST(fraction AS DOUBLE PRECISION), yes, words,
        fixed, CAST(hour AS VARCHAR), CAST(moment AS VARCHAR), CAST(zoned AS VARCHAR), uid,
        replace(CAST(numbers AS VARCHAR), ' ', ''), feeling
    FROM public_everything ORDER BY id
"""
FIRST = (
    1, 9007199254740993, 12.34, 0.1, True, 'é "q" \\ \n', "ab  ", "03:04:05.500000",
    "2026-01-02 03:04:05.123456", "2026-01-01 21:34:05",
    "5f0c1c9c-9f0a-4b9a-8b0f-0123456789ab", "[1,null,3]", "glad",
)  # fmt: skip


@pytest.fixture(scope="session")
def third_party(pytestconfig: pytest.Config) -> ThirdParty:
    return ThirdParty(pytestconfig.cache.mkdir("third-party"))


def recorded(name: str) -> str:
    return (RECORDED / f"{name}.singer").read_text(encoding="utf-8")


def only(said: str, streams: Iterable[str]) -> str:
    """The messages of these streams, and the states."""
    lines = said.splitlines(keepends=True)
    return "".join(each for each in lines if json.loads(each).get("stream", "") in ("", *streams))


def load(tables: Tables, said: str, mode: str) -> None:
    outcome = tables.load(said, mode=mode)
    assert outcome.error is None, outcome.sentence
    assert outcome.states[-1] == json.loads(said.splitlines()[-1])["value"]


def without_utc(value: Any) -> Any:
    """A moment in UTC, however a destination writes it; any other value as it is."""
    if isinstance(value, str) and value.startswith("2026-"):
        return value.removesuffix("+00").removesuffix(".000")
    return value


def is_the_shop(tables: Tables, *, has_logs: bool) -> None:
    first, second, third = tables.rows(EVERYTHING)
    assert tuple(map(without_utc, first)) == FIRST
    assert set(second[1:]) <= {None, "[]"}
    assert (third[1], third[3], third[5]) == (-(2**63), 1e300, "")
    ((number,),) = tables.rows("SELECT long FROM public_everything WHERE id = 1")
    exact = Decimal("12345678901234567890.0123456789")
    assert number == (exact if isinstance(number, Decimal) else float(exact))
    assert tables.rows("SELECT count(*) FROM public_nothing") == [(0,)]
    if has_logs:
        assert tables.rows("SELECT line FROM public_logs") == [("one",), ("one",)]


def is_the_business(tables: Tables) -> None:
    stripe = business()
    for stream in STRIPE_STREAMS:
        ids = sorted(str(each["id"]) for each in stripe.objects(stream.removesuffix("s")))
        assert [name for (name,) in tables.rows(f"SELECT id FROM {stream} ORDER BY id")] == ids
    amounts = tables.rows("SELECT amount FROM charges ORDER BY id")
    truth = sorted(stripe.objects("charge"), key=lambda each: str(each["id"]))
    assert amounts == [(each["amount"],) for each in truth]


@pytest.mark.parametrize("mode", ["append", "replace"])
@pytest.mark.parametrize("name", POSTGRES_TAPS)
def test_a_shop_in_postgresql_arrives_with_all_its_types(
    tables: Tables, name: str, mode: str
) -> None:
    load(tables, recorded(name), mode)
    is_the_shop(tables, has_logs=True)


@pytest.mark.parametrize("name", POSTGRES_TAPS)
def test_a_shop_that_is_merged_twice_is_there_once(tables: Tables, name: str) -> None:
    for _ in range(2):
        load(tables, only(recorded(name), WITH_A_KEY), "merge")
    is_the_shop(tables, has_logs=False)


@pytest.mark.parametrize("mode", ["append", "replace", "merge"])
def test_what_singer_ios_tap_reads_of_stripe_arrives(tables: Tables, mode: str) -> None:
    load(tables, recorded("singer_io_tap_stripe"), mode)
    is_the_business(tables)


def test_each_recording_holds_what_its_tap_is_there_for() -> None:
    assert sorted(TAPS) == sorted(each.stem for each in RECORDED.glob("*.singer"))
    types = [
        json.loads(line)["type"] for line in recorded("pipelinewise_tap_postgres").splitlines()
    ]
    # It activates a new table's version before its records, and again at the end.
    assert types[1:7] == ["STATE", "ACTIVATE_VERSION", *["RECORD"] * 3, "ACTIVATE_VERSION"]


@needs_the_taps
@pytest.mark.parametrize("name", TAPS)
def test_the_taps_say_today_what_was_recorded(
    tables: Tables, third_party: ThirdParty, tmp_path: Path, name: str
) -> None:
    load(tables, TAPS[name](third_party, tmp_path), "append")
    if name in POSTGRES_TAPS:
        is_the_shop(tables, has_logs=True)
    else:
        is_the_business(tables)


@needs_the_taps
def test_files_that_a_tap_wrote_for_batch_messages_are_read(
    tables: Tables, third_party: ThirdParty, tmp_path: Path
) -> None:
    batches: dict[str, Any] = {
        "encoding": {"format": "jsonl", "compression": "gzip"},
        "storage": {"root": tmp_path.as_uri()},
    }
    said = meltanolabs(third_party, tmp_path, batch_config=batches)
    assert '"BATCH"' in said
    load(tables, said, "append")
    is_the_shop(tables, has_logs=True)
