"""A load is a success only if both programs say so; else the one that failed first is why."""

from __future__ import annotations

import json
import signal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from td_connector.hearing import Heard
from td_connector.job import Status
from td_connector.masking import Redactor
from td_connector.outcome import Ended, outcome
from td_connector.pipe import Said
from td_connector.program_log import KEPT_LOG_CHARACTERS, keep_end, parse_log_line
from td_connector.stopping import STOP, rungs_due

on_any_machine = settings(deadline=None)
codes = st.one_of(st.sampled_from([0, 1, 2, 75, 141, -9, -13]), st.integers(-15, 255))


@on_any_machine
@given(codes, codes)
def test_success_is_two_zeros_and_any_other_pair_is_none(tap: int, target: int) -> None:
    found = outcome([Ended("tap", tap), Ended("target", target)])

    assert (found.status is Status.SUCCESS) == (tap == 0 and target == 0)
    assert (found.exit_code == 0) == (tap == 0 and target == 0)
    assert found.exit_code in {0, 1, 2, 75}
    assert bool(found.reason) == (found.exit_code != 0)


@on_any_machine
@given(codes, codes, st.sampled_from(["", "SIGINT"]))
def test_what_a_target_that_failed_has_published_is_uncertain(
    tap: int, target: int, stopped_by: str
) -> None:
    found = outcome([Ended("tap", tap), Ended("target", target)], stopped_by)

    assert found.is_uncertain == (target != 0)


@pytest.mark.parametrize(
    ("tap", "target", "code", "why"),
    [
        (2, 1, 2, "tap"),
        (75, 0, 75, "tap"),
        (1, 1, 1, "tap"),
        (0, 75, 75, "target"),
        (141, 75, 75, "target"),
        (-13, 2, 2, "target"),
        (141, 0, 1, "tap"),
    ],
)
def test_the_cause_decides_not_what_followed_from_it(
    tap: int, target: int, code: int, why: str
) -> None:
    found = outcome([Ended("tap", tap, "The tap's."), Ended("target", target, "The target's.")])

    assert found.exit_code == code
    assert found.reason.startswith(f"{why}: ")
    assert found.reason.endswith(f"The {why}'s.")


def test_a_program_that_ended_without_a_word_is_told_by_its_end() -> None:
    assert outcome([Ended("tap", 3)]).reason == "tap: ended with exit code 3 without a word."
    assert outcome([Ended("tap", -signal.SIGKILL)]).reason == (
        "tap: was ended by SIGKILL without a word."
    )


def test_what_a_killed_program_said_last_is_not_told_as_the_reason() -> None:
    ended = [Ended("tap", -signal.SIGKILL, "`charges`: 300 records so far"), Ended("target", 1)]

    assert outcome(ended).reason == (
        "tap: was ended by SIGKILL. The last it said: `charges`: 300 records so far"
    )


@pytest.mark.parametrize(
    ("told", "code"),
    [((2,), 2), ((141, 75), 75), ((-13, 2), 2), ((1, 75), 1), ((0, 75), 75), ((), 1)],
)
def test_meltano_ends_as_the_first_of_its_plugins_that_failed(
    told: tuple[int, ...], code: int
) -> None:
    assert outcome([Ended("meltano", 1, "No.", told)]).exit_code == code
    assert outcome([Ended("meltano", 0, "Yes.", told)]).exit_code == 0


def test_a_stopped_load_was_killed_and_may_be_tried_again() -> None:
    found = outcome([Ended("tap", 143), Ended("target", 0)], stopped_by="SIGTERM")

    assert (found.status, found.exit_code, found.reason) == (
        Status.KILLED,
        75,
        "Stopped by SIGTERM.",
    )


def log(message: str, level: str = "info", **extra: object) -> str:
    return json.dumps({"level": level, "message": message, "extra": extra})


def meltano(event: str, level: str = "info", **beside: object) -> str:
    return json.dumps({"event": event, "level": level, **beside})


def heard(*lines: str) -> Heard:
    nothing = Heard.nothing(("tap",), Redactor(frozenset()))
    return nothing.add(Said(0, line) for line in lines)


@pytest.mark.parametrize(
    ("lines", "sentence"),
    [
        ([log("done"), "tap: The key is wrong.", ""], "tap: The key is wrong."),
        (["tap: First.", "tap: Second."], "tap: Second."),
        ([log("slow", "warning"), log("done")], "slow"),
        ([log("one"), log("two")], "two"),
        ([], ""),
        (
            [
                meltano("tap: No key.", string_id="tap"),
                meltano("Extractor failed", "error"),
                meltano("Run completed"),
            ],
            "tap: No key.",
        ),
        (
            [meltano("KeyError: 'id'", string_id="tap-x"), meltano("Extractor failed", "error")],
            "tap-x: KeyError: 'id'",
        ),
        ([meltano("Extractor failed", "error"), meltano("Run completed")], "Extractor failed"),
    ],
)
def test_the_last_refusal_else_the_last_complaint_else_the_last_line_is_why(
    lines: list[str], sentence: str
) -> None:
    assert heard(*lines).words[0].sentence == sentence


def test_rows_are_counted_from_the_summaries_of_tables_that_were_kept() -> None:
    found = heard(
        log("a", table="a", rows=13, kept=True, stream="a", seconds=1.0),
        log("b", table="b", rows=5, kept=False),
        log("c", table="c", rows=2),
        f"2026-11-23 [info] {log('d', table='d', rows=1)} cmd_type=loader",
        meltano(log("e", table="e", rows=10), string_id="target"),
        meltano("f: 20 rows", string_id="target", plugin_logger="x", table="f", rows=20),
        meltano("Run completed", rows="many"),
        log("100 rows read", rows=100),
    )

    assert found.progress(is_over=True).records == 46
    assert found.progress(is_over=False).records == 100


log_values = st.none() | st.integers() | st.text(max_size=5)
log_names = st.sampled_from(
    ["message", "extra", "rows", "table", "level", "event", "string_id", "exit_codes", "extractors"]
)
log_objects = st.dictionaries(log_names, log_values | st.dictionaries(log_names, log_values))


@on_any_machine
@given(st.text() | log_objects.map(json.dumps))
def test_any_line_is_a_line(text: str) -> None:
    assert parse_log_line(text).sentence is not None


@on_any_machine
@given(st.text(alphabet="ab\n", max_size=50), st.integers(0, 3))
def test_the_log_keeps_its_end_whole_lines_of_it(text: str, times: int) -> None:
    whole = (text + "\n") + "line\n" * (times * KEPT_LOG_CHARACTERS // 8)

    kept = keep_end(whole)

    assert whole.endswith(kept)
    assert len(kept) <= KEPT_LOG_CHARACTERS
    assert kept == whole or whole[: -len(kept)].endswith("\n")


@on_any_machine
@given(st.lists(st.floats(0, 200), max_size=10))
def test_each_step_of_stopping_is_taken_once_in_order(pauses: list[float]) -> None:
    taken: list[object] = []
    for elapsed in sorted(pauses):
        taken += rungs_due(STOP, len(taken), elapsed)

    assert taken == list(STOP[: len(taken)])
    assert len(taken) == sum(rung.after_seconds <= max(pauses, default=-1) for rung in STOP)


def test_meltano_tells_what_its_plugins_said_under_their_names_and_how_they_ended() -> None:
    failed = {"exit_codes": {"loaders": 75, "extractors": 141}}

    found = heard(
        meltano("`charges`: 1 record", string_id="tap-stripe-td", plugin_logger="sync"),
        meltano("target-td-table: It is locked.", string_id="target-td-table"),
        meltano("Block run completed", "error", **failed),
        meltano("Run completed"),
    )

    assert found.log == (
        "tap-stripe-td: `charges`: 1 record\ntarget-td-table: It is locked.\n"
        "tap: Block run completed\ntap: Run completed\n"
    )
    assert found.words[0].exit_codes == (141, 75)


def test_a_state_is_a_line_of_json_and_nothing_else() -> None:
    nothing = Heard.nothing(("tap", "target"), Redactor(frozenset()))

    found = nothing.add([Said(1, '{"next": 1}', is_state=True), Said(1, '{"ne', is_state=True)])

    assert found.state == '{"next": 1}'
    assert found.log == ""
