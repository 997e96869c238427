"""Files for the programs of a load that have no name, and so cannot be left behind.

They hold keys. A file with a name would stay for good when td-connector is killed.
Decision: docs/decisions/0608-settings-go-in-files-without-a-name.md.
"""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    from types import TracebackType
    from typing import Self


class UnnamedFiles:
    """Open files that are gone when the last process that has them open ends."""

    def __init__(self) -> None:
        self._files: list[IO[str]] = []

    def add(self, text: str) -> Path:
        """Return the path by which a program that inherits `descriptors` reads this text, once."""
        # Open for longer than this function.
        file = TemporaryFile("w+", encoding="utf-8", prefix="td-connector-")  # noqa: SIM115
        self._files.append(file)
        file.write(text)
        # Where opening `/dev/fd` gives the same open file, as on macOS, it is read from here.
        file.seek(0)
        return Path(f"/dev/fd/{file.fileno()}")

    @property
    def descriptors(self) -> tuple[int, ...]:
        """What the programs have to inherit."""
        return tuple(file.fileno() for file in self._files)

    def __enter__(self) -> Self:
        """Nothing is written yet."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Close them here; the programs still have theirs."""
        for file in self._files:
            file.close()
