"""A state is let out when everything before it can be read, and not a moment earlier."""
# ruff: noqa: ARG002 -- the destination looks at little of what it is told

import json
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from target_td_table.batch import Batch
from target_td_table.blocks import Blocks
from target_td_table.config import parse
from target_td_table.errors import CutInputError
from target_td_table.load import Load
from target_td_table.loaders.base import Change, LoadRow, Staged
from target_td_table.modes import Mode
from target_td_table.publisher import Publisher
from target_td_table.rejects import Limit
from target_td_table.sinks import Sinks
from target_td_table.state import State
from target_td_table.table import Table, TableName
from tests.target.world import INTEGER, record, schema, state

STREAMS = ("charges", "events", "refunds")
# Blocks of the input: rows of some stream, or STATE.
STEPS = st.lists(st.sampled_from([*STREAMS, "STATE"]), min_size=1, max_size=12)
BLOCKS = st.lists(STEPS, max_size=8)


class Shelf:
    """A destination in memory."""

    def __init__(self) -> None:
        self.staged: set[int] = set()
        self.visible: set[int] = set()

    def describe(self, _: TableName) -> Mapping[str, str] | None:
        return None

    def plan(self, _: Table) -> Sequence[Change]:
        return []

    def alter(self, table: Table) -> None:
        pass

    def stage(self, batch: Batch, mode: Mode) -> Staged:
        self.staged |= {json.loads(line)["n"] for _, line in batch.records()}
        return Staged(batch.table, batch.rows, mode)

    def publish(
        self, staged: Sequence[Staged], state: State | None, loads: Sequence[LoadRow] = ()
    ) -> None:
        self.visible |= self.staged
        self.staged = set()

    def discard(self, tables: Sequence[Table], mode: Mode) -> None:
        self.staged = set()

    def states(self) -> Mapping[str, str]:
        return {}

    def other_pipelines(self, load: LoadRow) -> Sequence[str]:
        return []

    def close(self) -> None:
        pass


@settings(max_examples=200, deadline=None)
@given(
    run=BLOCKS,
    batch_size_rows=st.integers(1, 9),
    batch_bytes=st.sampled_from([1, 50, 200, 1 << 20]),
)
def test_when_a_state_goes_out_every_row_before_it_is_visible(
    run: list[list[str]], batch_size_rows: int, batch_bytes: int
) -> None:
    shelf = Shelf()

    def write(value: str) -> None:
        sent = json.loads(value)["sent"]
        assert shelf.visible >= set(range(1, sent + 1))
        let_out.append(sent)

    let_out: list[int] = []
    given = {"batch_size_rows": batch_size_rows, "batch_bytes": batch_bytes}
    with TemporaryDirectory() as folder:
        publisher = Publisher(shelf, "nightly", write)
        chosen = parse(given)
        sinks = Sinks(chosen, publisher, Path(folder))
        load = Load(chosen, publisher, sinks, Limit(None))
        parser = Blocks()
        for block in blocks(run):
            for messages in parser.parse(block):
                load.take(messages)
        with refused_if(is_cut(run)):
            load.finish()
        sinks.abandon()
        publisher.close()

    rows = [step for block in run for step in block if step != "STATE"]
    if not is_cut(run):
        assert shelf.visible == set(range(1, len(rows) + 1))
        assert bool(let_out) == any("STATE" in block for block in run)
    assert let_out == sorted(let_out)


def is_cut(run: list[list[str]]) -> bool:
    """Whether the tap is seen to have died: it began with a STATE and did not end with one."""
    steps = [step for block in run for step in block]
    return steps[:1] == ["STATE"] and steps[-1] != "STATE"


def refused_if(cut: bool) -> AbstractContextManager[object]:  # noqa: FBT001
    return pytest.raises(CutInputError) if cut else nullcontext()


def blocks(run: list[list[str]]) -> list[bytes]:
    """The input; row n of all streams has the number n, and a STATE tells how many there were."""
    found, sent = ["".join(schema(name, n=INTEGER, key=()) for name in STREAMS)], 0
    for block in run:
        lines = ""
        for step in block:
            sent += step != "STATE"
            lines += state(sent=sent) if step == "STATE" else record(step, n=sent)
        found.append(lines)
    return [each.encode() for each in found]
