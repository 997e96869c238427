"""Keep a world in a JSON file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stripe_sandbox.keys import Access
from stripe_sandbox.ledger import Ledger
from stripe_sandbox.shelf import Row
from stripe_sandbox.world import FakeStripe

if TYPE_CHECKING:
    from stripe_sandbox.shelves import Shelves

FORMAT = 1


def save(fake: FakeStripe, path: str | Path) -> None:
    """Write the world to a file, all or nothing. Faults, limits and the request log are not kept."""
    with fake.lock:
        world = {
            "format": FORMAT,
            "account": fake.ledger.account,
            "clock": [fake.clock.fixed, fake.clock.ahead],
            "keys": [_access(access) for access in fake.keys.values()],
            "ledgers": {name: _ledger(ledger) for name, ledger in fake.ledgers.items()},
        }
    target = Path(path)
    unfinished = target.with_name(target.name + ".unfinished")
    unfinished.write_text(json.dumps(world, ensure_ascii=False), encoding="utf-8")
    unfinished.replace(target)


def load(path: str | Path) -> FakeStripe:
    """The world that `save` wrote.

    Raises:
        ValueError: If the file was written by another version of the sandbox.
    """
    world = json.loads(Path(path).read_text(encoding="utf-8"))
    if world.get("format") != FORMAT:
        raise ValueError(f"{path} is not a sandbox of this version. Delete it to start a new one.")
    fake = FakeStripe(world["clock"][0], account=world["account"])
    fake.clock.ahead = world["clock"][1]
    for name, stored in world["ledgers"].items():
        ledger = Ledger(name, fake.clock.now, event_api_version=stored["event_api_version"])
        _fill(ledger.shelves, stored)
        fake.ledgers[name] = ledger
    fake.ledger = fake.ledgers[world["account"]]
    fake.keys = {row[0]: _opened(*row) for row in world["keys"]}
    return fake


def _access(access: Access) -> list[Any]:
    permissions = None if access.permissions is None else sorted(access.permissions)
    return [access.key, access.account, permissions, access.expires_at]


def _opened(
    key: str, account: str, permissions: list[str] | None, expires_at: int | None
) -> Access:
    granted = None if permissions is None else frozenset(permissions)
    return Access(key, account, granted, expires_at)


def _ledger(ledger: Ledger) -> dict[str, Any]:
    shelves = ledger.shelves
    rows = [
        [row.kind, row.identity, row.key, row.text, row.parent, row.visible_at, row.listed]
        for shelf in shelves.by_kind.values()
        for row in shelf.rows.values()
    ]
    return {
        "event_api_version": ledger.event_api_version,
        "sequence": shelves.sequence,
        "deleted": shelves.deleted,
        "rows": rows,
    }


def _fill(shelves: Shelves, stored: dict[str, Any]) -> None:
    shelves.sequence = stored["sequence"]
    for row in stored["rows"]:
        shelves.put(Row(*row))
    shelves.deleted.update(stored["deleted"])
