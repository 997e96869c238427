"""What the tests of several folders need; its servers are imported by the tests that use them."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.target.postgres_server import PostgresTables, Server


def pytest_configure() -> None:
    """Let programs hear a Ctrl-C that tests send them.

    What a shell starts in its background ignores it, and so would all that starts from there.
    """
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[Server]:
    from tests.target.postgres_server import running

    with running() as server:
        yield server


@pytest.fixture
def postgres(postgres_server: Server) -> Iterator[PostgresTables]:
    """An empty database on a real server."""
    with postgres_server.database() as found:
        yield found
