"""What Stripe's API offers: list endpoints with their parameters, and the events of each kind.

The facts are data in `facts/`; this module gives them types.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Literal

API_VERSION = "2026-10-28.endive"


def fact_file(name: str) -> Any:
    """The parsed JSON file of that name in `facts/`."""
    return json.loads((files("stripe_sandbox") / "facts" / name).read_text(encoding="utf-8"))


@dataclass(frozen=True)
class Endpoint:
    """A list endpoint, e.g. `/v1/invoices/{id}/lines`."""

    path: str
    object: tuple[str, ...]
    paging: Literal["both", "sa", "none"]
    created: Literal["range", "after_before", "none"]
    filters: tuple[str, ...]
    required: tuple[str, ...]
    permission: str
    retrieve: bool
    deletable: bool

    @property
    def nested(self) -> bool:
        """Whether the parent's id is part of the path."""
        return "{" in self.path

    @property
    def pattern(self) -> re.Pattern[str]:
        """Matches the list's path; its group is the parent's id."""
        return re.compile(re.sub(r"\\\{\w+\\\}", "([^/]+)", re.escape(self.path)))


@dataclass(frozen=True)
class Kind:
    """A kind of object: how its ids begin, and which events tell about it."""

    prefix: str
    created: tuple[str, ...] = ()
    updated: tuple[str, ...] = ()
    deleted: tuple[str, ...] = ()


@cache
def endpoints() -> tuple[Endpoint, ...]:
    """Every v1 list endpoint, sorted by path."""
    return tuple(_endpoint(row) for row in fact_file("endpoints.json"))


def _endpoint(row: dict[str, Any]) -> Endpoint:
    # Stripe documents no permission name for some endpoints; these follow its habit.
    permission = row["permission"] or row["object"][0].replace(".", "_") + "_read"
    lists = {name: tuple(row[name]) for name in ("object", "filters", "required")}
    return Endpoint(**{**row, **lists, "permission": permission})


@cache
def kinds() -> dict[str, Kind]:
    """Every kind that a list endpoint serves."""
    return {name: _kind(row) for name, row in fact_file("kinds.json").items()}


def _kind(row: dict[str, Any]) -> Kind:
    created, updated, deleted = (tuple(row[name]) for name in ("created", "updated", "deleted"))
    return Kind(row["prefix"], created, updated, deleted)


@cache
def top_level(kind: str) -> Endpoint | None:
    """The endpoint that lists a kind without needing a parent."""
    flat = (e for e in endpoints() if e.object == (kind,) and not e.nested and not e.required)
    return next(flat, None)


@cache
def indexed_fields(kind: str) -> tuple[str, ...]:
    """The fields by which lists of the kind are filtered most: kept in an index."""
    rows = [e for e in endpoints() if kind in e.object]
    names = {name for e in rows for name in (*e.filters, *e.required)}
    return tuple(sorted(names | {"customer", "charge", "invoice", "file", "transaction"}))


@cache
def api_versions() -> frozenset[str]:
    """The values of `Stripe-Version` that Stripe accepts."""
    return frozenset(fact_file("versions.json"))
