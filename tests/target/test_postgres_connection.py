"""How a load ends when PostgreSQL does not let it in, or lets it go."""

import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from pathlib import Path

import pytest

from target_td_table.errors import BusyError, SettingsError, TargetError, exit_code
from target_td_table.loaders.postgres import PostgresLoader
from target_td_table.modes import Mode
from target_td_table.state import State
from target_td_table.table import Column, LogicalType, Table, TableName
from tests.target.batches import batch_of
from tests.target.postgres_proxy import proxy_to
from tests.target.postgres_server import NEEDS_PASSWORD, PostgresTables
from tests.target.world import INTEGER, Outcome, record, schema, state

CHARGES = Table(
    "charges", TableName("public", "charges"), (Column("id", "id", LogicalType.STRING),), ("id",)
)


@pytest.fixture
def tables(postgres: PostgresTables) -> PostgresTables:
    return postgres


@pytest.fixture
def loader(tables: PostgresTables) -> Iterator[PostgresLoader]:
    with tables.loader(CHARGES) as opened:
        yield opened


def end_sessions(tables: PostgresTables) -> None:
    tables.run(
        "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity "
        "WHERE application_name = 'target-td-table' AND datname = current_database()"
    )


def until(happened: Callable[[], bool]) -> None:
    """Wait for it, but not forever."""
    end = time.monotonic() + 20
    while not happened() and time.monotonic() < end:
        time.sleep(0.001)


def code_of(outcome: Outcome) -> int:
    assert outcome.error is not None
    return exit_code(outcome.error)


def sentence_of(url: str) -> tuple[int, str]:
    try:
        PostgresLoader(url, database="public").close()
    except TargetError as error:
        return exit_code(error), str(error)
    return 0, ""


def test_a_wrong_password_is_a_sentence_that_does_not_tell_it(tables: PostgresTables) -> None:
    url = f"postgresql://{NEEDS_PASSWORD}:wr0ng@/{tables.database}?host={tables.socket}"
    code, sentence = sentence_of(url)
    assert code == 2
    assert "User or password is wrong" in sentence
    assert "wr0ng" not in sentence


def test_the_right_password_is_let_in(tables: PostgresTables) -> None:
    url = f"postgresql://{NEEDS_PASSWORD}:right@/{tables.database}?host={tables.socket}"
    assert sentence_of(url) == (0, "")


def test_a_missing_password_is_a_sentence(tables: PostgresTables) -> None:
    code, sentence = sentence_of(tables.url_of(NEEDS_PASSWORD))
    assert (code, "set the environment variable PGPASSWORD" in sentence) == (2, True)


def test_an_unknown_user_or_database_is_a_sentence(tables: PostgresTables) -> None:
    assert "There is no such user" in sentence_of(tables.url_of("nobody_of_us"))[1]
    url = tables.url.replace(tables.database, "nowhere")
    assert "There is no such database" in sentence_of(url)[1]


def test_no_server_is_to_be_tried_again_later(tmp_path: Path) -> None:
    for url in (
        "postgresql://me:s3cret@127.0.0.1:1/x",
        f"postgresql://me:s3cret@/x?host={tmp_path}",
    ):
        code, sentence = sentence_of(url)
        assert (code, "cannot be reached" in sentence) == (75, True)
        assert "s3cret" not in sentence


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://u:s3@cret@host/db", "postgresql://u:s3/cret@host/db",
        "postgresql://u:s3%cret@host/db", "postgresql://u@host:s3cret/db",
        "postgresql://u@host/db?s3cret=1", "postgresql://u:s3cret@[host/db",
    ],
)  # fmt: skip
def test_a_url_that_cannot_be_read_is_not_told(url: str) -> None:
    with pytest.raises(SettingsError, match="is no URL that PostgreSQL's library can read") as info:
        PostgresLoader(url, database="public")
    assert "cret" not in str(info.value)
    assert "cret" not in repr(info.value.__context__) or info.value.__suppress_context__


def test_without_the_driver_the_sentence_says_how_to_install_it() -> None:
    program = (
        "import sys; sys.modules['psycopg'] = None\n"
        "from target_td_table.config import parse\n"
        "from target_td_table.loaders.opening import loader_for\n"
        "loader_for(parse({'destination': 'postgresql://x'}))"
    )
    ended = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    assert "Run: pip install 'target-td-table[postgres]'" in ended.stderr


def test_a_session_that_ends_before_a_row_is_staged_is_opened_again(
    tables: PostgresTables, loader: PostgresLoader, tmp_path: Path
) -> None:
    end_sessions(tables)
    staged = loader.stage(batch_of(tmp_path, CHARGES, [{"id": "1"}]), Mode.APPEND)
    loader.publish([staged], None)
    end_sessions(tables)
    loader.publish([], State("nightly", "{}"))
    end_sessions(tables)
    assert loader.states() == {"nightly": "{}"}
    assert tables.rows("SELECT id FROM charges") == [("1",)]


def test_a_session_that_ends_with_staged_rows_publishes_nothing(
    tables: PostgresTables, loader: PostgresLoader, tmp_path: Path
) -> None:
    staged = loader.stage(batch_of(tmp_path, CHARGES, [{"id": "1"}]), Mode.APPEND)
    end_sessions(tables)
    with pytest.raises(BusyError, match="was lost") as info:
        loader.publish([staged], State("nightly", "{}"))
    assert exit_code(info.value) == 75
    assert tables.rows("SELECT id FROM charges") == []
    assert tables.columns("_td_state") == {}


def test_a_session_that_ends_in_the_middle_of_copy_sends_the_batch_again(
    tables: PostgresTables, loader: PostgresLoader, tmp_path: Path
) -> None:
    batch = batch_of(tmp_path, CHARGES, [{"id": f"{n} {'x' * 1000}"} for n in range(20_000)])
    copying = "SELECT pg_terminate_backend(pid) FROM pg_stat_progress_copy WHERE datname = current_database()"

    def end_it() -> None:
        until(lambda: tables.rows(copying) != [])

    ender = threading.Thread(target=end_it)
    ender.start()
    staged = loader.stage(batch, Mode.APPEND)
    ender.join()
    loader.publish([staged], None)
    assert tables.rows("SELECT count(*), count(DISTINCT id) FROM charges") == [(20_000, 20_000)]


@pytest.mark.parametrize("is_done", [True, False])
def test_a_commit_whose_end_was_not_heard_is_asked_about_and_never_done_twice(
    tables: PostgresTables, tmp_path: Path, *, is_done: bool
) -> None:
    with proxy_to(tables.socket, cuts_at=b"COMMIT\0", before=not is_done) as folder:
        loader = PostgresLoader(tables.url_of("postgres", folder), database="public")
        loader.alter(CHARGES)
        staged = loader.stage(batch_of(tmp_path, CHARGES, [{"id": "1"}]), Mode.APPEND)
        with nullcontext() if is_done else pytest.raises(BusyError, match="was lost"):
            loader.publish([staged], State("nightly", "{}"))
        loader.close()
    if is_done:
        assert tables.rows("SELECT id, state FROM charges, _td_state") == [("1", "{}")]
    else:
        assert tables.columns("charges") == {}


def test_a_statement_timeout_is_a_sentence_and_publishes_nothing(tables: PostgresTables) -> None:
    tables.run(
        "CREATE TABLE charges (n bigint)",
        "CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN PERFORM pg_sleep(5); RETURN NEW; END $$",
        "CREATE TRIGGER slow BEFORE INSERT ON charges FOR EACH ROW EXECUTE FUNCTION slow()",
        f"ALTER DATABASE {tables.database} SET statement_timeout = '300ms'",
    )
    outcome = tables.load(schema("charges", n=INTEGER, key=()), record("charges", n=1), state(a=1))
    assert code_of(outcome) == 75
    assert "`statement_timeout`" in outcome.sentence
    assert outcome.states == []
    assert tables.rows("SELECT n FROM charges") == []


def test_a_lock_that_somebody_holds_too_long_is_a_sentence(tables: PostgresTables) -> None:
    tables.run(
        "CREATE TABLE charges (n bigint)",
        f"ALTER DATABASE {tables.database} SET lock_timeout = '200ms'",
    )
    with tables.connect() as other, other.transaction():
        other.execute("LOCK TABLE charges")
        outcome = tables.load(schema("charges", n=INTEGER, key=()), record("charges", n=1))
    assert (code_of(outcome), "`lock_timeout`" in outcome.sentence) == (75, True)


def test_a_server_that_only_lets_read_is_a_sentence(tables: PostgresTables) -> None:
    tables.run(f"ALTER DATABASE {tables.database} SET default_transaction_read_only = on")
    outcome = tables.load(schema("charges"), record("charges", id="1"))
    assert (code_of(outcome), "only lets you read" in outcome.sentence) == (2, True)


def test_a_deadlock_is_tried_once_more(tables: PostgresTables) -> None:
    tables.run(
        "CREATE TABLE charges (n bigint)", "CREATE TABLE others (n bigint)",
        f"ALTER DATABASE {tables.database} SET deadlock_timeout = '100ms'",
        "CREATE FUNCTION also() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN LOCK TABLE others; RETURN NEW; END $$",
        "CREATE TRIGGER also BEFORE INSERT ON charges FOR EACH ROW EXECUTE FUNCTION also()",
    )  # fmt: skip
    with tables.connect() as other:
        other.execute("SET deadlock_timeout = '1min'")
        with other.transaction():
            other.execute("LOCK TABLE others")

            def cross() -> None:
                waiting = "SELECT 1 FROM pg_locks WHERE NOT granted"
                until(lambda: tables.rows(waiting) != [])
                other.execute("LOCK TABLE charges IN EXCLUSIVE MODE")

            crossing = threading.Thread(target=cross)
            crossing.start()
            loading = threading.Thread(
                target=tables.load,
                args=(schema("charges", n=INTEGER, key=()), record("charges", n=1)),
            )
            loading.start()
            crossing.join()
        loading.join()
    assert tables.rows("SELECT n FROM charges") == [(1,)]
