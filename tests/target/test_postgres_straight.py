"""Appended rows that are published at once go straight into their table of PostgreSQL."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest

from target_td_table.batch import Batch
from target_td_table.errors import BadRecordError
from target_td_table.loaders.postgres import PostgresLoader
from target_td_table.modes import Mode
from target_td_table.state import State
from target_td_table.table import Column, LogicalType, Table, TableName
from tests.target.batches import batch_of
from tests.target.postgres_proxy import proxy_to
from tests.target.postgres_server import PostgresTables
from tests.target.world import INTEGER, TEXT, record, schema, state

ID, N = Column("id", "id", LogicalType.STRING), Column("n", "n", LogicalType.INTEGER)
CHARGES = Table("charges", TableName("public", "charges"), (ID,), ("id",))
WIDE = replace(CHARGES, columns=(ID, N))
TEMPORARY = "SELECT count(*) FROM pg_class WHERE relpersistence = 't' AND relkind = 'r'"


@pytest.fixture
def loader(postgres: PostgresTables) -> Iterator[PostgresLoader]:
    with postgres.loader(CHARGES) as opened:
        yield opened


def last(folder: Path, table: Table, *ids: str, **more: float) -> Batch:
    records = [{"id": each, **more} for each in ids]
    return replace(batch_of(folder, table, records), is_last=True)


def test_the_last_rows_before_a_publication_are_written_once(
    postgres: PostgresTables, loader: PostgresLoader, tmp_path: Path
) -> None:
    staged = loader.stage(last(tmp_path, CHARGES, "1"), Mode.APPEND)
    assert postgres.rows(TEMPORARY) == [(0,)]
    loader.publish([staged], None)
    assert postgres.rows("SELECT id FROM charges") == [("1",)]


def test_a_table_whose_columns_change_does_not_wait_for_rows(
    postgres: PostgresTables, loader: PostgresLoader, tmp_path: Path
) -> None:
    loader.alter(WIDE)
    staged = loader.stage(last(tmp_path, WIDE, "1", n=1), Mode.APPEND)
    assert postgres.rows(TEMPORARY) == [(1,)]
    loader.publish([staged], None)
    assert postgres.rows("SELECT id, n FROM charges") == [("1", 1)]


def test_a_rule_of_the_table_sees_the_rows(
    postgres: PostgresTables, loader: PostgresLoader, tmp_path: Path
) -> None:
    postgres.run(
        "CREATE TABLE seen (id text)",
        "CREATE RULE see AS ON INSERT TO charges DO ALSO INSERT INTO seen VALUES (NEW.id)",
    )
    loader.publish([loader.stage(last(tmp_path, CHARGES, "1"), Mode.APPEND)], None)
    assert postgres.rows("SELECT seen.id FROM seen JOIN charges USING (id)") == [("1",)]


def test_row_security_lets_rows_in_that_its_policy_allows(postgres: PostgresTables) -> None:
    postgres.run(
        "CREATE TABLE charges (id text)",
        "CREATE ROLE guarded LOGIN",
        "GRANT ALL ON charges TO guarded",
        "GRANT CREATE ON SCHEMA public TO guarded",
        "ALTER TABLE charges ENABLE ROW LEVEL SECURITY",
        "CREATE POLICY ours ON charges FOR ALL USING (true) WITH CHECK (id LIKE 'ch_%')",
    )
    try:
        loading = postgres.load(
            schema("charges"), record("charges", id="ch_1"),
            destination=postgres.url_of("guarded"),
        )  # fmt: skip
        assert loading.error is None
        assert postgres.rows("SELECT id FROM charges") == [("ch_1",)]
    finally:
        postgres.run("DROP OWNED BY guarded", "DROP ROLE guarded")


def test_integers_written_like_1_0_do_not_undo_the_publication(
    postgres: PostgresTables, loader: PostgresLoader, tmp_path: Path
) -> None:
    loader.alter(WIDE)
    loader.publish([], None)
    plain = loader.stage(last(tmp_path, WIDE, "1", n=1), Mode.APPEND)
    odd = loader.stage(last(tmp_path, WIDE, "2", n=2.0), Mode.APPEND)
    loader.publish([plain, odd], State("nightly", "{}"))
    assert postgres.rows("SELECT id, n FROM charges ORDER BY id") == [("1", 1), ("2", 2)]


def test_a_record_that_does_not_fit_is_named_and_nothing_is_published(
    postgres: PostgresTables, loader: PostgresLoader, tmp_path: Path
) -> None:
    staged = loader.stage(last(tmp_path, CHARGES, "ch_1", "ch_2", "\x00"), Mode.APPEND)
    with pytest.raises(BadRecordError, match=r"\(line 3\): `id` holds the character U\+0000"):
        loader.publish([staged], State("nightly", "{}"))
    assert postgres.rows("SELECT id FROM charges") == []
    assert postgres.columns("_td_state") == {}


@pytest.mark.parametrize("before", [True, False])
def test_rows_that_are_in_no_session_survive_its_loss_and_come_once(
    postgres: PostgresTables, tmp_path: Path, *, before: bool
) -> None:
    with proxy_to(postgres.socket, cuts_at=b"COMMIT\0", before=before) as folder:
        loader = PostgresLoader(postgres.url_of("postgres", folder), database="public")
        loader.alter(CHARGES)
        staged = loader.stage(last(tmp_path, CHARGES, "1"), Mode.APPEND)
        loader.publish([staged], State("nightly", "{}"))
        loader.close()
    assert postgres.rows("SELECT id, state FROM charges, _td_state") == [("1", "{}")]


def test_big_appends_are_published_at_a_state_before_they_must_be_staged(
    postgres: PostgresTables,
) -> None:
    text = "x" * (1 << 20)
    lines = [record("charges", id=text, n=n) + state(n=n) for n in range(60)]
    outcome = postgres.load(schema("charges", id=TEXT, n=INTEGER), *lines, batch_seconds=10_000)
    sent = [each["n"] for each in outcome.states]
    assert max(b - a for a, b in pairwise([-1, *sent])) <= 48
    assert sent[-1] == 59
