import pytest

from target_td_table.errors import exit_code
from tests.target.world import INTEGER, TEXT, DuckDbTables, activate, record, schema, state

FULL = (schema("charges"), record("charges", id="new", version=7), activate("charges", 7))


@pytest.fixture
def yesterday(tables: DuckDbTables) -> DuckDbTables:
    tables.load(schema("charges"), record("charges", id="old"))
    return tables


def test_the_new_rows_take_the_place_of_the_old(yesterday: DuckDbTables) -> None:
    outcome = yesterday.load(*FULL, state(a=1), mode="replace")
    assert yesterday.rows("FROM charges") == [("new",)]
    assert outcome.states == [{"a": 1}]


def test_what_a_person_did_to_the_table_stays(yesterday: DuckDbTables) -> None:
    yesterday.run(
        "ALTER TABLE charges ADD COLUMN checked BOOLEAN DEFAULT false",
        "COMMENT ON TABLE charges IS 'ours'",
        "CREATE UNIQUE INDEX by_id ON charges (id)",
        "CREATE VIEW ids AS SELECT id FROM charges",
    )

    yesterday.load(*FULL, mode="replace")

    assert yesterday.rows("FROM charges") == [("new", False)]
    assert yesterday.rows("FROM ids") == [("new",)]
    assert yesterday.rows("SELECT index_name FROM duckdb_indexes()") == [("by_id",)]
    assert yesterday.rows("SELECT comment FROM duckdb_tables() WHERE table_name = 'charges'") == [
        ("ours",)
    ]


def test_a_type_widened_by_hand_stays_and_is_used(tables: DuckDbTables) -> None:
    tables.load(schema("charges", id=TEXT, n=INTEGER))
    tables.run("ALTER TABLE charges ALTER COLUMN n SET DATA TYPE HUGEINT")

    tables.load(
        schema("charges", id=TEXT, n=INTEGER), record("charges", id="1", n=2**70), mode="replace"
    )

    assert tables.rows("SELECT n FROM charges") == [(2**70,)]


def test_a_stream_without_its_activate_version_is_discarded(
    yesterday: DuckDbTables, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "target_td_table")
    outcome = yesterday.load(*FULL[:2], state(a=1), mode="replace")

    assert yesterday.rows("FROM charges") == [("old",)]
    assert outcome.states == []
    assert "`charges` ended without ACTIVATE_VERSION" in outcome.sentence
    assert "main.charges: 1 row of `charges` discarded" in caplog.text
    assert outcome.error is not None
    assert exit_code(outcome.error) == 1


def test_a_stream_that_was_activated_before_its_records_is_not_whole(
    yesterday: DuckDbTables,
) -> None:
    early = [schema("charges"), activate("charges", 7), record("charges", id="half", version=7)]
    outcome = yesterday.load(*early, state(a=1), mode="replace")
    assert "`charges` ended without ACTIVATE_VERSION" in outcome.sentence
    assert yesterday.rows("FROM charges") == [("old",)]
    assert yesterday.load(*early, activate("charges", 7), mode="replace").error is None
    assert yesterday.rows("FROM charges") == [("half",)]


def test_a_whole_stream_is_published_beside_an_unfinished_one(yesterday: DuckDbTables) -> None:
    yesterday.load(
        *FULL, schema("refunds"), record("refunds", id="1", version=7), state(a=1), mode="replace"
    )
    assert yesterday.rows("FROM charges") == [("new",)]
    assert yesterday.rows("FROM refunds") == []


def test_a_version_that_begins_anew_makes_the_rows_before_it_void(yesterday: DuckDbTables) -> None:
    yesterday.load(
        schema("charges"),
        record("charges", id="half", version=6),
        *FULL[1:],
        mode="replace",
        batch_size_rows=1,
    )
    assert yesterday.rows("FROM charges") == [("new",)]


def test_records_without_a_version_replace_at_the_end_and_say_what_that_means(
    yesterday: DuckDbTables, caplog: pytest.LogCaptureFixture
) -> None:
    yesterday.load(schema("charges"), record("charges", id="new"), mode="replace")
    assert yesterday.rows("FROM charges") == [("new",)]
    assert "without a version in mode replace" in caplog.text


def test_records_without_a_version_replace_nothing_if_the_tap_is_seen_to_have_died(
    yesterday: DuckDbTables,
) -> None:
    whole = [schema("refunds"), record("refunds", id="1"), state(b=1)]
    half = [schema("charges"), record("charges", id="half")]
    outcome = yesterday.load(state(a=1), *whole, *half, mode="replace")

    assert "`charges` ended without the STATE after its rows" in outcome.sentence
    assert yesterday.rows("FROM charges") == [("old",)]
    assert yesterday.rows("FROM refunds") == [("1",)]
    assert outcome.states == []


def test_a_stream_that_is_whole_and_empty_empties_its_table(yesterday: DuckDbTables) -> None:
    yesterday.load(schema("charges"), activate("charges", 7), mode="replace")
    assert yesterday.rows("FROM charges") == []


def test_a_stream_that_says_nothing_leaves_its_table_alone(
    yesterday: DuckDbTables, caplog: pytest.LogCaptureFixture
) -> None:
    yesterday.load(schema("charges"), mode="replace")
    assert yesterday.rows("FROM charges") == [("old",)]
    assert "sent no record and no ACTIVATE_VERSION" in caplog.text


def test_states_wait_for_the_end(yesterday: DuckDbTables) -> None:
    outcome = yesterday.load(
        FULL[0], state(a=1), *FULL[1:], state(a=2), mode="replace", batch_seconds=0
    )
    assert outcome.states == [{"a": 2}]


def test_a_bad_record_leaves_all_old_rows(yesterday: DuckDbTables) -> None:
    yesterday.load(*FULL[:2], record("charges", id=5, version=7), mode="replace", batch_size_rows=1)
    assert yesterday.rows("FROM charges") == [("old",)]
