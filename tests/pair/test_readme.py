"""What the README gives to type, typed into a shell against a sandbox."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from stripe_sandbox.business import grow
from tests.fakes.programs import environment
from tests.target.world import DuckDbTables

if TYPE_CHECKING:
    from tests.fakes.changing_stripe import ChangingStripe

README = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
HOUR = 3600

# A person's programs know where Stripe is. DuckDB's own program is not installed by pip.
SHELL = """
set -e -o pipefail
tap-stripe-td() { command tap-stripe-td --config sandbox.json "$@"; }
duckdb() { python -c 'import duckdb, sys; print(duckdb.connect(sys.argv[1]).sql(sys.argv[2]))' "$@"; }
"""


def commands() -> list[str]:
    (block,) = re.findall(r"## The pipe\n.*?```\n(.*?)```", README, re.DOTALL)
    return [line.removeprefix("$ ") for line in block.splitlines() if line.startswith("$ ")]


def typed(folder: Path, *lines: str) -> subprocess.CompletedProcess[str]:
    path = f"{Path(sys.executable).parent}:{environment()['PATH']}"
    return subprocess.run(
        ["bash", "-c", SHELL + "\n".join(lines)],
        cwd=folder, env=environment(PATH=path), capture_output=True, text=True, check=False,
    )  # fmt: skip


@pytest.fixture
def folder(stripe: ChangingStripe, url: str, tmp_path: Path) -> Path:
    grow(stripe, customers=3)
    stripe.advance(HOUR)
    settings = {"base_url": url, "target": ["charge", "customer"], "requests_per_second": 100}
    (tmp_path / "sandbox.json").write_text(json.dumps(settings))
    return tmp_path


def test_the_pipe_previews_loads_counts_and_reads_only_news_the_next_day(
    stripe: ChangingStripe, folder: Path
) -> None:
    tables = DuckDbTables(folder / "stripe.duckdb")
    export, preview, load, count, next_day = commands()
    key = f"export STRIPE_API_KEY={stripe.key}"
    assert export.startswith("export STRIPE_API_KEY=rk_live_…")

    first = typed(folder, key, preview, load, count)
    charges = len(stripe.objects("charge"))
    assert first.returncode == 0, first.stderr
    assert "| id:string " in first.stdout
    assert "succeeded" in first.stdout
    assert tables.rows("SELECT count(*) FROM charges") == [(charges,)]

    stripe.create("charge")
    stripe.advance(HOUR)
    second = typed(folder, key, next_day)
    assert second.returncode == 0, second.stderr
    assert tables.rows("SELECT count(*) FROM charges") == [(charges + 1,)]


def test_the_load_yml_is_a_pipe_for_the_sandbox_as_it_is_said(
    stripe: ChangingStripe, folder: Path, url: str
) -> None:
    (text,) = re.findall(r"```yaml\n(.*?)```", README, re.DOTALL)
    command, *settings = text.splitlines()
    sandbox = re.findall(r"`((?:secret_key|base_url): \S+)`", README)
    assert sandbox == [f"secret_key: {stripe.key}", "base_url: http://127.0.0.1:12111"]
    kept = [line for line in settings if "secret_key" not in line]
    place = kept.index("in:") + 1
    kept[place:place] = [f"  secret_key: {stripe.key}", f"  base_url: {url}"]
    (folder / "load.yml").write_text("\n".join(kept))
    (folder / "sandbox.json").write_text("{}")

    ended = typed(folder, command.removeprefix("# load.yml: "))

    assert ended.returncode == 0, ended.stderr
    tables = DuckDbTables(folder / "stripe.duckdb")
    counts = "SELECT (SELECT count(*) FROM charges), (SELECT count(*) FROM invoices)"
    assert tables.rows(counts) == [
        (len(stripe.objects("charge")), len(stripe.objects("invoice"))),
    ]
