"""Answer a list request from the shelves of an account."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from stripe_sandbox.embedded import PARENT_FIELDS
from stripe_sandbox.errors import Refusal, no_such
from stripe_sandbox.events import RETENTION_SECONDS, matches
from stripe_sandbox.owners import owner_kind
from stripe_sandbox.paging import Window, page
from stripe_sandbox.pretty import indented, pretty
from stripe_sandbox.query import ListQuery, Span, parse_list
from stripe_sandbox.rendering import (
    check_expansions,
    expanded,
    list_page,
    list_text,
)
from stripe_sandbox.shapes import shape
from stripe_sandbox.shelf import Row, as_parameter

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from stripe_sandbox.endpoints import Endpoint
    from stripe_sandbox.json_types import JsonObject, UnixSeconds
    from stripe_sandbox.messages import Pairs
    from stripe_sandbox.shelves import Shelves

# Parameters that choose by something else than the field of their name.
NOT_FIELDS = frozenset(
    {"created_by", "delivery_success", "end_time", "order_by", "start_time", "transaction_refresh"}
)

_SOME_HIDDEN = frozenset({"/v1/accounts", "/v1/events", "/v1/plans", "/v1/prices"})


@dataclass(frozen=True)
class ListRequest:
    """A list request that has found its endpoint."""

    endpoint: Endpoint
    parent: str | None
    path: str
    query: Pairs
    now: UnixSeconds


def answer_list(shelves: Shelves, asked: ListRequest) -> str:
    """The body of a list page.

    Raises:
        Refusal: If Stripe would refuse the request.
    """
    query = parse_list(asked.query, asked.endpoint)
    expansions = _expansions(query, asked.endpoint)
    keys, row_of = _candidates(shelves, asked, query)
    window = Window(
        limit=query.limit if asked.endpoint.paging != "none" else len(keys) + 1,
        created=_span(query, asked),
        after=_cursor(shelves, asked, query.starting_after, "starting_after"),
        before=_cursor(shelves, asked, query.ending_before, "ending_before"),
    )
    found = page(keys, window, _filter(asked, query, row_of))
    texts = [_text(shelves, asked.endpoint, row_of, key, expansions) for key in found.keys]
    return list_page(texts, has_more=found.has_more, url=asked.path)


def _text(
    shelves: Shelves,
    endpoint: Endpoint,
    row_of: Callable[[int], Row],
    key: int,
    expansions: list[str],
) -> str:
    if expansions:
        return indented(pretty(expanded(shelves, row_of(key), expansions)))
    kind = endpoint.object[0] if len(endpoint.object) == 1 else row_of(key).kind
    return list_text(shelves, kind, key)


def _expansions(query: ListQuery, endpoint: Endpoint) -> list[str]:
    for path in query.expand:
        if not path.startswith("data."):
            raise Refusal(
                400,
                f"This property cannot be expanded ({path}). "
                f"You may want to try expanding 'data.{path}' instead.",
            )
    paths = [path.removeprefix("data.") for path in query.expand]
    check_expansions(endpoint.object[0], paths)
    return paths


def _candidates(
    shelves: Shelves, asked: ListRequest, query: ListQuery
) -> tuple[Sequence[int], Callable[[int], Row]]:
    """The keys that the page is cut from, oldest first, and how to get at their rows."""
    endpoint = asked.endpoint
    if asked.parent is not None:
        return _of_parent(shelves, endpoint, asked.parent)
    if owner_kind(endpoint) is not None:
        name = endpoint.required[0]
        return _of_named(shelves, endpoint, query.equal[name][0], name)
    shelf = shelves.shelf(endpoint.object[0])
    for name, chosen in query.equal.items():
        usable = name in shelf.indexed and name in shape(endpoint.object[0])
        by_status = name == "status" and endpoint.path == "/v1/subscriptions"
        if usable and not by_status and len(chosen) == 1 and not shelf.runs:
            return shelf.matching(name, chosen[0]), shelf.row
    return shelf.keys, shelf.row


def _of_parent(
    shelves: Shelves, endpoint: Endpoint, parent: str
) -> tuple[Sequence[int], Callable[[int], Row]]:
    owner = owner_kind(endpoint) or ""
    if shelves.shelf(owner).get(parent) is None:
        raise no_such(owner, parent)
    return _children(shelves, endpoint, parent)


def _of_named(
    shelves: Shelves, endpoint: Endpoint, owner: str, name: str
) -> tuple[Sequence[int], Callable[[int], Row]]:
    kind = owner_kind(endpoint) or ""
    if shelves.shelf(kind).get(owner) is None:
        raise no_such(kind, owner, status=400, param=name)
    return _children(shelves, endpoint, owner)


def _children(
    shelves: Shelves, endpoint: Endpoint, owner: str
) -> tuple[Sequence[int], Callable[[int], Row]]:
    rows = {row.key: row for row in shelves.where(endpoint.object, _owned_by(endpoint), owner)}
    return sorted(rows), rows.__getitem__


def _owned_by(endpoint: Endpoint) -> str:
    """The index in which a list's owner is found."""
    # Payment methods and tax ids are listed under a customer, but are no children of it.
    if endpoint.object[0] in {"payment_method", "tax_id"}:
        return "customer"
    named = next(iter(endpoint.required), "")
    children = endpoint.nested or endpoint.object[0] in PARENT_FIELDS
    return "parent" if children or named not in shape(endpoint.object[0]) else named


def _cursor(shelves: Shelves, asked: ListRequest, cursor: str | None, param: str) -> int | None:
    if cursor is None:
        return None
    for kind in asked.endpoint.object:
        row = shelves.shelf(kind).get(cursor)
        if row is not None and row.visible_at <= asked.now:
            _refuse_aged_out(asked, row)
            return row.key
    raise no_such(asked.endpoint.object[0], cursor, status=400, param=param)


def _refuse_aged_out(asked: ListRequest, row: Row) -> None:
    if row.kind == "event" and row.fields["created"] < asked.now - RETENTION_SECONDS:
        raise Refusal(
            400,
            f"The event {row.identity} is no longer available because it's aged out of our "
            "retention policy",
        )


def _span(query: ListQuery, asked: ListRequest) -> Span:
    span = query.created or Span()
    if asked.endpoint.path == "/v1/events":
        span = span.within(Span(since=asked.now - RETENTION_SECONDS))
    return span


def _filter(
    asked: ListRequest, query: ListQuery, row_of: Callable[[int], Row]
) -> Callable[[int], bool] | None:
    """What else a row must be to be listed; `None` when all of the list may come."""
    tests: list[Callable[[JsonObject], bool]] = []
    if query.types:
        tests.append(lambda fields: any(matches(t, fields["type"]) for t in query.types))
    equal = dict(query.equal)
    if asked.endpoint.path == "/v1/subscriptions":
        status = equal.pop("status", ("not canceled",))
        tests.append(lambda fields: _subscription_shows(fields, status[0]))
    tests.extend(_equals(name, wanted) for name, wanted in equal.items() if name not in NOT_FIELDS)
    tests.extend(_in_span(name, span) for name, span in query.spans.items())
    # Late events, prices made inline and the platform itself exist, but are not listed.
    if not tests and asked.endpoint.path not in _SOME_HIDDEN:
        return None

    def takes(key: int) -> bool:
        row = row_of(key)
        if row.visible_at > asked.now or not row.listed:
            return False
        fields = row.fields if tests else {}
        return all(test(fields) for test in tests)

    return takes


def _subscription_shows(fields: JsonObject, status: str) -> bool:
    """Without `status`, canceled subscriptions stay out: https://docs.stripe.com/api/subscriptions/list."""
    if status == "all":
        return True
    if status == "ended":
        return fields["status"] in {"canceled", "incomplete_expired"}
    if status == "not canceled":
        return bool(fields["status"] != "canceled")
    return bool(fields["status"] == status)


def _equals(name: str, wanted: tuple[str, ...]) -> Callable[[JsonObject], bool]:
    # `lookup_keys[]` filters on `lookup_key`, `ids[]` on `id`.
    plural = {"ids": "id", "lookup_keys": "lookup_key", "prices": "price"}
    path = plural.get(name, name).split(".")

    def test(fields: JsonObject) -> bool:
        value: Any = fields
        for step in path:
            value = value.get(step) if isinstance(value, dict) else None
        if path[0] not in fields:
            return True
        return value is not None and as_parameter(value) in wanted

    return test


def _in_span(name: str, span: Span) -> Callable[[JsonObject], bool]:
    def test(fields: JsonObject) -> bool:
        value = fields.get(name)
        return isinstance(value, int) and span.holds(value)

    return test
