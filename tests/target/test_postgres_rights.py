"""What a user without rights is told, and that it is told before the input is read."""

import re
from collections.abc import Iterator

import pytest

from target_td_table.errors import SettingsError, TableError
from tests.target.postgres_server import PostgresTables
from tests.target.world import INTEGER, TEXT, Outcome, record, schema, state


@pytest.fixture
def loader_role(postgres: PostgresTables) -> Iterator[str]:
    """A user that may connect and no more."""
    name = f"loader_of_{postgres.database}"
    postgres.run(f"CREATE ROLE {name} LOGIN", "REVOKE CREATE ON SCHEMA public FROM PUBLIC")
    yield name
    postgres.run(f"DROP OWNED BY {name}", f"DROP ROLE {name}")


def load_as(tables: PostgresTables, role: str, *lines: str, **settings: object) -> Outcome:
    return tables.load(*lines, destination=tables.url_of(role), **settings)


def test_no_right_to_create_a_table_names_the_grant_which_then_suffices(
    postgres: PostgresTables, loader_role: str
) -> None:
    lines = (schema("charges"), record("charges", id="1"), state(a=1))
    outcome = load_as(postgres, loader_role, *lines)
    assert isinstance(outcome.error, SettingsError)
    grant = f'GRANT USAGE, CREATE ON SCHEMA "public" TO "{loader_role}";'
    assert grant in outcome.sentence

    postgres.run(grant)

    for mode in ("append", "replace", "merge"):
        assert load_as(postgres, loader_role, *lines, mode=mode).error is None


def test_no_right_to_create_a_schema_names_the_grant(
    postgres: PostgresTables, loader_role: str
) -> None:
    outcome = load_as(postgres, loader_role, schema("charges"), database="stripe")
    grant = f'GRANT CREATE ON DATABASE "{postgres.database}" TO "{loader_role}";'
    assert grant in outcome.sentence
    postgres.run(grant)
    assert load_as(postgres, loader_role, schema("charges"), database="stripe").error is None


def test_no_right_to_temporary_tables_names_the_grant(
    postgres: PostgresTables, loader_role: str
) -> None:
    postgres.run(
        f"REVOKE TEMPORARY ON DATABASE {postgres.database} FROM PUBLIC",
        f"GRANT CREATE ON SCHEMA public TO {loader_role}",
    )
    outcome = load_as(postgres, loader_role, schema("charges"), record("charges", id="1"))
    grant = f'GRANT TEMPORARY ON DATABASE "{postgres.database}" TO "{loader_role}";'
    assert grant in outcome.sentence


def test_a_table_of_somebody_else_is_loaded_with_the_rights_to_its_rows(
    postgres: PostgresTables, loader_role: str
) -> None:
    lines = (schema("charges"), record("charges", id="1"))
    postgres.load(*lines, state(a=1), mode="merge")
    outcome = load_as(postgres, loader_role, *lines)
    grant = f'GRANT SELECT, INSERT, UPDATE, DELETE ON TABLE "public"."charges" TO "{loader_role}";'
    assert grant in outcome.sentence

    postgres.run(grant, f"GRANT ALL ON ALL TABLES IN SCHEMA public TO {loader_role}")

    for mode in ("append", "replace", "merge"):
        assert load_as(postgres, loader_role, *lines, state(a=2), mode=mode).error is None
    assert postgres.rows("SELECT id FROM charges") == [("1",)]


def test_a_table_of_somebody_else_is_not_changed(
    postgres: PostgresTables, loader_role: str
) -> None:
    postgres.load(schema("charges"), record("charges", id="1"))
    postgres.run(f"GRANT ALL ON charges TO {loader_role}")
    outcome = load_as(postgres, loader_role, schema("charges", id=TEXT, n=INTEGER))
    assert isinstance(outcome.error, SettingsError)
    assert outcome.sentence.endswith(
        f"The user `{loader_role}` may not change the columns of `public.charges`, which belongs "
        'to `postgres`. Let an administrator run: ALTER TABLE "public"."charges" ADD COLUMN "n" '
        "bigint; Or, to let the load change them from now on: "
        f'ALTER TABLE "public"."charges" OWNER TO "{loader_role}";'
    )


@pytest.mark.parametrize("advice", [0, 1])
def test_each_advice_for_a_table_of_a_superuser_suffices_and_gives_nobody_its_role(
    postgres: PostgresTables, loader_role: str, advice: int
) -> None:
    postgres.load(schema("charges"), record("charges", id="1"))
    postgres.run(
        f"GRANT ALL ON ALL TABLES IN SCHEMA public TO {loader_role}",
        f"GRANT USAGE, CREATE ON SCHEMA public TO {loader_role}",
    )
    lines = (schema("charges", id=TEXT, n=INTEGER), record("charges", id="2", n=3), state(a=1))
    sentence = load_as(postgres, loader_role, *lines).sentence

    postgres.run(re.findall(r"ALTER TABLE [^;]+;", sentence)[advice])

    assert "GRANT" not in sentence
    assert load_as(postgres, loader_role, *lines).error is None
    assert postgres.rows("SELECT id, n FROM charges ORDER BY id") == [("1", None), ("2", 3)]


@pytest.mark.parametrize("kind", ["view", "materialized view", "sequence"])
def test_a_view_in_the_place_of_the_table_is_called_a_view(
    postgres: PostgresTables, loader_role: str, kind: str
) -> None:
    postgres.run(f"CREATE {kind} charges {'' if kind == 'sequence' else 'AS SELECT 1 AS id'}")
    outcome = load_as(postgres, loader_role, schema("charges"), record("charges", id="1"))
    assert isinstance(outcome.error, TableError)
    assert f"`public.charges` is a {kind}, and rows are loaded into tables only. Rename it" in (
        outcome.sentence
    )


def test_a_foreign_table_that_lacks_a_column_is_called_one(
    postgres: PostgresTables, loader_role: str
) -> None:
    wrapper = f"elsewhere_of_{postgres.database}"
    postgres.run(
        f"CREATE FOREIGN DATA WRAPPER {wrapper}",
        f"CREATE SERVER {wrapper} FOREIGN DATA WRAPPER {wrapper}",
        f"CREATE FOREIGN TABLE charges (id text) SERVER {wrapper}",
    )
    outcome = load_as(postgres, loader_role, schema("charges", id=TEXT, n=INTEGER))
    assert isinstance(outcome.error, TableError)
    assert "`public.charges` is a foreign table and lacks what the rows need" in outcome.sentence
    assert 'ALTER TABLE "public"."charges" ADD COLUMN "n" bigint;' in outcome.sentence


def test_all_rights_that_are_missing_are_named_at_once_and_then_suffice(
    postgres: PostgresTables, loader_role: str
) -> None:
    postgres.run(f"REVOKE TEMPORARY ON DATABASE {postgres.database} FROM PUBLIC")
    lines = (schema("charges"), record("charges", id="1"), state(a=1))
    outcome = load_as(postgres, loader_role, *lines)

    postgres.run(*re.findall(r"GRANT [^;]+;", outcome.sentence))

    for mode in ("append", "replace", "merge"):
        assert load_as(postgres, loader_role, *lines, mode=mode).error is None


def test_a_replace_without_the_right_to_delete_names_the_grant_and_changes_nothing(
    postgres: PostgresTables, loader_role: str
) -> None:
    lines = (schema("charges"), record("charges", id="1"))
    postgres.load(*lines)
    postgres.run(f"GRANT SELECT, INSERT ON charges TO {loader_role}")
    outcome = load_as(postgres, loader_role, *lines, mode="replace")
    assert "no right to load into `public.charges`" in outcome.sentence
    assert "DELETE ON TABLE" in outcome.sentence
    assert postgres.rows("SELECT id FROM charges") == [("1",)]
