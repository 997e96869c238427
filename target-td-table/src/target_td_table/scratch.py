"""A folder for batches that goes away with the program, however the program ends."""

import contextlib
import fcntl
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO

_PREFIX = "target-td-table-"
_LOCK = "lock"


@contextlib.contextmanager
def folder() -> Iterator[Path]:
    """A folder under TMPDIR. Those that killed loads left behind are removed on the way."""
    _sweep(Path(tempfile.gettempdir()))
    path, lock = _locked()
    with lock:
        try:
            yield path
        finally:
            shutil.rmtree(path, ignore_errors=True)


def _locked() -> tuple[Path, IO[str]]:
    """A new folder, and the open file with the lock that keeps it from being swept."""
    while True:
        path = Path(tempfile.mkdtemp(prefix=_PREFIX))
        lock = (path / _LOCK).open("w")
        fcntl.flock(lock, fcntl.LOCK_EX)
        # Another program may have taken the lock before we did, and swept the folder.
        if (path / _LOCK).exists():
            return path, lock
        lock.close()


def _sweep(parent: Path) -> None:
    """Remove the folders whose lock nobody holds: their program is gone."""
    for path in parent.glob(f"{_PREFIX}*"):
        # Another user's folder, or one whose lock is just being made, is none of ours.
        with contextlib.suppress(OSError), (path / _LOCK).open("r+") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(path, ignore_errors=True)
