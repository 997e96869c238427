"""What docs/orchestration.md gives to copy is accepted by who reads it."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from td_connector.command_line import cli
from td_connector.cron import check_cron

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.connector.workshop import Workshop

PAGE = (Path(__file__).parents[2] / "docs" / "orchestration.md").read_text(encoding="utf-8")
FOLDER = "/srv/stripe"


def units() -> Iterator[tuple[str, str, str]]:
    """The heading, the name and the text of each unit."""
    for section in re.split(r"^## ", PAGE, flags=re.MULTILINE):
        for text in re.findall(r"```ini\n(.*?)```", section, re.DOTALL):
            name = re.findall(r"^# /etc/systemd/system/(\S+)$", text, re.MULTILINE)[0]
            yield section.splitlines()[0], name, text


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd is not installed")
@pytest.mark.parametrize("heading", ["systemd: a service", "systemd: a timer"])
def test_the_units_are_accepted_by_systemd(heading: str, tmp_path: Path) -> None:
    program = tmp_path / ".venv" / "bin" / "td-connector"
    program.parent.mkdir(parents=True)
    program.symlink_to(sys.executable)
    paths = []
    for _, name, text in (unit for unit in units() if unit[0] == heading):
        path = tmp_path / name
        path.write_text(text.replace(FOLDER, str(tmp_path)).replace("User=stripe", "User=root"))
        paths.append(str(path))

    checked = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", *paths],
        capture_output=True,
        text=True,
        check=False,
    )

    of_ours = [line for line in checked.stderr.splitlines() if "td-connector." in line]
    assert of_ours == []
    assert len(paths) == (1 if "service" in heading else 2)


@pytest.mark.parametrize("code", [0, 2])
def test_the_shell_script_keeps_the_states_and_ends_as_the_tap_does(
    workshop: Workshop, tmp_path: Path, code: int
) -> None:
    (script,) = re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL)
    stand_ins = tmp_path / "bin"
    stand_ins.mkdir()
    for name, variable in (("tap-stripe-td", "TAP"), ("target-td-table", "TARGET")):
        (stand_ins / name).symlink_to(workshop.environment[f"TD_CONNECTOR_{variable}"])
    workshop.load_file(rows=2, fail=code)
    path = f"{stand_ins}:{os.environ['PATH']}"

    ended = subprocess.run(
        ["sh", "-c", script], env={"PATH": path}, cwd=workshop.folder, check=False
    )

    assert ended.returncode == code
    states = (workshop.folder / "state.json").read_text().splitlines()
    assert [json.loads(state) for state in states] == [{"next": 1}, {"next": 2}]


def test_the_line_for_cron_is_one() -> None:
    (line,) = re.findall(r"```cron\n(.*?)```", PAGE, re.DOTALL)
    *when, command = line.strip().split(maxsplit=5)

    assert check_cron(" ".join(when)) == "* * * * *"
    assert command.endswith("td-connector scheduler --once")


def test_every_command_of_the_page_is_understood() -> None:
    found = re.findall(r"(?<=td-connector )(?:scheduler|create|run|history|list)[^\n`|]*", PAGE)

    assert len(found) > 10
    for command in found:
        name, *arguments = shlex.split(command)
        cli.commands[name].make_context(name, arguments)
