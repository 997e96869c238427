"""The program as its users start it: exit codes, sentences, files, and how it stops."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.fakes.messages import Messages
from tests.fakes.programs import ended, program, run_tap, start_tap

if TYPE_CHECKING:
    from tests.fakes.changing_stripe import ChangingStripe
    from tests.fakes.reading import Tap

HOUR = 3600


@pytest.fixture
def _business(stripe: ChangingStripe) -> None:
    stripe.create("charge", id="ch_1", description="Zoë\n🌻", created=stripe.now - HOUR)
    stripe.create("customer", id="cus_1", created=stripe.now - HOUR)
    stripe.advance(HOUR)


pytestmark = pytest.mark.usefixtures("_business")


def test_a_run_writes_messages_to_stdout_and_exits_with_0(tmp_path: Path, tap: Tap) -> None:
    run = run_tap(tmp_path, {**tap.settings, "target": "charge"})

    assert run.exit_code == 0
    assert [r["description"] for r in run.messages.records("charges")] == ["Zoë\n🌻"]
    assert run.messages.all[-1]["type"] == "STATE"


def test_settings_and_state_are_checked_without_asking_stripe(
    tmp_path: Path, stripe: ChangingStripe, tap: Tap
) -> None:
    said = run_tap(tmp_path, {"target": "charge", "base_url": tap.base_url}, "--check-settings")
    assert (said.exit_code, said.stdout, said.stderr) == (0, b"", "")

    said = run_tap(tmp_path, {"target": "charg", "worker": 1}, "--check-settings")
    assert (said.exit_code, len(said.sentences)) == (2, 2)

    said = run_tap(tmp_path, tap.settings, "--check-settings", state={"bookmarks": {"charges": 5}})
    assert said.exit_code == 2
    assert "charges" in said.sentences[0]
    assert not stripe.requests


def test_a_load_yml_and_the_key_from_the_environment_are_enough(tmp_path: Path, tap: Tap) -> None:
    (tmp_path / "load.yml").write_text(
        f"in:\n  type: stripe\n  target: customer\n  base_url: {tap.base_url}\n"
        "  start_datetime: 2017-01-01T07:36:22.000Z\nout:\n  mode: append\n"
    )

    run = run_tap(tmp_path, None, "--config", "load.yml", STRIPE_API_KEY=tap.secret_key)

    assert (run.exit_code, run.messages.ids("customers")) == (0, ["cus_1"])


def test_a_netrc_for_the_host_does_not_take_the_place_of_the_key(tmp_path: Path, tap: Tap) -> None:
    (tmp_path / "netrc").write_text("default login somebody password else\n")
    settings = {**tap.settings, "target": "customer"}

    run = run_tap(tmp_path, settings, NETRC=str(tmp_path / "netrc"))

    assert (run.exit_code, run.messages.ids("customers")) == (0, ["cus_1"])


def test_no_key_exits_with_2_and_says_where_to_put_one(tmp_path: Path, url: str) -> None:
    run = run_tap(tmp_path, {"base_url": url})

    assert (run.exit_code, run.stdout) == (2, b"")
    assert run.sentences[0].startswith("There is no API key. Put `secret_key` into the settings")


def test_a_wrong_key_exits_with_2_and_is_not_shown(tmp_path: Path, url: str) -> None:
    run = run_tap(tmp_path, {"base_url": url, "secret_key": "sk_test_wrong42"})

    assert (run.exit_code, run.stdout) == (2, b"")
    assert "Stripe does not accept the key (401, request req_" in run.sentences[0]
    assert "wrong42" not in run.stderr


def test_a_missing_permission_exits_with_1_and_the_rest_is_written(
    tmp_path: Path, stripe: ChangingStripe, tap: Tap
) -> None:
    key = stripe.restrict("rk_test_1", "customer_read", "event_read")
    settings = {**tap.settings, "secret_key": key, "target": ["charge", "customer"]}

    run = run_tap(tmp_path, settings)

    assert (run.exit_code, run.messages.ids("customers")) == (1, ["cus_1"])
    assert "permission `charge_read`" in run.sentences[-1]


def test_two_wrong_settings_exit_with_2_and_are_both_named(tmp_path: Path, tap: Tap) -> None:
    wrong = {"target": "chargs", "start_datetime": "2024-01-01T00:00:00"}

    run = run_tap(tmp_path, {**tap.settings, **wrong})

    assert (run.exit_code, run.stdout) == (2, b"")
    said = "\n".join(run.sentences)
    assert "Did you mean `charges`?" in said
    assert "`start_datetime` is wrong" in said


FOREIGN = '{"bookmarks": {"%s": {"replication_key": "%s", "replication_key_value": "2026-11-20T00:00:00Z"}}}'


@pytest.mark.parametrize(
    ("state", "said"),
    [
        ('{"bookmarks": {"charges": {"created": "2024-01-01T00:00:00Z"}}}', "States of other taps"),
        (FOREIGN % ("charges", "created"), "bookmark of `charges` orders by `created`"),
        (FOREIGN % ("users", "_updated_at"), "bookmark of `users` orders by `_updated_at`"),
        ("[1]", "must be a JSON object with `bookmarks`"),
        ('{"bookmarks":', "does not end in a line of JSON"),
    ],
    ids=["of another tap", "its key", "its stream", "no object", "cut short"],
)
def test_a_state_that_cannot_be_resumed_exits_with_2(
    tmp_path: Path, tap: Tap, state: str, said: str
) -> None:
    (tmp_path / "state.json").write_text(state)

    run = run_tap(tmp_path, tap.settings, "--state", "state.json")

    assert (run.exit_code, run.stdout) == (2, b"")
    assert said in run.sentences[0]
    assert "traceback" not in run.stderr.lower()


@pytest.mark.parametrize("catalog", ["[1]", '{"streams": [{}]}'], ids=["no object", "no streams"])
def test_a_file_that_holds_no_catalog_exits_with_2(tmp_path: Path, tap: Tap, catalog: str) -> None:
    (tmp_path / "catalog.json").write_text(catalog)

    run = run_tap(tmp_path, tap.settings, "--catalog", "catalog.json")

    assert (run.exit_code, run.stdout) == (2, b"")
    assert "holds no catalog" in run.sentences[0]


def test_the_states_that_a_target_appended_to_a_file_resume_from_the_last(
    tmp_path: Path, stripe: ChangingStripe, tap: Tap
) -> None:
    states = [json.dumps(tap.read("customers").state)]
    stripe.create("customer", id="cus_2")
    stripe.advance(HOUR)
    states.append(json.dumps(tap.read("customers", state=json.loads(states[0])).state))
    stripe.create("customer", id="cus_3")
    stripe.advance(HOUR)
    (tmp_path / "states").write_text("\n".join(states) + "\n")

    run = run_tap(tmp_path, {**tap.settings, "target": "customers"}, "--state", "states")

    assert (run.exit_code, run.messages.ids("customers")) == (0, ["cus_3"])


def test_discovery_needs_no_key_and_prints_a_catalog(tmp_path: Path) -> None:
    run = run_tap(tmp_path, None, "--discover")

    assert run.exit_code == 0
    assert {"charges", "events"} <= {s["tap_stream_id"] for s in json.loads(run.stdout)["streams"]}


def test_a_test_that_succeeds_logs_no_error(
    tmp_path: Path, stripe: ChangingStripe, tap: Tap
) -> None:
    stripe.create("charge", created=stripe.now - HOUR)

    run = run_tap(tmp_path, {**tap.settings, "target": ["charges", "customers"]}, "--test")

    assert run.exit_code == 0
    assert len(run.messages.records("charges")) == 1
    assert '"level":"error"' not in run.stderr


def test_names_with_commas_in_the_environment_are_taken_without_a_warning(
    tmp_path: Path, tap: Tap
) -> None:
    started = start_tap(
        tmp_path, tap.settings, "--config=ENV", TAP_STRIPE_TD_TARGET="charge,customer"
    )

    run = ended(started)

    assert run.exit_code == 0
    assert run.messages.streams == {"charges", "customers"}
    assert '"level":"warning"' not in run.stderr


def test_about_shows_every_setting_and_no_value(tmp_path: Path) -> None:
    run = run_tap(tmp_path, None, "--about", "--format=json", STRIPE_API_KEY="sk_test_about42")

    about = json.loads(run.stdout)
    assert about["name"] == "tap-stripe-td"
    assert about["settings"]["properties"]["secret_key"]["secret"]
    assert "about42" not in run.stdout.decode() + run.stderr


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--about", "--format=csv"], "--about cannot be written as csv."),
        (["--preview", "--format=markdown"], "--preview cannot be written as markdown."),
        (["--format=json"], "Only --about and --preview are written in a format"),
    ],
)
def test_a_format_that_a_command_does_not_have_is_refused(
    tmp_path: Path, arguments: list[str], sentence: str
) -> None:
    run = run_tap(tmp_path, None, *arguments, STRIPE_API_KEY="sk_test_1")

    assert (run.exit_code, run.stdout) == (2, b"")
    assert sentence in run.sentences[0]


def test_the_key_is_shown_nowhere_even_when_everything_is_logged(
    tmp_path: Path, stripe: ChangingStripe, tap: Tap
) -> None:
    key = stripe.restrict("rk_test_supersecret4242", "charge_read", "event_read")
    settings = {**tap.settings, "secret_key": key, "target": ["charges", "customers"]}

    run = run_tap(tmp_path, settings, LOGLEVEL="DEBUG")

    assert len(run.stderr) > 1000
    assert "supersecret" not in run.stdout.decode() + run.stderr


@pytest.mark.parametrize("incremental", [True, False], ids=["with state", "without state"])
def test_a_reader_that_goes_away_ends_the_run_quietly_with_141(
    tmp_path: Path,
    stripe: ChangingStripe,
    tap: Tap,
    incremental: bool,  # noqa: FBT001
) -> None:
    stripe.bulk("charge", 2_000 if incremental else 7, stripe.now - HOUR, stripe.now)
    settings = {**tap.settings, "target": "charges", "incremental": incremental}
    started = start_tap(tmp_path, settings)
    assert started.stdout is not None
    if incremental:
        started.stdout.readline()
    started.stdout.close()
    started.stdout = None

    run = ended(started)

    assert run.exit_code == 141
    assert "traceback" not in run.stderr.lower()
    assert "Broken" not in run.stderr


@pytest.mark.parametrize("flag", ["--discover", "--about", "--help"])
def test_a_pipe_that_is_closed_early_ends_every_command_quietly_with_141(flag: str) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "wb") as closed:
        run = subprocess.run(
            [program("tap-stripe-td"), flag], stdout=closed, stderr=subprocess.PIPE, check=False
        )

    assert (run.returncode, run.stderr) == (141, b"")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a device of Linux")
@pytest.mark.parametrize("flag", ["--discover", "--about", "--version", "--preview", None])
def test_an_output_on_a_full_disk_ends_with_a_sentence_and_75(
    tmp_path: Path, tap: Tap, flag: str | None
) -> None:
    (tmp_path / "tap.json").write_text(json.dumps({**tap.settings, "target": "charges"}))
    with Path("/dev/full").open("wb") as full:
        run = subprocess.run(
            [program("tap-stripe-td"), "--config=tap.json", *([flag] if flag else [])],
            cwd=tmp_path, stdout=full, stderr=subprocess.PIPE, check=False, text=True,
        )  # fmt: skip

    (said,) = [line for line in run.stderr.splitlines() if not line.startswith('{"level":"info"')]
    assert run.returncode == 75
    assert said == (
        "tap-stripe-td: Standard output cannot be written: No space left on device. What it holds "
        "is cut short. Make room on its disk and run again."
    )


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a device of Linux")
@pytest.mark.parametrize(
    ("arguments", "code"), [(["--config=tap.json"], 2), (["--nonsense"], 2), (["--version"], 75)]
)
def test_a_full_disk_for_what_is_told_changes_no_exit_code(
    tmp_path: Path, arguments: list[str], code: int
) -> None:
    (tmp_path / "tap.json").write_text('{"target": "chargs"}')
    with Path("/dev/full").open("wb") as full:
        run = subprocess.run(
            [program("tap-stripe-td"), *arguments],
            cwd=tmp_path, stdout=full, stderr=full, check=False,
        )  # fmt: skip

    assert run.returncode == code


def interrupted(process: subprocess.Popen[bytes], number: int) -> Messages:
    """What the tap wrote when it gets a signal after its first records."""
    assert process.stdout is not None
    first = process.stdout.readline() + process.stdout.readline()
    process.send_signal(number)
    rest = process.stdout.read()
    _, stderr = process.communicate(timeout=60)
    assert b"traceback" not in stderr.lower()
    return Messages(first + rest)


@pytest.mark.parametrize(
    ("number", "exit_code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)], ids=["INT", "TERM"]
)
def test_a_signal_ends_the_run_with_a_state_from_which_the_rest_is_read(
    tmp_path: Path, stripe: ChangingStripe, tap: Tap, number: int, exit_code: int
) -> None:
    stripe.bulk("charge", 2_500, stripe.now - HOUR, stripe.now)
    stripe.latency_seconds = 0.1
    process = start_tap(tmp_path, {**tap.settings, "target": "charges"})

    part = interrupted(process, number)

    assert process.returncode == exit_code
    assert part.all[-1]["type"] == "STATE"
    assert part.activated("charges") == []
    stripe.latency_seconds = 0
    rest = tap.read("charges", state=part.state)
    ids = part.ids("charges") + rest.ids("charges")
    assert sorted(ids) == sorted(charge["id"] for charge in stripe.objects("charge"))


def test_a_signal_before_the_first_record_ends_the_run_at_once(
    tmp_path: Path, stripe: ChangingStripe, tap: Tap
) -> None:
    stripe.latency_seconds = 4
    process = start_tap(tmp_path, {**tap.settings, "target": "charges"})
    while not stripe.requests:
        time.sleep(0.05)
    began = time.monotonic()

    process.send_signal(signal.SIGINT)
    run = ended(process)

    assert run.exit_code == 130
    assert time.monotonic() - began < 3
    assert "traceback" not in run.stderr.lower()
    stripe.latency_seconds = 0


def test_an_unknown_option_exits_with_2(tmp_path: Path) -> None:
    run = run_tap(tmp_path, None, "--confg")

    assert run.exit_code == 2
    assert "No such option" in run.stderr
