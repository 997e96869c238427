"""A commit that takes longer than the program that asked for it lives."""

import subprocess
import time
from pathlib import Path

from tests.target import killing
from tests.target.postgres_server import PostgresTables
from tests.target.world import record, schema, state

COMMIT_SECONDS = 2
PATIENCE_SECONDS = 20

SLOW_COMMIT = (
    (
        "CREATE FUNCTION waits() RETURNS trigger LANGUAGE plpgsql AS "
        f"'BEGIN PERFORM pg_sleep({COMMIT_SECONDS}); RETURN NULL; END'"
    ),
    (
        "CREATE CONSTRAINT TRIGGER slow AFTER INSERT ON charges DEFERRABLE INITIALLY DEFERRED "
        "FOR EACH ROW EXECUTE FUNCTION waits()"
    ),
)
COMMITS = (
    "SELECT 1 FROM pg_stat_activity WHERE application_name = 'target-td-table' "
    "AND state = 'active' AND query = 'COMMIT' AND datname = current_database()"
)


def until_it_commits(tables: PostgresTables) -> None:
    end = time.monotonic() + PATIENCE_SECONDS
    while not tables.rows(COMMITS):
        assert time.monotonic() < end
        time.sleep(0.01)


def test_the_state_that_is_printed_is_that_of_the_rows_however_late_a_commit_ends(
    postgres: PostgresTables, tmp_path: Path
) -> None:
    killing.configure(tmp_path, {"destination": postgres.url})
    killing.run(tmp_path, (schema("charges") + record("charges", id="1") + state(n=1)).encode())
    postgres.run(*SLOW_COMMIT)
    with subprocess.Popen(
        [killing.PROGRAM, "--config", "kill.json"],
        cwd=tmp_path, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    ) as program:  # fmt: skip
        assert program.stdin
        program.stdin.write((schema("charges") + record("charges", id="2") + state(n=2)).encode())
        program.stdin.close()
        until_it_commits(postgres)
        program.kill()

    kept = killing.print_state(tmp_path)

    assert kept == {"n": 2}
    assert postgres.rows("SELECT count(*) FROM charges") == [(2,)]
