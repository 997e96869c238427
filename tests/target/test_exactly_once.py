import json
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from target_td_table.errors import CutInputError, InputError
from tests.target.world import INTEGER, DuckDbTables, record, schema, state

STREAMS = ("charges", "events", "refunds")
# A tap's run: rows of some stream, or a STATE with the number of rows so far.
RUNS = st.lists(st.sampled_from([*STREAMS, "STATE"]), max_size=40)


def messages(run: list[str]) -> list[str]:
    lines, sent = [schema(name, n=INTEGER, key=()) for name in STREAMS], 0
    for step in run:
        if step == "STATE":
            lines.append(state(sent=sent))
        else:
            sent += 1
            lines.append(record(step, n=sent))
    return lines


def loaded(tables: DuckDbTables) -> list[int]:
    union = " UNION ALL ".join(f"SELECT n FROM {name}" for name in STREAMS)
    return [n for (n,) in tables.rows(f"{union} ORDER BY n")]


@settings(max_examples=25, deadline=None)
@given(run=RUNS, batch_size_rows=st.integers(1, 5), broken=st.booleans())
def test_a_state_never_overtakes_a_row_and_no_row_overtakes_a_state(
    run: list[str], batch_size_rows: int, *, broken: bool
) -> None:
    with TemporaryDirectory() as folder:
        tables = DuckDbTables(Path(folder) / "stripe.duckdb")
        tables.load(*(schema(name, n=INTEGER, key=()) for name in STREAMS))

        end = ["this is no message\n"] if broken else []
        outcome = tables.load(*messages(run), *end, batch_size_rows=batch_size_rows)

        sent = [each["sent"] for each in outcome.states]
        rows = sum(step != "STATE" for step in run)
        assert sent == sorted(sent)
        is_cut = run[:1] == ["STATE"] and run[-1] != "STATE"
        expected = (sent[-1] if sent else 0) if broken or is_cut else rows
        assert loaded(tables) == list(range(1, expected + 1))
        refused = InputError if broken else CutInputError if is_cut else type(None)
        assert isinstance(outcome.error, refused)


@settings(max_examples=25, deadline=None)
@given(
    run=RUNS,
    batch_size_rows=st.integers(1, 5),
    cut=st.integers(0, 45),
    breaks=st.sampled_from(["broken\n", '{"type":"RECO', None]),
)
def test_a_run_that_breaks_and_resumes_from_the_kept_state_has_every_row_once(
    run: list[str], batch_size_rows: int, cut: int, breaks: str | None
) -> None:
    with TemporaryDirectory() as folder:
        tables = DuckDbTables(Path(folder) / "stripe.duckdb")
        lines = messages(["STATE", *run, "STATE"])
        end = [] if breaks is None else [breaks]
        tables.load(*lines[: 4 + cut], *end, batch_size_rows=batch_size_rows)

        kept = kept_state(tables)
        tables.load(*resumed(lines, kept.get("sent", 0)), batch_size_rows=batch_size_rows)

        rows = sum(step != "STATE" for step in run)
        assert loaded(tables) == list(range(1, rows + 1))


def kept_state(tables: DuckDbTables) -> dict[str, Any]:
    if not tables.columns("_td_state"):
        return {}
    ((value,),) = tables.rows("SELECT state FROM _td_state")
    found: dict[str, Any] = json.loads(value)
    return found


def resumed(lines: list[str], sent: int) -> list[str]:
    """What a tap sends that starts from a state."""

    def is_new(line: str) -> bool:
        message = json.loads(line)
        return bool(message["type"] != "RECORD" or message["record"]["n"] > sent)

    return [line for line in lines if is_new(line)]


def test_the_state_comes_out_as_the_bytes_that_came_in(tables: DuckDbTables) -> None:
    import contextlib
    import io

    from target_td_table.target import TargetTdTable

    odd = '{"type":"STATE","value":{"a" : 1.10, "b":"\\u00e9"}}\n'
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        TargetTdTable(config={"destination": tables.url}).listen(io.StringIO(odd))
    assert out.getvalue() == '{"a" : 1.10, "b":"\\u00e9"}\n'


def test_each_pipeline_has_a_state_of_its_own(tables: DuckDbTables) -> None:
    tables.load(state(a=1), pipeline="one")
    tables.load(state(a=2), pipeline="two")
    tables.load(state(a=3), pipeline="one")
    kept = tables.rows("SELECT pipeline, state FROM _td_state ORDER BY pipeline")
    assert kept == [("one", '{"a": 3}'), ("two", '{"a": 2}')]


def test_rows_that_no_state_followed_are_published_at_the_end(tables: DuckDbTables) -> None:
    lines = [record("charges", id="1"), state(a=1), record("charges", id="2")]
    outcome = tables.load(schema("charges"), *lines)
    assert tables.rows("FROM charges ORDER BY id") == [("1",), ("2",)]
    assert outcome.states == [{"a": 1}]


def test_of_a_tap_that_begins_with_a_state_they_are_left_to_the_next_run(
    tables: DuckDbTables,
) -> None:
    lines = [state(a=1), *(record("charges", id=each) for each in "12")]
    outcome = tables.load(schema("charges"), *lines, mode="append")
    assert isinstance(outcome.error, CutInputError)
    assert "rows that no STATE followed, as it does when the tap dies: 2 of `charges`" in str(
        outcome.error
    )
    assert tables.rows("FROM charges") == []
    assert outcome.states == [{"a": 1}]


def test_a_record_that_does_not_fit_is_left_to_the_next_run_as_well(tables: DuckDbTables) -> None:
    lines = [schema("charges"), state(a=1), record("charges", id=5)]
    outcome = tables.load(*lines, on_invalid="quarantine")
    assert isinstance(outcome.error, CutInputError)
    assert tables.rows("FROM charges__rejected") == []


def test_a_record_that_does_not_fit_comes_before_a_state_as_any_other_does(
    tables: DuckDbTables,
) -> None:
    lines = [record("charges", id=5), state(a=1), record("charges", id="1")]
    outcome = tables.load(schema("charges"), *lines, on_invalid="quarantine")
    assert outcome.error is None
    assert tables.rows("FROM charges") == [("1",)]


def test_by_key_they_are_merged_all_the_same(tables: DuckDbTables) -> None:
    lines = [state(a=1), record("charges", id="1")]
    outcome = tables.load(schema("charges"), *lines, mode="merge")
    assert outcome.error is None
    assert tables.rows("SELECT id FROM charges") == [("1",)]


def test_an_old_batch_is_published_at_the_next_state(tables: DuckDbTables) -> None:
    outcome = tables.load(
        schema("charges"), record("charges", id="1"), state(a=1), state(a=2), batch_seconds=0
    )
    assert outcome.states == [{"a": 1}, {"a": 2}]
