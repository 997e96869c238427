"""Whatever happened in the account, whenever a run died: the tables end as Stripe's truth."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from hypothesis import given, settings
from hypothesis import strategies as st

from stripe_sandbox.server import serve
from tests.fakes.changing_stripe import ChangingStripe
from tests.fakes.reading import Tap
from tests.target.world import DuckDbTables

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.fakes.messages import Message
    from tests.fakes.reading import Run

NOW = 1_790_000_000
HOUR = 3600
BATCH_ROWS = 50
LONGEST_LATE_SECONDS = 59
FORGOTTEN = 40 * 24 * HOUR
"""Stripe keeps events for 30 days."""
STREAMS = {"customers": "customer", "coupons": "coupon", "charges": "charge"}
FIELDS = {"customers": "name", "coupons": "name", "charges": "description"}
NEVER_DELETED = ("charges",)
API_VERSIONS = ("2022-11-15", "2024-06-20", "2025-03-31.basil", None)


@dataclass
class Story:
    """An account, and the tables that follow it in merge mode.

    Attributes:
        stripe: The account.
        tap: What reads it.
        tables: Where the target loads to.
        state: What the last load let out.
    """

    stripe: ChangingStripe
    tap: Tap
    tables: DuckDbTables
    state: Message | None = None

    def create(self, stream: str, late_seconds: int, version: str | None) -> None:
        self.stripe.create(
            STREAMS[stream], event_late_seconds=late_seconds, event_api_version=version
        )

    def change(self, stream: str, nth: int, late_seconds: int, version: str | None) -> None:
        kind = STREAMS[stream]
        for each in self._chosen(kind, nth):
            text = f"text {len(self.stripe.requests)}.{nth}.{late_seconds}"
            self.stripe.update(
                kind,
                each,
                event_late_seconds=late_seconds,
                event_api_version=version,
                **{FIELDS[stream]: text},  # type: ignore[arg-type]
            )

    def delete(self, stream: str, nth: int, late_seconds: int) -> None:
        kind = STREAMS[stream]
        for each in () if stream in NEVER_DELETED else self._chosen(kind, nth):
            self.stripe.delete(kind, each, event_late_seconds=late_seconds)

    def wait(self, seconds: int) -> None:
        self.stripe.advance(seconds)

    def run(self, dies_after: int | None = None) -> None:
        """Read and load; both may die after one of the states."""
        read = self.tap.read(*STREAMS, state=self.state, workers=3)
        assert read.failures == ()
        self.load(read.stdout if dies_after is None else cut_at_a_state(read, dies_after))

    def load(self, stdout: bytes) -> None:
        """Load what a tap wrote, and keep the last state that the target let out."""
        lines = stdout.splitlines(keepends=True)
        loaded = self.tables.load(
            *(line.decode() for line in lines), mode="merge", batch_size_rows=BATCH_ROWS
        )
        assert loaded.error is None
        self.state = loaded.states[-1] if loaded.states else self.state

    def _chosen(self, kind: str, nth: int) -> list[str]:
        there = self.stripe.objects(kind)
        return [str(there[nth % len(there)]["id"])] if there else []

    def truth(self, stream: str) -> list[tuple[Any, ...]]:
        """What Stripe has."""
        field = FIELDS[stream]
        return sorted((o["id"], o[field] or "") for o in self.stripe.objects(STREAMS[stream]))

    def loaded(self, stream: str) -> list[tuple[Any, ...]]:
        """What the table has."""
        return self.tables.rows(
            f"SELECT id, coalesce({FIELDS[stream]}, '') FROM {stream} "
            "WHERE _sdc_deleted_at IS NULL ORDER BY id"
        )


@contextmanager
def a_story() -> Iterator[Story]:
    stripe = ChangingStripe(NOW)
    stripe.bulk("customer", 130, NOW - HOUR, NOW - HOUR + 2)
    with serve(stripe) as url, TemporaryDirectory() as folder:
        yield Story(stripe, Tap(url, stripe.key), DuckDbTables(Path(folder, "stripe.duckdb")))


def cut_at_a_state(read: Run, nth: int) -> bytes:
    cuts = read.up_to_each_state()
    return cuts[nth % len(cuts)][0].stdout


streams = st.sampled_from(sorted(STREAMS))
some = st.integers(0, 50)
lateness = st.sampled_from([0, 0, 1, 30, LONGEST_LATE_SECONDS])
versions = st.sampled_from(API_VERSIONS)
happenings = st.one_of(
    st.tuples(st.just("create"), streams, lateness, versions),
    st.tuples(st.just("change"), streams, some, lateness, versions),
    st.tuples(st.just("change"), streams, some, lateness, versions),
    st.tuples(st.just("delete"), streams, some, lateness),
    st.tuples(st.just("wait"), st.sampled_from([1, 60, 61, 600, 90_000, FORGOTTEN])),
)
# Between two runs much may happen, and each may die.
chapters = st.tuples(st.lists(happenings, max_size=12), st.none() | st.integers(0, 100))


@settings(max_examples=20, deadline=None)
@given(st.lists(chapters, max_size=2))
def test_the_tables_end_as_stripes_truth(
    chapters: list[tuple[list[tuple[Any, ...]], int | None]],
) -> None:
    with a_story() as story:
        for happened, dies_after in chapters:
            for act, *details in happened:
                getattr(story, act)(*details)
            story.run(dies_after)
        story.wait(HOUR)
        story.run()

        for stream in STREAMS:
            assert story.loaded(stream) == story.truth(stream)


def test_what_was_deleted_before_a_killed_first_reading_begins_anew_is_marked() -> None:
    with a_story() as story:
        whole = story.tap.read("customers").stdout
        first_page = whole[: whole.index(b'{"type":"STATE"')]
        story.load(first_page)
        story.stripe.delete("customer", str(story.stripe.objects("customer")[0]["id"]))
        story.wait(HOUR)

        story.run()

        assert story.loaded("customers") == story.truth("customers")


def test_what_was_deleted_in_a_connected_account_is_marked_and_nothing_of_the_other() -> None:
    with a_story() as story:
        accounts = [story.stripe.connect(name) for name in ("acct_one", "acct_two")]
        for account in accounts:
            for nth in range(3):
                account.create("customer", id=f"cus_{nth}")
        story.wait(HOUR)
        read_accounts(story)
        accounts[0].delete("customer", "cus_1")
        story.wait(FORGOTTEN)

        read_accounts(story)

        assert story.tables.rows(
            "SELECT _account, id FROM customers WHERE _sdc_deleted_at IS NULL ORDER BY 1, 2"
        ) == [
            ("acct_one", "cus_0"),
            ("acct_one", "cus_2"),
            ("acct_two", "cus_0"),
            ("acct_two", "cus_1"),
            ("acct_two", "cus_2"),
        ]


def test_a_connected_account_that_is_read_anew_alone_marks_nothing_of_the_other() -> None:
    with a_story() as story:
        for name in ("acct_one", "acct_two"):
            story.stripe.connect(name).create("customer", id="cus_1")
        story.wait(HOUR)
        read_accounts(story)
        assert story.state is not None
        del story.state["accounts"]["acct_one"]

        read_accounts(story)

        assert story.tables.rows(
            "SELECT count(*) FROM customers WHERE _sdc_deleted_at IS NULL"
        ) == [(2,)]


def read_accounts(story: Story) -> None:
    read = story.tap.read("customers", state=story.state, account_ids=["acct_one", "acct_two"])
    story.load(read.stdout)


def test_what_was_deleted_while_events_were_forgotten_is_marked() -> None:
    with a_story() as story:
        story.run()
        story.stripe.delete("customer", str(story.stripe.objects("customer")[0]["id"]))
        story.wait(FORGOTTEN)

        story.run()

        assert story.loaded("customers") == story.truth("customers")
