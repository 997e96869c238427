"""Treasure Data as a `Loader`."""

import contextlib
import hashlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import count

from target_td_table.batch import Batch
from target_td_table.errors import InputError, NoStateError, TargetError
from target_td_table.loaders.base import (
    Change,
    LoadRow,
    Staged,
    activations_of,
    tables_of,
)
from target_td_table.loaders.treasure_data.address import Address
from target_td_table.loaders.treasure_data.api import Api, Patience
from target_td_table.loaders.treasure_data.aside import Asides
from target_td_table.loaders.treasure_data.beside import BESIDE_BYTES, Packings
from target_td_table.loaders.treasure_data.calls import Calls
from target_td_table.loaders.treasure_data.catalog import Catalog
from target_td_table.loaders.treasure_data.filling import UPLOADS_AT_A_TIME, Filling
from target_td_table.loaders.treasure_data.journal import Commit, Journal, Pending, Renaming
from target_td_table.loaders.treasure_data.parts import PART_BYTES
from target_td_table.loaders.treasure_data.refusal import (
    STATES,
    AwayError,
    RefusedError,
    not_created,
    told,
    warn_of_the_rest,
)
from target_td_table.loaders.treasure_data.schema import fitted_table_name, key_names
from target_td_table.loaders.treasure_data.session import Session
from target_td_table.loaders.treasure_data.staging import Staging, Stagings, check
from target_td_table.modes import Mode
from target_td_table.state import State
from target_td_table.table import Table, TableName
from target_td_table.time_value import TimeValue

# An account can have 2448 sessions.
_MOST_KEPT_SESSIONS = 100
_DEFAULT_PATIENCE = Patience()


class TreasureDataLoader:
    """Tables in one database of Treasure Data."""

    def __init__(  # noqa: PLR0913 -- patience and sizes are for tests
        self,
        address: Address,
        key: str,
        *,
        pipeline: str,
        patience: Patience = _DEFAULT_PATIENCE,
        part_bytes: int = PART_BYTES,
        beside_bytes: int = BESIDE_BYTES,
        tries_first: bool = False,
        time_value: TimeValue | None = None,
    ) -> None:
        """With `tries_first` a batch that is refused leaves those before it staged.

        A `time_value` fills the partitioning key, whatever fields there are.
        """
        self._calls = Calls(Api(address.endpoint, key, patience), address.database)
        self._catalog = Catalog(self._calls, frees_time=time_value is not None)
        self._journal = Journal(self._calls, pipeline)
        self._pipeline = pipeline
        self._packings = Packings(beside_bytes)
        self._stagings = Stagings(
            part_bytes=part_bytes, time_value=time_value or TimeValue(), packings=self._packings
        )
        self._uploads = ThreadPoolExecutor(UPLOADS_AT_A_TIME, thread_name_prefix="upload")
        self._tries_first = tries_first
        self._has_begun = False
        self._is_away = False
        self._asides = Asides(self._calls, self._catalog, pipeline)
        # Sessions that did their work.
        self._done: list[str] = []
        self._seen: Counter[str] = Counter()

    def describe(self, name: TableName) -> Mapping[str, str] | None:
        """See `Loader`."""
        with self._told(f"look at `{name}`"):
            return self._catalog.describe(name)

    def plan(self, table: Table) -> Sequence[Change]:
        """See `Loader`."""
        with self._told(f"look at `{table.name}`"):
            return self._catalog.plan(table)

    def alter(self, table: Table) -> None:
        """See `Loader`. The table is made now, empty; columns come with the publication."""
        with self._told(f"create `{table.name}`"):
            self._begin()
            if self._catalog.shown(table.name) is None:
                self._create(fitted_table_name(table.name))
            self._catalog.want(table)

    def stage(self, batch: Batch, mode: Mode) -> Staged:
        """See `Loader`."""
        with self._told(f"{mode} rows of `{batch.table.name}`"):
            self._begin()
            if mode is not Mode.APPEND:
                self._asides.of(batch.table.name)
            placed = self._catalog.placed(batch.table)
            types = {each.key: each.type for each in self._catalog.columns(batch.table.name)}
        if self._tries_first:
            check(batch, placed, types)
        staging = self._stagings.opened(placed, mode, partial(self._filling, placed, mode))
        with self._told(f"{mode} rows of `{batch.table.name}`"):
            try:
                staging.add(batch, placed, types)
            except InputError:
                self._stagings.take(staging).abandon()
                raise
        return Staged(batch.table, batch.rows, mode)

    def publish(
        self, staged: Sequence[Staged], state: State | None, loads: Sequence[LoadRow] = ()
    ) -> None:
        """See `Loader`. One row of `_td_state` decides; all that is before it can be repeated."""
        lasts = {
            (fitted_table_name(table.name), mode): Staged(table, 0, mode)
            for table, mode in tables_of(staged)
        }
        names = ", ".join(sorted({f"`{each.table.name}`" for each in lasts.values()}))
        modes = " and ".join(sorted({str(each.mode) for each in lasts.values()})) or "append"
        with self._told(f"{modes} rows of {names or 'no table'}"):
            self._begin()
            commits = [commit for last in lasts.values() for commit in self._ready(last, state)]
            # Before the commit: else columns would be guessed from the first rows.
            self._change_schemas()
            renamings = [
                each for last in lasts.values() for each in self._filled_aside(last, staged)
            ]
            pending = Pending(commits, renamings)
            # What may be decided must be there for whoever carries it out: whatever comes now,
            # even no answer to the decision, none of it is given up.
            asides = [self._asides.take(each.target) for each in pending.renamings]
            for staging in self._stagings:
                self._stagings.take(staging).remove()
            if state is not None:
                self._journal.decide(state, pending)
            pending.carry_out(self._calls)
            self._done += [commit.session for commit in pending.commits]
            self._catalog.forget()
        with self._published():
            self._journal.keep_loads(loads)
            for aside in asides:
                aside.forget()
            self._forget_sessions(keep=_MOST_KEPT_SESSIONS)

    def discard(self, tables: Sequence[Table], mode: Mode) -> None:
        """See `Loader`."""
        names = {fitted_table_name(table.name) for table in tables}
        for staging in self._stagings:
            if staging.mode is mode and (mode is Mode.APPEND or staging.table.name.table in names):
                self._stagings.take(staging).abandon()

    def states(self) -> Mapping[str, str]:
        """See `Loader`. Carries out first what a killed load had decided."""
        doing = "read the state"
        with self._told(doing):
            try:
                return self._journal.states()
            except RefusedError as refusal:
                if refusal.status != 403:
                    raise
                raise NoStateError([str(told(refusal, doing, STATES))]) from refusal

    def other_pipelines(self, load: LoadRow) -> Sequence[str]:
        """See `Loader`."""
        with self._told("read the loads"):
            return self._journal.other_pipelines(load)

    def close(self) -> None:
        """See `Loader`. Sessions that did their work are forgotten: their state is out."""
        stagings = [self._stagings.take(staging) for staging in self._stagings]
        for staging in stagings:
            staging.remove()
        # Else the server would be asked for minutes, in vain.
        if not self._is_away:
            with contextlib.suppress(RefusedError, TargetError):
                self._give_up(stagings)
        self._uploads.shutdown(cancel_futures=True)
        self._stagings.close()

    def _give_up(self, stagings: Sequence[Staging]) -> None:
        for staging in stagings:
            staging.abandon()
        self._asides.clear()
        # Once the sessions are forgotten, only this tells that they were committed.
        self._journal.settle()
        self._forget_sessions(keep=0)

    @contextlib.contextmanager
    def _told(self, doing: str) -> Iterator[None]:
        try:
            yield
        except RefusedError as refusal:
            raise told(refusal, doing) from refusal
        except AwayError:
            self._is_away = True
            raise

    @contextlib.contextmanager
    def _published(self) -> Iterator[None]:
        """What fails here comes after a publication, whose state it must not keep back."""
        try:
            yield
        except (RefusedError, TargetError) as error:
            self._is_away |= isinstance(error, AwayError)
            warn_of_the_rest(error)

    def _create(self, name: str) -> None:
        try:
            self._calls.create_table(name)
        except RefusedError as refusal:
            raise not_created(refusal, self._calls.database, name) from refusal
        self._catalog.forget()

    def _begin(self) -> None:
        if not self._has_begun:
            self._done += self._journal.recover()
            self._has_begun = True

    def _filling(self, placed: Table, mode: Mode, first: bytes) -> Filling:
        """Begin to fill a session with rows of which this is the first record."""
        if mode is Mode.APPEND:
            sessions = self._sessions(placed, first)
        else:
            sessions = self._asides.of(placed.name).sessions(mode, key_names(placed))
        return Filling(sessions, self._uploads)

    def _sessions(self, placed: Table, first: bytes) -> Iterator[Session]:
        """The sessions that a load finds again whose rows begin alike."""
        table = placed.name.table
        for number in count():
            mark = self._mark(table, first.hex(), str(number))
            name = f"target_td_table_{table[:60]}_{mark}"
            yield Session(self._calls, name, table, key_names(placed))

    def _ready(self, last: Staged, state: State | None) -> Iterator[Commit]:
        """Bring appended rows to the point where only the commit is missing."""
        staging = self._staging_of(last)
        if staging and last.mode is Mode.APPEND:
            table = staging.table.name.table
            mark = self._mark(table, staging.content(), state.value if state else "")
            # The same rows before the same state: that they come twice in one load is meant so.
            self._seen[mark] += 1
            session = staging.finish(self._mark(mark, str(self._seen[mark])))
            if session:
                yield Commit(session.name, table)

    def _mark(self, *parts: str) -> str:
        every = "\0".join([self._pipeline, self._calls.database, *parts])
        return hashlib.sha256(every.encode()).hexdigest()[:32]

    def _filled_aside(self, last: Staged, staged: Sequence[Staged]) -> Iterator[Renaming]:
        """Fill the table that is to take the target's place."""
        staging = self._staging_of(last)
        if last.mode is Mode.REPLACE:
            rows = staging.finish("") if staging else None
            yield self._asides.of(last.table.name).replaced(rows)
        elif last.mode is Mode.MERGE:
            name = fitted_table_name(last.table.name)
            ends = [
                each
                for table, each in activations_of(staged)
                if fitted_table_name(table.name) == name
            ]
            if staging or ends:
                table = self._catalog.placed(last.table)
                rows = staging.finish("") if staging else None
                yield self._asides.of(last.table.name).merged(table, rows, ends)

    def _staging_of(self, last: Staged) -> Staging | None:
        return self._stagings.of(fitted_table_name(last.table.name), last.mode)

    def _change_schemas(self) -> None:
        for name in self._catalog.wanted():
            at = TableName(self._calls.database, name)
            added = self._catalog.added(at)
            if self._catalog.is_widened(at):
                self._calls.update_schema(name, self._catalog.kept(at))
            if added:
                self._calls.append_schema(name, added)
        self._catalog.forget()

    def _forget_sessions(self, *, keep: int) -> None:
        while len(self._done) > keep:
            self._calls.delete_session(self._done.pop(0))
