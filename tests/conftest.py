"""What the tests of several folders need; its servers are imported by the tests that use them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.target.postgres_server import PostgresTables, Server


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
