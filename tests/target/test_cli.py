"""How the program starts: quickly, and with the command line that singer-sdk gives it."""

import json
import logging
import subprocess
import sys
from typing import Any

import click
import pytest
from singer_sdk.logging import StructuredFormatter

from target_td_table import program, report
from target_td_table.cli import needs_singer_sdk
from target_td_table.target import TargetTdTable
from tests.target.world import DuckDbTables, record, schema, state

# Runs the program, and tells whether it needed singer-sdk.
RUN = """
import sys
from target_td_table.cli import main
sys.argv = ["target-td-table", *sys.argv[1:]]
try:
    main()
finally:
    sys.stderr.write(f"singer_sdk: {'singer_sdk' in sys.modules}")
"""


def run(code: str, *arguments: str, given: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code, *arguments],
        input=given, capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip


def test_a_load_does_not_wait_for_singer_sdk(tables: DuckDbTables) -> None:
    lines = schema("charges") + record("charges", id="1") + state(a=1)
    ended = run(RUN, f"--destination={tables.url}", given=lines)
    assert ended.stdout == '{"a": 1}\n'
    assert ended.stderr.endswith("singer_sdk: False")
    assert tables.rows("FROM charges") == [("1",)]


@pytest.mark.parametrize(
    "arguments",
    [["--about"], ["--version"], ["--help"], ["--config", "ENV"], ["--config=ENV", "--dry-run"]],
)
def test_singer_sdk_does_what_is_its_own(arguments: list[str]) -> None:
    assert needs_singer_sdk(arguments)


def test_a_load_has_the_options_of_singer_sdks_command() -> None:
    def kinds(command: click.Command) -> dict[Any, Any]:
        return {
            tuple(each.opts + each.secondary_opts): (each.name, type(each.type), each.multiple)
            for each in command.params
            if isinstance(each, click.Option)
        }

    own = {("--version",), ("--about",), ("--format",)}
    whole = kinds(TargetTdTable.get_singer_command())
    assert {name: kind for name, kind in whole.items() if name not in own} == kinds(
        program.command_line()
    )


def test_a_log_line_is_what_singer_sdk_would_make_of_it() -> None:
    told = logging.LogRecord("target_td_table", logging.INFO, "", 0, "%s rows", (3,), None)
    told.__dict__["rows"] = 3
    ours, theirs = (each.format(told) for each in (report.Structured(), StructuredFormatter()))
    assert json.loads(ours) == json.loads(theirs)
