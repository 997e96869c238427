"""One bulk import session, from any state it may be found in to the next.

A session is looked at before each step, so whoever comes second, after a crash or an answer that
was lost, goes on where the first one stopped.
https://docs.treasuredata.com/articles/pd/bulk-import-internals: uploading, performing, ready,
committing, committed. A perform or a commit that fails leads back.
"""

import time
from collections.abc import Collection, Iterator, Sequence

from target_td_table.errors import BusyError, DestinationError, InputError
from target_td_table.loaders.treasure_data.api import Patience
from target_td_table.loaders.treasure_data.calls import Calls, ShownSession
from target_td_table.loaders.treasure_data.error_records import readable
from target_td_table.loaders.treasure_data.parts import Part, end_of
from target_td_table.loaders.treasure_data.refusal import (
    AwayError,
    LostSessionError,
    RefusedError,
)

UPLOADING, PERFORMING, READY = "uploading", "performing", "ready"
COMMITTING, COMMITTED = "committing", "committed"
_TRIES = 3
_LOOK = (
    "An earlier load committed it, and Treasure Data does not list its parts, so nobody can tell "
    "whether they are these rows. Look for them. If they are missing, delete the session and run "
    "again; if they are there, run from the state after them."
)


class Session:
    """A session of one name that loads one table; `key` are the columns that name a record."""

    def __init__(self, calls: Calls, name: str, table: str, key: Sequence[str] = ()) -> None:
        self._calls = calls
        self.name = name
        self.table = table
        self._key = key
        # Whether it is open for parts, and which were in it when this load opened it.
        self.takes_parts = False
        self._found: frozenset[str] = frozenset()

    def open(self) -> None:
        """Make the session, or find what an earlier load left of it.

        Raises:
            LostSessionError: If it was committed and the server does not say what was in it.
        """
        if self._calls.create_session(self.name, self.table):
            self.takes_parts = True
            return
        shown = self._calls.show_session(self.name)
        if shown is None:
            raise BusyError(self._is_disturbed())
        self.takes_parts = shown.status == UPLOADING and not shown.is_frozen
        self._found = frozenset(self._calls.parts(self.name))
        if shown.status in (COMMITTING, COMMITTED) and not self.holds():
            raise LostSessionError(self.name, self.table, _LOOK)

    def holds(self, mark: str | None = None) -> bool:
        """Whether it was filled to the end, with what has this mark."""
        return any(name.startswith(end_of(mark)) for name in self._found)

    def upload(self, part: Part) -> None:
        """Bring a part to the server, if it is not there."""
        if part.name in self._found:
            return
        try:
            self._calls.upload(self.name, part.name, part.path.read_bytes())
        except RefusedError as refusal:
            if refusal.status not in (404, 409):
                raise
            raise BusyError(self._is_disturbed()) from refusal

    def prepare(self, names: Collection[str]) -> None:
        """Let the server check the parts, which have these names; ready, or committed already.

        Raises:
            InputError: If the server cannot load some of the records.
            DestinationError: If the server fails again and again.
            BusyError: If other parts came into it.
        """
        for _ in range(_TRIES):
            shown = self._settled()
            if shown.status != UPLOADING:
                break
            if not shown.is_frozen:
                self._freeze(names)
            self._calls.step("perform", self.name)
        else:
            shown = self._settled()
        if shown.status not in (READY, COMMITTED):
            raise DestinationError(
                f"Treasure Data could not perform the bulk import session `{self.name}` for "
                f"`{self.table}` (job {shown.job_id}), tried {_TRIES} times. Nothing of it was "
                "committed. Look at the job in the console, and run again."
            )
        self._refuse_errors(shown)

    def commit(self) -> None:
        """Make the rows visible, if they are not.

        Raises:
            DestinationError: If the server fails again and again.
        """
        for _ in range(_TRIES):
            if self._settled().status == COMMITTED:
                return
            self._calls.step("commit", self.name)
        if self._settled().status != COMMITTED:
            raise DestinationError(
                f"Treasure Data could not commit the bulk import session `{self.name}` for "
                f"`{self.table}`, tried {_TRIES} times. Run again from the last state: it goes on "
                "with this session."
            )

    def delete(self) -> None:
        """Forget the session; one that the server works on is waited for."""
        for _ in looks(self._calls.api.patience):
            if self._calls.delete_session(self.name):
                return

    def _freeze(self, names: Collection[str]) -> None:
        """Let no more parts come, and look whether exactly these did."""
        if self.takes_parts:
            # Of an earlier load that cut its parts elsewhere.
            for name in sorted(self._found - set(names)):
                self._calls.delete_part(self.name, name)
        self._calls.step("freeze", self.name)
        if self.takes_parts and set(self._calls.parts(self.name)) != set(names):
            raise BusyError(self._is_disturbed())

    def _is_disturbed(self) -> str:
        return (
            f"Another load of this pipeline fills the bulk import session `{self.name}` for "
            f"`{self.table}` with the same rows. Nothing of it was committed here. Let one load of "
            "a pipeline run at a time, and run again from the last state."
        )

    def _settled(self) -> ShownSession:
        """How the session is when the server does not work on it."""
        for _ in looks(self._calls.api.patience):
            shown = self._calls.show_session(self.name)
            if shown is None:
                break
            if not self._is_busy(shown):
                return shown
        raise AwayError(
            f"The bulk import session `{self.name}` is gone or does not end. Run again later from "
            "the last state."
        )

    def _is_busy(self, shown: ShownSession | None) -> bool:
        return shown is not None and shown.status in (PERFORMING, COMMITTING)

    def _refuse_errors(self, shown: ShownSession) -> None:
        if not shown.error_records and not shown.error_parts:
            return
        named = readable(self._calls.error_records(self.name), self._key)
        self._calls.delete_session(self.name)
        raise InputError(
            f"Treasure Data cannot load {shown.error_records} records and {shown.error_parts} "
            f"parts of `{self.table}`. Nothing was committed. The first of them: {named}. "
            "Correct the data or the tap's schema."
        )


def looks(patience: Patience) -> Iterator[None]:
    """Yield at once, then after growing pauses, as long as there is patience."""
    yield
    pause, end = patience.look_seconds, time.monotonic() + patience.job_seconds
    while time.monotonic() < end:
        time.sleep(pause)
        yield
        pause = min(pause * 1.5, patience.longest_look_seconds)
