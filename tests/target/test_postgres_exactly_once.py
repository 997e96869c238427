"""No row twice and none missing, whoever else loads and whatever is killed."""

import json
import os
import random
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from target_td_table.loaders.postgres_statements import lock_number
from tests.target.postgres_server import PostgresTables
from tests.target.world import INTEGER, MOMENT, TEXT, record, schema, state

PROGRAM = Path(sys.executable).with_name("target-td-table")
ROWS = 60_000
# More of them for a longer look: 100 take some minutes.
KILLS = int(os.environ.get("KILLS", "4"))
TEMPORARY = "SELECT count(*) FROM pg_class WHERE relpersistence = 't' AND relkind = 'r'"


def messages(first: int) -> Iterator[str]:
    """What a tap sends that starts behind a state; each id comes twice, the later one wins."""
    yield schema("charges", id=TEXT, n=INTEGER, _updated_at=MOMENT)
    for number in range(first, ROWS):
        moment = f"2026-01-01T{number // 3600:02}:{number // 60 % 60:02}:{number % 60:02}Z"
        yield record("charges", id=f"ch_{number // 2}", n=number, _updated_at=moment)
        if number % 500 == 499:
            yield state(sent=number + 1)


def program(tables: PostgresTables, mode: str, config: Path) -> list[str]:
    config.write_text(json.dumps({"batch_size_rows": 1500}))
    return [str(PROGRAM), f"--config={config}", f"--destination={tables.url}", f"--mode={mode}"]


def kept_state(tables: PostgresTables) -> dict[str, Any]:
    command = [str(PROGRAM), f"--destination={tables.url}", "--print-state"]
    printed = subprocess.run(command, capture_output=True, text=True, check=True)
    found: dict[str, Any] = json.loads(printed.stdout)
    return found


def load_and_kill(tables: PostgresTables, command: list[str], seconds: float) -> None:
    """Kill the target this long after its first rows were published."""
    first = kept_state(tables).get("sent", 0)
    loading = subprocess.Popen(
        command, bufsize=0, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )  # fmt: skip
    with loading:
        assert loading.stdin
        feeding = threading.Thread(target=feed, args=(loading.stdin, first), daemon=True)
        feeding.start()
        end = time.monotonic() + 20
        while loading.poll() is None and time.monotonic() < end and _is_as_before(tables, first):
            time.sleep(0.01)
        time.sleep(seconds)
        loading.kill()
        feeding.join()


def _is_as_before(tables: PostgresTables, first: int) -> bool:
    if tables.rows("SELECT to_regclass('_td_state')") == [(None,)]:
        return True
    return tables.rows("SELECT state FROM _td_state") == [(json.dumps({"sent": first}),)]


def feed(into: Any, first: int) -> None:
    for line in messages(first):
        try:
            into.write(line.encode())
        except (BrokenPipeError, ValueError):
            return


@pytest.mark.parametrize("mode", ["append", "merge"])
def test_killed_at_random_and_resumed_from_the_kept_state_every_row_is_there_once(
    postgres: PostgresTables, tmp_path: Path, mode: str
) -> None:
    command = program(postgres, mode, tmp_path / "c.json")
    chance = random.Random(mode)
    for _ in range(KILLS):
        load_and_kill(postgres, command, chance.uniform(0, 0.15))
        if kept_state(postgres).get("sent", 0) == ROWS:
            postgres.run("TRUNCATE charges", "TRUNCATE _td_state")

    rest = "".join(messages(kept_state(postgres).get("sent", 0)))
    subprocess.run(command, input=rest, text=True, check=True, capture_output=True)

    expected = (ROWS, ROWS) if mode == "append" else (ROWS // 2, ROWS // 2)
    assert postgres.rows("SELECT count(*), count(DISTINCT n) FROM charges") == [expected]
    assert postgres.rows("SELECT max(n), min(n) FROM charges") == [(ROWS - 1, mode == "merge")]
    assert postgres.rows(TEMPORARY) == [(0,)]


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
