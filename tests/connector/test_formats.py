"""Rows on a pipe are plain, and whole."""

from __future__ import annotations

import csv
import io
import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from td_connector.formats import Format, print_rows

COLUMNS = ("Name", "Records")
rows = st.lists(
    st.fixed_dictionaries(
        {
            "Name": st.text(st.characters(exclude_categories=["Cs", "Cc"])),
            "Records": st.none() | st.integers(),
        }
    )
)
in_this_process = settings(
    deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@in_this_process
@given(rows)
def test_json_gives_back_what_went_in(capsys: pytest.CaptureFixture[str], given_: list[dict[str, object]]) -> None:  # fmt: skip
    print_rows(COLUMNS, given_, Format.JSON)

    assert json.loads(capsys.readouterr().out) == given_


@in_this_process
@given(rows, st.sampled_from([(Format.CSV, ","), (Format.TSV, "\t")]))
def test_separated_values_are_read_back_by_any_reader(
    capsys: pytest.CaptureFixture[str],
    given_: list[dict[str, object]],
    chosen: tuple[Format, str],
) -> None:
    print_rows(COLUMNS, given_, chosen[0])

    lines = list(csv.reader(io.StringIO(capsys.readouterr().out), delimiter=chosen[1]))
    assert lines[0] == list(COLUMNS)
    assert lines[1:] == [
        ["" if row[name] is None else str(row[name]) for name in COLUMNS] for row in given_
    ]


def test_a_table_on_a_pipe_is_drawn_with_plain_signs_and_cut_nowhere(
    capsys: pytest.CaptureFixture[str],
) -> None:
    print_rows(COLUMNS, [{"Name": "[bold]" + "x" * 300, "Records": 1}], Format.TABLE)

    assert capsys.readouterr().out.splitlines() == [
        f"+-{'-' * 306}-+---------+",
        f"| Name{' ' * 302} | Records |",
        f"+-{'-' * 306}-+---------+",
        f"| [bold]{'x' * 300} | 1       |",
        f"+-{'-' * 306}-+---------+",
        "1 row in set",
    ]


class Terminal(io.StringIO):
    """A terminal of 80 columns, the width that rich takes where it cannot ask."""

    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize("reason", ["", "The key is wrong. " * 5])
def test_on_a_narrow_terminal_a_sentence_is_folded_and_no_word_is_cut(
    monkeypatch: pytest.MonkeyPatch, reason: str
) -> None:
    screen = Terminal()
    monkeypatch.setattr("sys.stdout", screen)
    monkeypatch.setenv("TERM", "dumb")
    words = {f"Column {n}": f"success {n}" for n in range(9)}

    print_rows((*words, "Reason"), [{**words, "Reason": reason}], Format.TABLE)

    shown = screen.getvalue()
    assert "…" not in shown
    assert all(f" {text} " in shown for text in (*words, *words.values(), "Reason"))
    assert shown.count("wrong.") == reason.count("wrong.")
    assert len(shown.splitlines()) == (6 if not reason else 8)


def test_no_rows_are_said_to_be_none(capsys: pytest.CaptureFixture[str]) -> None:
    print_rows(COLUMNS, [], Format.TABLE)

    assert capsys.readouterr().out == "0 rows in set\n"
