"""Which stores are opened, which refused, and who must act."""

from __future__ import annotations

import stat
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text

from td_connector.errors import TryLaterError, UserError
from td_connector.load import Load
from td_connector.schedule import Schedule
from td_connector.store import schedules
from td_connector.store.database import Store, open_store

if TYPE_CHECKING:
    from pathlib import Path


def daily(store: Store) -> Schedule:
    made = Schedule(0, "daily", "@daily", "UTC", 0, Load("/"), "daily-1")
    return schedules.create(store, made)


def test_a_store_of_a_newer_release_is_refused(store: Store, store_url: str) -> None:
    with store.transaction() as connection:
        connection.execute(text("UPDATE td_store SET version = 99"))

    with pytest.raises(UserError, match="made by a newer td-connector"):
        open_store(store_url)


@pytest.mark.parametrize("change", ["UPDATE td_store SET version = 0", "DELETE FROM td_store"])
def test_a_store_of_no_release_that_is_known_is_refused_and_left_as_it_is(
    store: Store, store_url: str, change: str
) -> None:
    schedule = daily(store)
    execute(store, change)

    with pytest.raises(UserError, match="by no td-connector that this one knows"):
        open_store(store_url)
    assert schedules.find(store, "daily") == schedule


def test_a_file_that_is_no_store_is_refused_and_left_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "load.yml"
    path.write_text("in: {type: stripe, target: charge}\n" * 100)

    with pytest.raises(UserError, match=r"not a database. Name another file with `--store`"):
        open_store(f"sqlite:///{path}")
    assert path.read_text().startswith("in: ")


def execute(store: Store, *statements: str) -> None:
    with store.transaction() as connection:
        for statement in statements:
            connection.execute(text(statement))


def test_a_store_that_takes_no_writes_must_be_changed_by_the_user(
    store: Store, store_url: str
) -> None:
    read_only = "PRAGMA query_only = 1" if "sqlite" in store_url else "SET TRANSACTION READ ONLY"

    with pytest.raises(UserError, match=r"cannot be used now: .* Name"):
        execute(store, read_only, "UPDATE td_store SET version = 3")


def test_a_full_disk_is_told_and_what_was_stored_is_there_when_it_has_room(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'connector.db'}"
    full = open_store(url)
    schedule = daily(full)

    with pytest.raises(TryLaterError, match=r"disk is full\. Make room on its disk and try again"):
        execute(full, "PRAGMA max_page_count = 1", "UPDATE td_schedules SET state = zeroblob(1e6)")
    full.close()

    again = open_store(url)
    assert schedules.find(again, "daily") == schedule
    again.close()


def test_many_may_create_the_store_at_the_same_time(store_url: str) -> None:
    with ThreadPoolExecutor(6) as pool:
        opened = list(pool.map(open_store, [store_url] * 6))

    assert {store.shown_url for store in opened} == {opened[0].shown_url}
    for store in opened:
        store.close()


def test_only_its_owner_can_read_a_store_file_and_git_does_not_see_it(tmp_path: Path) -> None:
    path = tmp_path / ".td" / "connector.db"

    open_store(f"sqlite:///{path}").close()

    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert (path.parent / ".gitignore").read_text() == "*\n"


def test_a_folder_that_was_named_and_is_not_there_is_told_and_not_created(tmp_path: Path) -> None:
    folder = tmp_path / "no" / "dir"
    told = f"The folder `{folder}` of the store `{folder}/x.db` does not exist. Create it"

    with pytest.raises(UserError, match=told):
        open_store(f"sqlite:///{folder}/x.db")

    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("mysql://x/y", "There is no store for `mysql://`"),
        ("stripe.db", "The store is no URL"),
        ("sqlite://", "A store in memory would be gone"),
        ("sqlite:////proc/no.db", "cannot be created"),
        ("sqlite:////proc/none/.td/x.db", "cannot be created: No such file or directory"),
    ],
)
def test_what_is_no_store_is_refused_with_what_to_use(url: str, sentence: str) -> None:
    with pytest.raises(UserError, match=sentence):
        open_store(url)


def test_a_store_that_is_away_may_be_back_later_and_its_password_is_not_told() -> None:
    with pytest.raises(TryLaterError, match="cannot be used now") as refusal:
        open_store("postgresql://me:hunter2@127.0.0.1:1/x")

    assert "`postgresql://me:***@127.0.0.1:1/x`" in str(refusal.value)
