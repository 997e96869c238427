"""Something of every kind, so that no list of the API is empty."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stripe_sandbox.endpoints import Endpoint, endpoints
from stripe_sandbox.owners import UNLISTED, owner_kind
from stripe_sandbox.shapes import shape

if TYPE_CHECKING:
    from stripe_sandbox.growth import Growth


def add_the_rest(growth: Growth) -> None:
    """Two objects of every listed kind that the story above did not make, and one child of each."""
    for endpoint in endpoints():
        kind = endpoint.object[0]
        shelf = growth.account.ledger.shelves.shelf(kind)
        if not endpoint.nested and not endpoint.required and kind != "event" and not shelf.keys:
            for _ in range(2):
                growth.create(kind, **_made_at(growth))
    for _ in range(2):
        growth.create("account", **_made_at(growth))
    for kind in UNLISTED.values():
        growth.create(kind, **_made_at(growth))
    for endpoint in endpoints():
        if (owner := owner_kind(endpoint)) is not None:
            _children(growth, endpoint, owner)


def _made_at(growth: Growth) -> dict[str, object]:
    return {"at": growth.moment()}


def _children(growth: Growth, endpoint: Endpoint, owner_kind: str) -> None:
    """Three children for the newest object that can have them, unless it has some."""
    shelves = growth.account.ledger.shelves
    kind, shelf = endpoint.object[0], shelves.shelf(owner_kind)
    owner = shelf.row(shelf.keys[-1]).identity
    if shelves.where([kind], "parent", owner) or (endpoint.required and shelves.shelf(kind).keys):
        return
    named = endpoint.required[:1] if endpoint.required[:1] != ("customer",) else ()
    belongs = {name: owner for name in named if name in shape(kind)} or {"inside": owner}
    for _ in range(3):
        growth.create(kind, **belongs, **_made_at(growth))
