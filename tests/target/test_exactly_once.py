import json
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

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
        expected = (sent[-1] if sent else 0) if broken else rows
        assert loaded(tables) == list(range(1, expected + 1))


@settings(max_examples=15, deadline=None)
@given(run=RUNS, batch_size_rows=st.integers(1, 5), cut=st.integers(0, 45))
def test_a_run_that_breaks_and_resumes_from_the_kept_state_has_every_row_once(
    run: list[str], batch_size_rows: int, cut: int
) -> None:
    with TemporaryDirectory() as folder:
        tables = DuckDbTables(Path(folder) / "stripe.duckdb")
        lines = messages([*run, "STATE"])
        tables.load(*lines[: 3 + cut], "broken\n", batch_size_rows=batch_size_rows)

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
    outcome = tables.load(schema("charges"), state(a=1), record("charges", id="1"))
    assert tables.rows("FROM charges") == [("1",)]
    assert outcome.states == [{"a": 1}]


def test_an_old_batch_is_published_at_the_next_state(tables: DuckDbTables) -> None:
    outcome = tables.load(
        schema("charges"), record("charges", id="1"), state(a=1), state(a=2), batch_seconds=0
    )
    assert outcome.states == [{"a": 1}, {"a": 2}]
