"""No row twice and none missing, whoever else loads."""

import io
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest

from target_td_table.loaders.postgres_statements import lock_number
from target_td_table.target import TargetTdTable
from tests.target.postgres_server import PostgresTables
from tests.target.world import activate, record, schema, state


@pytest.mark.parametrize("mode", ["append", "replace", "merge"])
def test_two_loads_into_one_new_table_at_once_both_land(
    postgres: PostgresTables, mode: str
) -> None:
    def load(name: str) -> None:
        lines = [record("charges", id=f"{name}{n}") + state(n=n) for n in range(30)]
        outcomes.append(
            postgres.load(schema("charges"), *lines, mode=mode, batch_size_rows=3, pipeline=name)
        )

    outcomes: list[Any] = []
    loads = [threading.Thread(target=load, args=(name,)) for name in "ab"]
    for each in loads:
        each.start()
    for each in loads:
        each.join()

    assert [each.error for each in outcomes] == [None, None]
    expected = 30 if mode == "replace" else 60
    assert postgres.rows("SELECT count(*), count(DISTINCT id) FROM charges") == [(expected,) * 2]
    assert postgres.rows("SELECT count(*) FROM _td_state") == [(2,)]


def test_who_must_wait_for_another_load_is_told(
    postgres: PostgresTables, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "target_td_table")
    with postgres.connect() as other:
        other.execute("SELECT pg_advisory_lock(%s)", [lock_number("public.charges")])
        loading = threading.Thread(target=postgres.load, args=(schema("charges"),))
        loading.start()
        end = time.monotonic() + 20
        while "Another load" not in caplog.text and time.monotonic() < end:
            time.sleep(0.01)
    loading.join()
    assert "Another load publishes into `public.charges`; waiting" in caplog.text
    assert list(postgres.columns("charges")) == ["id"]


def reading(version: int, names: str) -> list[str]:
    rows = [record("charges", id=name, version=version) for name in names]
    return [schema("charges"), *rows, activate("charges", version), state(at=version)]


def live(postgres: PostgresTables) -> str:
    rows = postgres.rows("SELECT id FROM charges WHERE _sdc_deleted_at IS NULL ORDER BY id")
    return "".join(name for (name,) in rows)


@contextmanager
def load_that_waits(
    postgres: PostgresTables, caplog: pytest.LogCaptureFixture, *lines: str, pipeline: str
) -> Iterator[psycopg.Connection[Any]]:
    """A load whose publication waits for the table as long as this context lasts."""
    with postgres.connect() as other:
        other.execute("SELECT pg_advisory_lock(%s)", [lock_number("public.charges")])
        loading = threading.Thread(
            target=postgres.load, args=lines, kwargs={"mode": "merge", "pipeline": pipeline}
        )
        loading.start()
        end = time.monotonic() + 20
        while "Another load" not in caplog.text and time.monotonic() < end:
            time.sleep(0.01)
        yield other
    loading.join()


def test_rows_that_come_while_a_whole_reading_waits_for_the_table_stay(
    postgres: PostgresTables, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "target_td_table")
    postgres.load(*reading(1, "ab"), mode="merge", pipeline="one")
    with load_that_waits(postgres, caplog, *reading(2, "a"), pipeline="one") as other:
        other.execute("INSERT INTO charges (id) VALUES ('x')")
        other.execute(
            "INSERT INTO _td_loads SELECT 'x', 'other', stream, table_name, mode, 1, 0, now(), "
            "now() FROM _td_loads LIMIT 1"
        )
        other.commit()
    assert live(postgres) == "abx"
    assert "the pipeline `other` loaded into" in caplog.text


def test_first_loads_that_meet_in_a_table_remove_nothing_of_each_other(
    postgres: PostgresTables, caplog: pytest.LogCaptureFixture
) -> None:
    config = {"destination": postgres.url, "mode": "merge", "pipeline": "one"}
    one = TargetTdTable(config=config)
    one.open()
    postgres.load(*reading(1, "xy"), mode="merge", pipeline="other")
    one.listen(io.StringIO("".join(reading(2, "ab"))))

    assert live(postgres) == "abxy"
    assert "the pipeline `other` loaded into" in caplog.text


def test_a_first_load_that_begins_while_another_one_publishes_removes_nothing_of_it(
    postgres: PostgresTables, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "target_td_table")
    postgres.load(*reading(0, ""), mode="append", pipeline="made")
    config = {"destination": postgres.url, "mode": "merge", "pipeline": "one"}
    one = TargetTdTable(config=config)
    with load_that_waits(postgres, caplog, *reading(1, "xy"), pipeline="other"):
        one.open()
    one.listen(io.StringIO("".join(reading(2, "ab"))))

    assert live(postgres) == "abxy"


def test_a_publication_that_fails_is_told_also_when_the_tap_has_died(
    postgres: PostgresTables,
) -> None:
    postgres.load(schema("charges"), record("charges", id="1"))
    with postgres.connect() as other:
        other.execute("CREATE UNIQUE INDEX ON charges (id)")
    again = [state(at=1), record("charges", id="1"), state(at=2), record("charges", id="2")]
    outcome = postgres.load(schema("charges"), *again, batch_seconds=0)
    assert "refuses the rows of `charges`" in outcome.sentence
