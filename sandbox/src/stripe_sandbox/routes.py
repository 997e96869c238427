"""Find what a path means: a list, one object, or nothing that Stripe knows."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import Literal

from stripe_sandbox.endpoints import Endpoint, endpoints


@dataclass(frozen=True)
class Route:
    """What is asked for, and the name of the operation for Stripe's per-endpoint limits."""

    endpoint: Endpoint
    wants: Literal["list", "object"]
    parent: str | None = None
    identity: str | None = None

    @property
    def operation(self) -> str:
        """All ids of an endpoint share one budget."""
        return f"{self.endpoint.path} {self.wants}"


# Older paths that still answer: they list what another endpoint lists.
ALIASES = {"/v1/balance/history": "/v1/balance_transactions"}
# Children of an object that are listed elsewhere: path -> (list endpoint, filter).
FILTERED = {
    re.compile(r"/v1/charges/([^/]+)/refunds"): ("/v1/refunds", "charge"),
    re.compile(r"/v1/customers/([^/]+)/subscriptions"): ("/v1/subscriptions", "customer"),
}


@cache
def _patterns() -> tuple[tuple[re.Pattern[str], Endpoint], ...]:
    return tuple((endpoint.pattern, endpoint) for endpoint in endpoints())


@cache
def by_path() -> dict[str, Endpoint]:
    """Endpoints by path."""
    return {endpoint.path: endpoint for endpoint in endpoints()}


def find_route(path: str) -> Route | None:
    """The meaning of a path; `None` when the API has no such path."""
    path = ALIASES.get(path, path)
    for pattern, endpoint in _patterns():
        if found := pattern.fullmatch(path):
            return Route(endpoint, "list", parent=next(iter(found.groups()), None))
    collection, _, identity = path.rpartition("/")
    for pattern, endpoint in _patterns():
        if endpoint.retrieve and (found := pattern.fullmatch(collection)):
            parent = next(iter(found.groups()), None)
            return Route(endpoint, "object", parent=parent, identity=identity)
    return None


def filtered_list(path: str) -> tuple[str, str, str] | None:
    """For paths such as `/v1/charges/{id}/refunds`: the list, its filter and the filter's value."""
    for pattern, (target, name) in FILTERED.items():
        if found := pattern.fullmatch(path):
            return target, name, found.group(1)
    return None
