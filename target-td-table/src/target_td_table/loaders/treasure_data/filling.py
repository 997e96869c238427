"""Parts on their way into a bulk import session, while rows still come.

Decision: docs/decisions/0506-sessions-are-named-by-their-first-record.md.
"""

from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait

from target_td_table.loaders.treasure_data.parts import Part
from target_td_table.loaders.treasure_data.session import Session

UPLOADS_AT_A_TIME = 4
# So many parts may be on disk beside those that are being uploaded; then the rows wait.
_MOST_WAITING = 4


class Filling:
    """Brings parts into the first of some sessions that can take them.

    A session that cannot, because an earlier load went further with it, holds these very rows or
    others, which is known only at their end. Until then the parts wait on disk.
    """

    def __init__(self, sessions: Iterator[Session], threads: ThreadPoolExecutor) -> None:
        """The first session is opened."""
        self._sessions = sessions
        self._threads = threads
        self._session = next(sessions)
        self._session.open()
        self._parts: list[Part] = []
        self._uploads: list[Future[None]] = []

    def add(self, part: Part) -> None:
        """Take a part; waits when too many do."""
        self._parts.append(part)
        if self._session.takes_parts:
            self._start(part)

    def finish(self, mark: str) -> Session:
        """The session that holds all these rows and nothing else: ready, or committed already.

        Raises:
            InputError: If the server cannot load some of the records.
            DestinationError: If the server fails again and again.
            BusyError: If another load fills the same session.
        """
        while not self._session.takes_parts and not self._session.holds(mark):
            self._session = next(self._sessions)
            self._session.open()
            if self._session.takes_parts:
                for part in self._parts:
                    self._start(part)
        self._settle(0)
        self._session.prepare({part.name for part in self._parts})
        return self._session

    def abandon(self) -> None:
        """Forget the rows. A session that an earlier load may have decided about stays."""
        for upload in self._uploads:
            upload.cancel()
        wait(self._uploads)
        self.remove()
        if self._session.takes_parts:
            self._session.delete()

    def remove(self) -> None:
        """Give the disk space back."""
        for part in self._parts:
            part.path.unlink(missing_ok=True)

    def _start(self, part: Part) -> None:
        self._settle(UPLOADS_AT_A_TIME + _MOST_WAITING)
        self._uploads.append(self._threads.submit(self._upload, part))

    def _upload(self, part: Part) -> None:
        self._session.upload(part)
        part.path.unlink()

    def _settle(self, most: int) -> None:
        """Wait until at most so many uploads are not done; raises what one of them raised."""
        while True:
            done = [upload for upload in self._uploads if upload.done()]
            self._uploads = [upload for upload in self._uploads if upload not in done]
            for upload in done:
                upload.result()
            if len(self._uploads) <= most:
                return
            wait(self._uploads, return_when=FIRST_COMPLETED)
