"""The API key is told to Treasure Data and to nobody else, however much is logged."""

import contextlib
import json
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from target_td_table import config
from target_td_table.errors import TargetError
from target_td_table.loaders.opening import loader_for
from target_td_table.loaders.treasure_data.address import checked_key
from target_td_table.modes import Mode
from tests.fakes.programs import environment
from tests.fakes.treasure_data import MASTER, WRITE_ONLY
from tests.fakes.treasure_data_loads import SHOP, load, open_loader, shop
from tests.fakes.treasure_data_server import Fault, TreasureDataServer, served
from tests.fakes.treasure_data_tables import Refusal
from tests.target.test_treasure_data_refusals import Target
from tests.target.world import record, schema, state

UNKNOWN = "1/" + "c" * 40
KEYS = {key: key.partition("/")[2] for key in (MASTER, WRITE_ONLY, UNKNOWN)}
LINES = [schema("refunds"), record("refunds", id="1"), state(a=1)]
_TALKATIVE = """
import logging, sys
from target_td_table import command, program, report
report.set_up()
for name in (None, "urllib3", "target_td_table"):
    logging.getLogger(name).setLevel(logging.DEBUG)
sys.exit(command.end(program.command_line()))
"""


@pytest.fixture
def server() -> Iterator[TreasureDataServer]:
    with served(shop()) as found:
        yield found


class Overheard:
    """All that somebody finds who may read logs, output and disks."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._files: set[bytes] = set()

    def look(self, _number: int) -> None:
        """Read the files that are there at a request."""
        for path in self._folder.rglob("*"):
            # They come and go.
            with contextlib.suppress(OSError):
                self._files.add(path.read_bytes())

    def all_of_it(self, *told: object) -> str:
        """What was in files, and what was told."""
        files = [each.decode(errors="replace") for each in self._files]
        return "\n".join([*files, *map(str, told), *map(repr, told)])


class Here(Overheard):
    """Of a load in this process, whose loggers all log all."""

    def __init__(self, caplog: pytest.LogCaptureFixture, capfd: Any, folder: Path) -> None:
        super().__init__(folder)
        self._caplog, self._capfd = caplog, capfd
        caplog.set_level("DEBUG")

    def all_of_it(self, *told: object) -> str:
        assert any(each.name.startswith("urllib3") for each in self._caplog.records)
        output = self._capfd.readouterr()
        return super().all_of_it(*told, self._caplog.text, output.out, output.err)


@pytest.fixture
def overheard(
    server: TreasureDataServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str],
) -> Here:  # fmt: skip
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    found = Here(caplog, capfd, tmp_path)
    server.before = found.look
    return found


def traced(error: BaseException | None) -> str:
    """What a traceback shows, with all that led to it."""
    return "".join(traceback.format_exception(error)) if error else ""


@pytest.mark.parametrize("fault", Fault)
def test_it_is_heard_at_no_fault(server: TreasureDataServer, overheard: Here, fault: Fault) -> None:
    server.faults = dict.fromkeys(range(3, 99, 4), fault)
    error: TargetError | None = None
    try:
        load(server.url, Mode.MERGE, beside_bytes=0)
    except TargetError as failure:
        error = failure
    assert server.authorizations == {f"TD1 {MASTER}"}
    assert KEYS[MASTER] not in overheard.all_of_it(error, traced(error))


def echo(server: TreasureDataServer) -> None:
    """Let an answer repeat what it was sent, as some gateways do."""

    def refuse(*_: str, **__: Any) -> None:
        raise Refusal(422, f"Bad request. Authorization: TD1 {MASTER}")

    server.account._table_create = refuse  # type: ignore[method-assign, assignment]


def break_records(server: TreasureDataServer) -> None:
    server.account.is_broken_record = lambda _: True


def close(server: TreasureDataServer) -> None:
    server.account.may_create = False


@pytest.mark.parametrize(
    ("happens", "settings"),
    [
        (close, {"apikey": MASTER}),
        (echo, {"apikey": MASTER}),
        (break_records, {"apikey": MASTER}),
        (None, {"apikey": MASTER, "auto_create_table": False}),
        (None, {"apikey": UNKNOWN}),
        (None, {"apikey": WRITE_ONLY, "mode": "replace"}),
        (None, {"apikey": WRITE_ONLY, "mode": "merge"}),
    ],
)
def test_it_is_heard_at_no_refusal(
    server: TreasureDataServer, overheard: Here,
    happens: Callable[[TreasureDataServer], None] | None, settings: Mapping[str, Any],
) -> None:  # fmt: skip
    if happens:
        happens(server)
    outcome = Target(server).load(*LINES, **settings)
    assert outcome.error is not None
    heard = overheard.all_of_it(outcome, outcome.sentence, traced(outcome.error))
    assert KEYS[settings["apikey"]] not in heard


def test_it_is_heard_in_no_load_that_ends_well(server: TreasureDataServer, overheard: Here) -> None:
    outcome = Target(server).load(*LINES)
    assert outcome.states == [{"a": 1}]
    kept = server.account.databases[SHOP]
    tables = {name: [table.rows, table.columns] for name, table in kept.items()}
    assert KEYS[MASTER] not in overheard.all_of_it(outcome, tables, server.account.sessions)


@pytest.mark.parametrize(
    "settings",
    [
        {"apikey": f"{MASTER}a"},
        {"apikey": [MASTER]},
        {"apikey": MASTER, "destination": f"td://{MASTER}@us01/shop"},
        {"apikey": MASTER, "destination": f"td://us01/shop?apikey={MASTER}"},
        {"apikey": MASTER, "destination": f"td://us01/shop/{MASTER}"},
        {"api_key": MASTER},
    ],
)
def test_it_is_in_no_refusal_of_settings(settings: Mapping[str, Any]) -> None:
    with pytest.raises(TargetError) as refused:
        loader_for(config.parse({"destination": "td://us01/shop", **settings}))
    assert KEYS[MASTER] not in str(refused.value) + repr(refused.value) + traced(refused.value)


def test_it_is_in_no_repr(server: TreasureDataServer) -> None:
    settings = config.parse({"destination": "td://us01/shop", "apikey": MASTER})
    loader = open_loader(server.url)
    loader.close()
    objects = [settings, loader, loader._calls, loader._calls.api, loader._calls.api._auth]
    shown = [repr(each) + str(each) for each in objects]
    shown += [repr(vars(each)) for each in (loader, loader._calls, loader._calls.api)]
    assert KEYS[checked_key(MASTER, {})] not in "".join(shown)


def test_the_whole_program_tells_it_nowhere_however_talkative(
    server: TreasureDataServer, tmp_path: Path
) -> None:
    server.faults = {3: Fault.E500, 6: Fault.CUT}
    settings = {"destination": f"td://{server.host}/{SHOP}", "mode": "replace"}
    (tmp_path / "config.json").write_text(json.dumps(settings))
    overheard = Overheard(tmp_path)
    server.before = overheard.look
    ended = subprocess.run(
        [sys.executable, "-c", _TALKATIVE, "--config", tmp_path / "config.json"],
        input="".join(LINES), capture_output=True, text=True, check=False,
        env=environment(TD_API_KEY=MASTER, TMPDIR=str(tmp_path)),
    )  # fmt: skip
    assert (ended.returncode, ended.stdout) == (0, '{"a": 1}\n')
    assert "connectionpool" in ended.stderr
    assert KEYS[MASTER] not in overheard.all_of_it(ended.stdout, ended.stderr)
