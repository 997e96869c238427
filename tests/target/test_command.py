"""The program in a real pipe."""

import json
import os
import pty
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.target.world import INTEGER, DuckDbTables, activate, record, schema, state

PROGRAM = Path(sys.executable).with_name("target-td-table")


def run(tables: DuckDbTables, *lines: str, **options: Any) -> subprocess.CompletedProcess[str]:
    arguments = [f"--{name.replace('_', '-')}={value}" for name, value in options.items()]
    return subprocess.run(
        [PROGRAM, f"--destination={tables.url}", *arguments],
        input="".join(lines), capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip


@pytest.fixture
def reading(tables: DuckDbTables) -> Iterator[subprocess.Popen[bytes]]:
    """A target in the middle of its input: one row before a STATE and one after it."""
    program = subprocess.Popen(
        [PROGRAM, f"--destination={tables.url}"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    with program:
        assert program.stdin
        for line in (
            schema("charges", n=INTEGER, key=()),
            record("charges", n=1),
            state(sent=1),
            record("charges", n=2),
        ):
            program.stdin.write(line.encode())
        program.stdin.flush()
        while not tables.path.exists():
            time.sleep(0.05)
        time.sleep(1.5)
        yield program
        program.kill()


def test_rows_and_state_and_a_summary_come_out(tables: DuckDbTables) -> None:
    ended = run(tables, schema("charges"), record("charges", id="1"), state(a=1))
    assert (ended.returncode, ended.stdout) == (0, '{"a": 1}\n')
    summary = json.loads(ended.stderr.splitlines()[-1])
    assert summary["message"].startswith("main.charges: 1 row in ")
    assert summary["extra"]["rows"] == 1


def test_tables_that_got_nothing_are_one_line_of_the_summary(tables: DuckDbTables) -> None:
    quiet = [schema(stream) for stream in ("customers", "invoices", "plans")]
    ended = run(tables, *quiet, schema("charges"), record("charges", id="1"), state(a=1))

    said = [json.loads(line)["message"] for line in ended.stderr.splitlines()]
    assert [line.split(" in ")[0] for line in said] == [
        "main.charges: 1 row", "3 other tables: nothing new",
    ]  # fmt: skip


def test_when_no_table_got_anything_one_line_says_so(tables: DuckDbTables) -> None:
    ended = run(tables, schema("customers"), schema("invoices"), state(a=1))

    (said,) = [json.loads(line)["message"] for line in ended.stderr.splitlines()]
    assert said == "2 tables: nothing new"


def test_each_table_tells_how_long_its_own_records_came(tables: DuckDbTables) -> None:
    with subprocess.Popen(
        [PROGRAM, f"--destination={tables.url}"], text=True,
        stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
    ) as target:  # fmt: skip
        assert target.stdin
        target.stdin.write(schema("charges") + schema("refunds") + record("charges", id="1"))
        target.stdin.flush()
        while not tables.path.exists():
            time.sleep(0.05)
        time.sleep(0.5)
        _, errors = target.communicate(record("refunds", id="1") + record("refunds", id="2"))
    charges, refunds, total = (json.loads(line) for line in errors.splitlines())
    assert charges["message"] == "main.charges: 1 row, read in 0.0 s"
    assert refunds["message"].startswith("main.refunds: 2 rows, read in ")
    assert total["message"].startswith("2 tables: 3 rows in ")
    assert total["extra"]["seconds"] >= refunds["extra"]["seconds"] + 0.3


def test_a_name_that_moves_the_cursor_is_told_harmlessly(tables: DuckDbTables) -> None:
    ended = run(tables, schema("größe\x1b[2J"), record("größe\x1b[2J", id=5))
    assert ended.returncode == 2
    assert r"`größe\x1b[2J` record `5` (line 2)" in ended.stderr
    assert "\x1b" not in ended.stderr


def test_neither_does_one_in_a_warning_on_a_terminal(tables: DuckDbTables) -> None:
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [PROGRAM, f"--destination={tables.url}"],
        stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=theirs, text=True,
    ) as target:  # fmt: skip
        target.communicate(schema("charges") + record("charges", id="1", **{"a\x1b[2Jb": 1}))
        os.close(theirs)
        shown = os.read(ours, 1 << 16)
    os.close(ours)
    assert rb"left out: `a\x1b[2Jb`" in shown
    assert b"\x1b[2J" not in shown


@pytest.mark.parametrize("first", ["", state(begins=1)], ids=["silent tap", "tap that tells"])
def test_on_a_terminal_a_tap_that_tells_how_far_it_is_has_the_last_line(
    tables: DuckDbTables, first: str
) -> None:
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [PROGRAM, f"--destination={tables.url}"],
        stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=theirs, text=True,
    ) as target:  # fmt: skip
        assert target.stdin is not None
        while not tables.path.exists():
            time.sleep(0.05)
        # A tap that starts as slowly as that has said nothing of itself yet.
        time.sleep(1.7 if first else 0)
        target.stdin.write(first + schema("charges") + record("charges", id="1"))
        target.stdin.flush()
        time.sleep(1.7)
        target.communicate(state(a=1))
        os.close(theirs)
        shown = os.read(ours, 1 << 16)
    os.close(ours)
    assert (b"read in" in shown) == (not first)
    assert b"main.charges: 1 row in " in shown


def test_a_broken_line_is_named_and_what_was_published_keeps_its_state(
    tables: DuckDbTables,
) -> None:
    (tables.path.parent / "c.json").write_text('{"batch_size_rows": 1}')
    ended = run(
        tables, schema("charges"), record("charges", id="1"), state(a=1),
        record("charges", id="2"), "oops\n", state(a=2), config=tables.path.parent / "c.json",
    )  # fmt: skip
    assert (ended.returncode, ended.stdout) == (2, '{"a": 1}\n')
    assert "target-td-table: Line 5 of the input is not valid JSON" in ended.stderr
    assert tables.rows("FROM charges") == [("1",)]


@pytest.mark.parametrize(
    ("lines", "options", "code", "sentence"),
    [
        ([record("a", id="1")], {}, 2, "Line 1 of the input is a RECORD of `a`, but no SCHEMA"),
        (['{"type":"SCH'], {}, 1, "The input ended in the middle of line 1"),
        (['{"type":"FOO"}\n'], {}, 2, "Line 1 of the input has the type `FOO`"),
        (["[]\n"], {}, 2, "Line 1 of the input is no Singer message"),
        ([schema("a"), activate("b", 1)], {}, 2, "Line 2 of the input is a ACTIVATE_VERSION"),
        (
            [],
            {"mode": "upsert"},
            2,
            "`mode` is `upsert`. Use one of: `append`, `replace`, `merge`.",
        ),
        ([], {"destination": "duckdb:////no/such/x.duckdb"}, 2, "does not exist. Create it."),
        ([], {"config": "missing.yml"}, 2, "There is no settings file `missing.yml`"),
    ],
)
def test_bad_input_ends_in_a_sentence_and_an_exit_code(
    tables: DuckDbTables, lines: list[str], options: dict[str, str], code: int, sentence: str
) -> None:
    ended = run(tables, *lines, **options)
    assert ended.returncode == code
    assert sentence in ended.stderr
    assert "Traceback" not in ended.stderr
    assert ended.stdout == ""


def test_a_second_target_on_the_file_is_told_who_has_it(
    tables: DuckDbTables, reading: subprocess.Popen[bytes]
) -> None:
    ended = run(tables, schema("charges"))
    assert ended.returncode == 75
    assert f"is open already by the process {reading.pid}" in ended.stderr


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_publishes_what_came_before_the_last_state_and_lets_it_out(
    tables: DuckDbTables, reading: subprocess.Popen[bytes], number: signal.Signals
) -> None:
    reading.send_signal(number)
    out, error = reading.communicate(timeout=20)
    assert reading.returncode == 128 + number
    assert out == b'{"sent": 1}\n'
    name = "Ctrl-C" if number == signal.SIGINT else "SIGTERM"
    assert f"target-td-table: Stopped by {name}. What was published stays".encode() in error
    assert b"Traceback" not in error
    assert tables.rows("FROM charges") == [(1,)]


def test_an_empty_input_is_told(tables: DuckDbTables) -> None:
    ended = subprocess.run(
        [PROGRAM, f"--destination={tables.url}"],
        stdin=subprocess.DEVNULL, capture_output=True, check=False, text=True,
    )  # fmt: skip
    told = json.loads(ended.stderr)
    assert (ended.returncode, ended.stdout, told["level"]) == (0, "", "warning")
    assert told["message"].startswith("The input was empty, so nothing was loaded.")


def test_a_closed_standard_output_ends_the_load_quietly(tables: DuckDbTables) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    ended = subprocess.run(
        [PROGRAM, f"--destination={tables.url}"],
        input=(schema("charges") + state(a=1)).encode(),
        stdout=writer, stderr=subprocess.PIPE, check=False,
    )  # fmt: skip
    os.close(writer)
    assert (ended.returncode, ended.stderr) == (141, b"")


@pytest.mark.parametrize("flag", ["--about", "--help", "--print-state"])
def test_a_pipe_that_is_closed_early_ends_every_command_quietly_with_141(
    tables: DuckDbTables, flag: str
) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    ended = subprocess.run(
        [PROGRAM, f"--destination={tables.url}", flag],
        stdout=writer, stderr=subprocess.PIPE, check=False,
    )  # fmt: skip
    os.close(writer)
    assert (ended.returncode, ended.stderr) == (141, b"")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="Linux has /dev/full")
@pytest.mark.parametrize("flag", ["--about", "--version", "--print-state"])
def test_what_is_printed_onto_a_full_disk_ends_with_a_sentence_and_75(
    tables: DuckDbTables, flag: str
) -> None:
    with Path("/dev/full").open("w") as full:
        ended = subprocess.run(
            [PROGRAM, f"--destination={tables.url}", flag],
            stdout=full, stderr=subprocess.PIPE, check=False, text=True,
        )  # fmt: skip
    assert ended.returncode == 75
    assert ended.stderr == (
        "target-td-table: Standard output cannot be written: No space left on device. Make room on "
        "its disk and try again.\n"
    )


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="Linux has /dev/full")
def test_a_full_disk_under_the_state_names_where_else_the_state_is(tables: DuckDbTables) -> None:
    with Path("/dev/full").open("w") as full:
        ended = subprocess.run(
            [PROGRAM, f"--destination={tables.url}"],
            input=schema("charges") + state(a=1), text=True,
            stdout=full, stderr=subprocess.PIPE, check=False,
        )  # fmt: skip
    assert ended.returncode == 75
    assert "--print-state" in ended.stderr


def test_a_full_disk_is_a_sentence_and_nothing_of_the_batch_is_published(
    tables: DuckDbTables,
) -> None:
    big = record("charges", id="x" * 1_000_000)
    ended = subprocess.run(
        ["bash", "-c", f"ulimit -f 1000; trap '' XFSZ; exec {PROGRAM} --destination={tables.url}"],
        input=schema("charges") + big * 5, text=True, capture_output=True, check=False,
    )  # fmt: skip
    assert ended.returncode == 75
    assert "Make room" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_print_state_is_an_empty_object_before_the_first_load(tables: DuckDbTables) -> None:
    ended = subprocess.run(
        [PROGRAM, f"--destination={tables.url}", "--print-state"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert ended.stdout == "{}\n"
    assert not tables.path.exists()


@pytest.mark.parametrize(
    ("name", "code", "said"),
    [
        ("empty.duckdb", 0, "{}\n"),
        ("nowhere/stripe.duckdb", 2, "The folder"),
        ("a.csv", 2, "not a"),
    ],
)
def test_print_state_only_looks_at_the_file(
    tmp_path: Path, name: str, code: int, said: str
) -> None:
    for each, content in (("empty.duckdb", ""), ("a.csv", "id,amount\n1,2\n")):
        (tmp_path / each).write_text(content)
        (tmp_path / each).chmod(0o400)

    ended = subprocess.run(
        [PROGRAM, f"--destination=duckdb:///{tmp_path}/{name}", "--print-state"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert ended.returncode == code
    assert said in ended.stdout + ended.stderr
    assert (tmp_path / "empty.duckdb").read_text() == ""
    assert {each.name for each in tmp_path.iterdir()} == {"empty.duckdb", "a.csv"}


@pytest.mark.parametrize(
    ("options", "code", "sentence"),
    [
        ("--destination=duckdb:///new.duckdb", 0, ""),
        ("--destination=postgresql://nobody@127.0.0.1:9/nowhere", 0, ""),
        ("--destination=td://us01/nowhere", 0, ""),
        ("--destination=duckdb:///", 2, "names no file"),
        ("--destination=postgresql://a@b@c/d", 2, "no URL that PostgreSQL's library can read"),
        ("--destination=td://moon/nowhere", 2, "`moon` is no region"),
        ("--destination=oracle://x --config=ENV", 2, "There is no loader for `oracle://`"),
    ],
)
def test_settings_are_checked_without_reaching_the_destination(
    options: str, code: int, sentence: str, tmp_path: Path
) -> None:
    said = subprocess.run(
        [PROGRAM, "--check-settings", *options.split()],
        cwd=tmp_path, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL,
    )  # fmt: skip
    assert (said.returncode, said.stdout) == (code, "")
    assert sentence in said.stderr
    assert bool(said.stderr) is bool(code)
    assert not list(tmp_path.iterdir())
