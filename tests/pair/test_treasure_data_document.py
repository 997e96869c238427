"""What docs/treasure-data.md says of each option of a `load.yml`, done by the two programs."""

from __future__ import annotations

import json
import re
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from stripe_sandbox.server import serve
from tests.fakes.changing_stripe import ChangingStripe
from tests.fakes.treasure_data import MASTER, WRITE_ONLY, FakeTreasureData
from tests.fakes.treasure_data_server import served
from tests.fakes.treasure_data_tables import FakeTable
from tests.pair.pipeline import Pair
from tests.target.treasure_data_tables import TreasureDataTables
from tests.target.world import INTEGER, TEXT, record, schema

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from tests.fakes.programs import Ended

DOCUMENT = (Path(__file__).parents[2] / "docs" / "treasure-data.md").read_text(encoding="utf-8")
NOW = 1_790_000_000

# The options of the plugins that the service ran: the Stripe input, embulk-output-td 0.7, and the
# filters that `td connector:guess` writes.
OPTIONS = {
    "in": """
        type client_id client_secret refresh_token secret_key target incremental incremental_column
        start_datetime formula end_datetime mode
    """,
    "out": """
        type apikey endpoint port use_ssl http_proxy additional_http_headers database table mode
        auto_create_table time_column time_value unix_timestamp_unit
        ignore_alternative_time_if_time_exists stop_on_invalid_record
        displayed_error_records_count_limit default_boolean_type_convert_to
        default_timestamp_type_convert_to default_timestamp_format default_timezone column_options
        file_split_size upload_concurrency retry_limit retry_initial_interval_millis
        retry_max_interval_millis session pool_name tmpdir plazma_dataset
    """,
    "filters": "rename add_time to_column from_column from_value exec",
}
# The old name of each target, and the streams that bring it.
TARGETS = {
    "account": ["account", "accounts"],
    "application_fee": ["application_fees"],
    "balance_history": ["balance_transactions"],
    "charge": ["charges"],
    "coupon": ["coupons"],
    "customer": ["customers"],
    "dispute": ["disputes"],
    "file_upload": ["files"],
    "event": ["events"],
    "invoice_item": ["invoice_items"],
    "invoice": ["invoices"],
    "plan": ["plans"],
    "product": ["products"],
    "refund": ["refunds"],
    "subscription": ["subscriptions"],
    "transfer": ["transfers"],
}
# What an option is set to where the document does not say it.
SAMPLES: dict[str, Any] = {
    "additional_http_headers": {"X-Team": "data"},
    "column_options": {"amount": {"type": "double"}},
    "default_boolean_type_convert_to": "string",
    "default_timestamp_format": "%d.%m.%Y",
    "default_timestamp_type_convert_to": "sec",
    "default_timezone": "Asia/Tokyo",
    "endpoint": "api.treasuredata.co.jp",
    "http_proxy": {"host": "proxy.example.com", "port": 8080},
    "port": 8443,
    "unix_timestamp_unit": "milli",
}


@dataclass(frozen=True)
class Row:
    """What the document says of one option; a value that it does not name is a sample's."""

    section: str
    option: str
    value: Any
    treatment: str

    def __str__(self) -> str:
        mode = f": {self.value}" if (self.section, self.option) == ("out", "mode") else ""
        return f"{self.section}: {self.option}{mode}"


def rows() -> Iterator[Row]:
    (text,) = re.findall(r"## Option by option\n(.*?)\n## ", DOCUMENT, re.DOTALL)
    for part in text.split("\n### `")[1:]:
        for options, treatment, _ in re.findall(
            r"^\| (`.*?) \| (.*?) \|(.*)\|$", part, re.MULTILINE
        ):
            for each in re.findall(r"`(.*?)`", options):
                told = yaml.safe_load(each)
                ((option, value),) = (
                    told.items() if isinstance(told, dict) else [(told, SAMPLES.get(told, "x"))]
                )
                yield Row(part.partition(":")[0], option, value, treatment)


def treated(treatment: str, section: str) -> dict[str, Any]:
    """The options that the document treats so, each set to something."""
    chosen = [row for row in rows() if (row.treatment, row.section) == (treatment, section)]
    return {row.option: row.value for row in chosen}


TAP, TARGET = "tap-stripe-td --config load.yml", "target-td-table --config load.yml"
BOTH, ALONE = f"{TAP} | {TARGET}", f"{TARGET} < lines"
START = 1_789_995_600
# What `td connector:guess` writes into a file.
GUESSED = [
    {"type": "rename", "rules": [
        {"rule": "upper_to_lower"},
        {"rule": "character_types", "pass_types": ["a-z", "0-9"], "replace": "_"},
        {"rule": "first_character_types", "pass_types": ["a-z"], "prefix": "_"},
        {"rule": "unique_number_suffix", "max_length": 128},
    ]},
    {"type": "add_time", "to_column": {"name": "time"}, "from_value": {"mode": "upload_time"}},
]  # fmt: skip
LINES = [
    schema("refunds", id=TEXT, created=INTEGER, time=INTEGER),
    *(record("refunds", id=name, created=n, time=99) for n, name in enumerate("abcd", 11)),
]
# What the document says of `time`, and the `time` of those four; None is the upload's.
TIMES = {
    "none": [99] * 4,
    "time_column: created": [11, 12, 13, 14],
    "time_value: {mode: fixed_time, value: 1767225600}": [1767225600] * 4,
    "time_value: {mode: incremental_time, from: 1, to: 3}": [1, 2, 3, 1],
    "time_value: {mode: upload_time}": None,
}


@dataclass
class World:
    """What the programs did, all of them at a time, and what is in the tables after it."""

    stripe: ChangingStripe
    stripe_url: str
    account: FakeTreasureData
    destination: str
    folder: Path
    ended: dict[str, Ended] = field(default_factory=dict)

    def run(
        self, name: str, line: str, given: Mapping[str, Any], out: Mapping[str, Any],
        sections: Mapping[str, Any] | None = None, **variables: str,
    ) -> None:  # fmt: skip
        """Type a line in a folder of its own, with a `load.yml` of these sections."""
        folder = self.folder / name
        folder.mkdir()
        settings = {"in": {**given}, "out": {**out}, **(sections or {})}
        (folder / "load.yml").write_text(yaml.safe_dump(settings), encoding="utf-8")
        (folder / "lines").write_text("".join(LINES), encoding="utf-8")
        variables = {"XDG_STATE_HOME": str(folder), **variables}
        self.ended[name] = Pair(folder, {}).shell(line, **variables)

    def hosted(self) -> None:
        """What the service's manual shows, all targets at once, and all that is not needed."""
        given = {
            "type": "stripe", "client_id": "ca_1", "client_secret": self.stripe.key,
            "refresh_token": self.stripe.authorize("app"), "target": list(TARGETS),
            "incremental": True, "start_datetime": datetime.fromtimestamp(START, UTC),
            "formula": "gt", "end_datetime": datetime.fromtimestamp(START + 20, UTC),
            "mode": "replace", "base_url": self.stripe_url, "requests_per_second": 100,
        }  # fmt: skip
        out = {
            **treated("not needed", "out"), "destination": self.destination, "database": "hosted",
            "apikey": MASTER,
        }  # fmt: skip
        sections = {"exec": {"max_threads": 2}, "filters": GUESSED}
        # The key of the environment may not replace.
        self.run("hosted", BOTH, given, out, sections, TD_API_KEY=WRITE_ONLY)

    def console(self) -> None:
        """One target with the secret key, as one set it up in the console."""
        given = {
            "secret_key": self.stripe.key, "target": "charge", "incremental": False,
            "start_datetime": START + 10, "formula": "lte", "base_url": self.stripe_url,
        }  # fmt: skip
        out = {
            "destination": f"{self.destination}/console", "table": "td_sample_table",
            "mode": "append", "time_column": "created",
        }  # fmt: skip
        self.run("console", BOTH, given, out, TD_API_KEY=MASTER)

    def alone(self, name: str, sections: Mapping[str, Any] | None = None, **out: Any) -> None:
        """The target with the recorded lines, into a database of that name."""
        to = {"destination": f"{self.destination}/{name}", "apikey": MASTER}
        self.run(name, ALONE, {}, {**to, **out}, sections)

    def runs(self) -> Iterator[Callable[[], None]]:
        """All that is done."""
        yield self.hosted
        yield self.console
        added = {"type": "add_time", "to_column": {"name": "time"}}
        column = {**added, "from_column": {"name": "created"}}
        yield partial(self.alone, "merged", {"filters": [column]}, mode="merge")
        yield partial(self.alone, "strict", auto_create_table=False)
        for line in (TAP, TARGET):
            given, out = treated("refused", "in"), treated("refused", "out")
            yield partial(self.run, f"refused by {line}", line, given, out)


def old_table(account: FakeTreasureData, database: str, table: str) -> None:
    """A table that a person has worked on, with a row of its own."""
    made = FakeTable("7")
    made.update_schema([["Note", "string", "remark"], ["id", "string"], ["created", "long"]])
    made.rows = [{"id": "old", "Note": "by hand", "time": 5}]
    account.databases[database] = {table: made}


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    stripe, account = ChangingStripe(NOW), FakeTreasureData()
    for name, seconds in (("ch_a", 0), ("ch_b", 10), ("ch_c", 20)):
        stripe.create("charge", id=name, created=START + seconds)
    old_table(account, "hosted", "charges")
    old_table(account, "console", "td_sample_table")
    old_table(account, "merged", "refunds")
    account.databases["merged"]["refunds"].rows[0]["id"] = "b"
    with serve(stripe) as stripe_url, served(account) as server:
        destination = f"td://{server.host}"
        folder = tmp_path_factory.mktemp("runs")
        found = World(stripe, stripe_url, account, destination, folder)
        with ThreadPoolExecutor(8) as threads:
            running = [threads.submit(each) for each in found.runs()]
            target = TreasureDataTables(server)
            for number, asked in enumerate(TIMES):
                setting = {} if asked == "none" else yaml.safe_load(asked)
                to = f"{destination}/time_{number}"
                assert target.load(*LINES, destination=to, **setting).error is None
            for done in running:
                done.result()
        yield found


def held(world: World, database: str, table: str = "refunds") -> dict[str, dict[str, Any]]:
    """What a reader finds, by id; fails if an id comes twice."""
    found = world.account.rows(database, table)
    by_id = {row["id"]: row for row in found}
    assert len(by_id) == len(found)
    return by_id


def said(world: World, name: str) -> list[str]:
    """What a program said to people."""
    return world.ended[name].stderr.splitlines()


def states(world: World, name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in world.ended[name].stdout.splitlines()]


def is_loaded(world: World, name: str) -> bool:
    assert world.ended[name].exit_code == 0, world.ended[name].stderr
    return True


def is_told_what_is_missing(world: World) -> bool:
    (sentence,) = said(world, "strict")
    assert 'Database "strict" or table "refunds" doesn\'t exist' in sentence
    return world.ended["strict"].exit_code == 2 and "strict" not in world.account.databases


# How each option that works shows that it does.
PROOFS: dict[str, Callable[[World], bool]] = {
    "in: type": lambda world: is_loaded(world, "hosted"),
    "in: client_id": lambda world: is_loaded(world, "hosted"),
    "in: client_secret": lambda world: world.stripe.asked("/v1/oauth/token") == 1,
    "in: refresh_token": lambda world: world.stripe.asked("/v1/oauth/token") == 1,
    "in: secret_key": lambda world: is_loaded(world, "console"),
    "in: target": lambda world: (
        {stream for streams in TARGETS.values() for stream in streams}
        == {name for name in world.account.databases["hosted"] if not name.startswith("_td_")}
    ),
    "in: incremental": lambda world: (
        "charges" in states(world, "hosted")[-1]["bookmarks"]
        and not any(each.get("bookmarks") for each in states(world, "console"))
    ),
    "in: start_datetime": lambda world: "ch_a" not in held(world, "hosted", "charges"),
    "in: formula": lambda world: (
        held(world, "console", "td_sample_table").keys() == {"old", "ch_a", "ch_b"}
    ),
    "in: end_datetime": lambda world: held(world, "hosted", "charges").keys() == {"ch_b"},
    "in: mode": lambda world: "old" not in held(world, "hosted", "charges"),
    "out: apikey": lambda world: is_loaded(world, "hosted"),
    "out: database": lambda world: "ch_b" in held(world, "hosted", "charges"),
    "out: table": lambda world: "ch_b" in held(world, "console", "td_sample_table"),
    "out: mode: append": lambda world: "old" in held(world, "console", "td_sample_table"),
    "out: mode: replace": lambda world: (
        held(world, "hosted", "charges").keys() == {"ch_b"}
        and world.account.table("hosted", "charges").columns[0].alias == "remark"
    ),
    "out: mode: merge": lambda world: held(world, "merged").keys() == set("abcd"),
    "out: auto_create_table": is_told_what_is_missing,
    "out: time_column": lambda world: (
        held(world, "console", "td_sample_table")["ch_b"]["time"] == START + 10
        and "created" in held(world, "console", "td_sample_table")["ch_b"]
    ),
    "out: time_value": lambda world: held(world, "time_2")["a"]["time"] == 1767225600,
    "filters: add_time": lambda world: held(world, "merged")["d"]["time"] == 14,
    "filters: to_column": lambda world: held(world, "merged")["d"]["time_"] == 99,
    "filters: from_column": lambda world: held(world, "merged")["d"]["time"] == 14,
    "filters: from_value": lambda world: (
        time.time() - 600 < held(world, "hosted", "charges")["ch_b"]["time"] <= time.time()
    ),
}


def test_every_option_of_the_plugins_is_in_the_document() -> None:
    told = {(row.section, row.option) for row in rows()}
    options = {(section, name) for section, names in OPTIONS.items() for name in names.split()}
    assert told == options


@pytest.mark.parametrize("row", [row for row in rows() if row.treatment == "works"], ids=str)
def test_what_the_document_says_works_does(world: World, row: Row) -> None:
    assert PROOFS[str(row)](world)


@pytest.mark.parametrize("row", [row for row in rows() if row.treatment == "not needed"], ids=str)
def test_what_the_document_says_is_not_needed_is_passed_over(world: World, row: Row) -> None:
    log = world.ended["hosted"].stderr
    assert is_loaded(world, "hosted")
    assert '"warning"' not in log
    (passed_over,) = [line for line in said(world, "hosted") if "passed over" in line]
    silent = row.section == "filters" or row.option == "type"
    assert silent or f"`{row.option}`" in passed_over


@pytest.mark.parametrize("row", [row for row in rows() if row.treatment == "refused"], ids=str)
def test_what_the_document_says_is_refused_is_with_a_sentence(world: World, row: Row) -> None:
    name = f"refused by {TAP if row.section == 'in' else TARGET}"
    assert world.ended[name].exit_code == 2
    sentences = [line for line in said(world, name) if f"`{row.option}`" in line]
    assert len(sentences) == 1
    assert re.search(r"(Remove|Use) ", sentences[0])


def test_every_row_of_the_document_is_one_of_the_three() -> None:
    assert {row.treatment for row in rows()} == {"works", "not needed", "refused"}


@pytest.mark.parametrize(
    ("database", "table"), [("hosted", "charges"), ("console", "td_sample_table")]
)
def test_a_column_that_the_hosted_connector_filled_gets_unix_seconds_still(
    world: World, database: str, table: str
) -> None:
    assert held(world, database, table)["ch_b"]["created"] == START + 10
    (column,) = [
        each for each in world.account.table(database, table).columns if each.key == "created"
    ]
    assert column.type == "long"


def test_the_document_tells_of_each_way_to_a_time() -> None:
    (text,) = re.findall(r"## Where `time` comes from\n(.*?)\n## ", DOCUMENT, re.DOTALL)
    told = re.findall(r"^\| (none|`time_.*?`)", text, re.MULTILINE)
    assert [each.strip("`") for each in told] == list(TIMES)


@pytest.mark.parametrize("number", range(len(TIMES)), ids=list(TIMES))
def test_rows_get_the_time_that_the_document_says(world: World, number: int) -> None:
    found = held(world, f"time_{number}")
    expected = list(TIMES.values())[number]
    times = [row["time"] for row in found.values()]
    assert times == expected if expected else len(set(times)) == 1
    assert number == 0 or [row["time_"] for row in found.values()] == [99] * 4


def test_the_first_file_and_its_commands_load_what_is_there_and_then_what_is_new(
    stripe: ChangingStripe, url: str, pair: Pair
) -> None:
    stripe.create("charge", id="ch_1", created=stripe.now - 9)
    stripe.advance(3600)
    (text,) = re.findall(r"```yaml\n# load.yml\n(.*?)```", DOCUMENT, re.DOTALL)
    export, load, next_load = re.findall(
        r"^(?:export|tap-stripe-td) .*?(?=     #|$)", DOCUMENT, re.MULTILINE
    )
    with served(FakeTreasureData()) as server:
        settings = yaml.safe_load(text.replace("us01", server.host))
        settings["in"] |= {
            "client_secret": stripe.key, "refresh_token": stripe.authorize("app"), "base_url": url,
        }  # fmt: skip
        (pair.folder / "load.yml").write_text(yaml.safe_dump(settings), encoding="utf-8")
        key = export.replace("1/…", MASTER)
        lines = [key, f"export XDG_STATE_HOME={pair.folder}", load, next_load]
        typed = pair.shell("set -e\n" + "\n".join(lines))
        assert typed.exit_code == 0, typed.stderr
        found = server.account.rows("td_sample_db", "td_sample_table")
        assert [row["id"] for row in found] == ["ch_1"]
        (printed,) = re.findall(r"^target-td-table .*--print-state(?= >)", DOCUMENT, re.MULTILINE)
        state = pair.shell(f"{key}\n{printed}")
    kept = (pair.folder / "state.json").read_text(encoding="utf-8").splitlines()
    assert state.stdout.decode().strip() == kept[-1]
