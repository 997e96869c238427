"""What the tests of several folders need."""

from collections.abc import Iterator

import pytest

from tests.target.postgres_server import PostgresTables, Server, running


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[Server]:
    with running() as server:
        yield server


@pytest.fixture
def postgres(postgres_server: Server) -> Iterator[PostgresTables]:
    """An empty database on a real server."""
    with postgres_server.database() as found:
        yield found
