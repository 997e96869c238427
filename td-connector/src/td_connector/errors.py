"""What can refuse a command, sorted by who must act; the exit code says it to programs."""

from __future__ import annotations

from typing import ClassVar


class ConnectorError(Exception):
    """A command that ends with a sentence: the other side refused."""

    exit_code: ClassVar[int] = 1


class UserError(ConnectorError):
    """The user must change something. All problems that were found, a line each."""

    exit_code = 2

    def __init__(self, *problems: str) -> None:
        self.problems = problems
        super().__init__("\n".join(problems))


class TryLaterError(ConnectorError):
    """The same command may do later what it cannot do now."""

    exit_code = 75
