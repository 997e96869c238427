"""One bulk import session, from any state it may be found in to the next.

A session is looked at before each step, so whoever comes second, after a crash or an answer that
was lost, goes on where the first one stopped.
https://docs.treasuredata.com/articles/pd/bulk-import-internals: uploading, performing, ready,
committing, committed. A perform or a commit that fails leads back.
"""

import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

from target_td_table.errors import BusyError, DestinationError, InputError
from target_td_table.loaders.treasure_data.api import Patience
from target_td_table.loaders.treasure_data.calls import Calls, ShownSession
from target_td_table.loaders.treasure_data.error_records import readable
from target_td_table.loaders.treasure_data.parts import Part

UPLOADING, PERFORMING, READY = "uploading", "performing", "ready"
COMMITTING, COMMITTED = "committing", "committed"
_UPLOADS_AT_A_TIME = 4
_TRIES = 3


class Session:
    """A session of one name that loads one table."""

    def __init__(self, calls: Calls, name: str, table: str) -> None:
        self._calls = calls
        self.name = name
        self.table = table

    def prepare(self, parts: Sequence[Part]) -> None:
        """Bring the parts to the server and let it check them; ready, or committed already.

        Raises:
            InputError: If the server cannot load some of the records.
            DestinationError: If the server fails again and again.
        """
        self._calls.create_session(self.name, self.table)
        for _ in range(_TRIES):
            shown = self._settled()
            if shown.status != UPLOADING:
                break
            if not shown.is_frozen:
                self._upload(parts)
                self._calls.step("freeze", self.name)
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

    def _upload(self, parts: Sequence[Part]) -> None:
        """Upload what is missing; a part of an earlier try that is none of these goes away."""
        wanted = {part.name for part in parts}
        there = set(self._calls.parts(self.name))
        for name in sorted(there - wanted):
            self._calls.delete_part(self.name, name)
        missing = [part for part in parts if part.name not in there]
        with ThreadPoolExecutor(_UPLOADS_AT_A_TIME, thread_name_prefix="upload") as threads:
            list(threads.map(self._upload_part, missing))

    def _upload_part(self, part: Part) -> None:
        self._calls.upload(self.name, part.name, part.path.read_bytes())

    def _settled(self) -> ShownSession:
        """How the session is when the server does not work on it."""
        for _ in looks(self._calls.api.patience):
            shown = self._calls.show_session(self.name)
            if shown is None:
                break
            if not self._is_busy(shown):
                return shown
        raise BusyError(
            f"The bulk import session `{self.name}` is gone or does not end. Run again later from "
            "the last state."
        )

    def _is_busy(self, shown: ShownSession | None) -> bool:
        return shown is not None and shown.status in (PERFORMING, COMMITTING)

    def _refuse_errors(self, shown: ShownSession) -> None:
        if not shown.error_records and not shown.error_parts:
            return
        quoted = readable(self._calls.error_records(self.name))
        self._calls.delete_session(self.name)
        raise InputError(
            f"Treasure Data cannot load {shown.error_records} records and {shown.error_parts} "
            f"parts of `{self.table}`. Nothing was committed. The first records: {quoted}. "
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
