"""The way of a request: fault, key, limits, version, route, permission, answer."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from stripe_sandbox.endpoints import API_VERSION, api_versions
from stripe_sandbox.errors import Refusal, no_such, unknown_parameter, unrecognized_url
from stripe_sandbox.events import RETENTION_SECONDS
from stripe_sandbox.faults import Fault, refusal, spoiled
from stripe_sandbox.ids import request_id
from stripe_sandbox.keys import Access, access_of, masked
from stripe_sandbox.lists import ListRequest, answer_list
from stripe_sandbox.messages import Request, Response
from stripe_sandbox.oauth import FLOWS, Grants
from stripe_sandbox.owners import owner_kind
from stripe_sandbox.pretty import pretty
from stripe_sandbox.query import base_name
from stripe_sandbox.rendering import check_expansions, expanded
from stripe_sandbox.routes import Route, filtered_list, find_route

if TYPE_CHECKING:
    from collections.abc import Mapping

    from stripe_sandbox.clock import Clock
    from stripe_sandbox.json_types import UnixSeconds
    from stripe_sandbox.ledger import Ledger
    from stripe_sandbox.limits import Limits
    from stripe_sandbox.shelf import Row
    from stripe_sandbox.shelves import Shelves

OWN_ACCOUNT_PERMISSION = "connected_account_read"
# Stripe answers these with a stub once they are deleted, and 404 for all other kinds.
STUBS = frozenset(
    {"customer", "terminal.configuration", "terminal.location", "terminal.reader", "tax_id"}
)


@dataclass(frozen=True)
class Answers:
    """What the answer depends on besides the request. `second` is the moment for rate limits."""

    clock: Clock
    ledgers: Mapping[str, Ledger]
    keys: dict[str, Access]
    limits: Limits
    disabled: Mapping[str, str]
    grants: Grants
    second: float

    def answer(self, request: Request, number: int, fault: Fault | None) -> Response:
        """The answer to a request, good or bad; `number` makes its request id."""
        identity = request_id(number)
        try:
            if fault is not None and (refused := refusal(fault)) is not None:
                raise refused
            response = self._response(200, self._body(request), request, identity)
        except Refusal as refused:
            body = pretty(refused.body(identity))
            response = self._response(refused.status, body, request, identity)
            response = replace(response, headers={**response.headers, **refused.headers})
        return (
            response if fault is None or refusal(fault) else spoiled(response, fault, request.path)
        )

    def _response(self, status: int, body: str, request: Request, identity: str) -> Response:
        headers = {
            "Content-Type": "application/json",
            "Date": self.clock.http_date(),
            "Request-Id": identity,
            "Server": "nginx",
            "Stripe-Version": request.headers.get("stripe-version", API_VERSION),
        }
        return Response(status, headers, body.encode())

    def _body(self, request: Request) -> str:
        if request.path in FLOWS and request.method == "POST":
            return pretty(self.grants.token(request, self.keys, self.clock.now()))
        access = access_of(request.headers, self.keys, self.clock.now())
        ledger = self._ledger(request, access)
        path, request = request.path, without_alias(request)
        route = find_route(request.path) if request.method == "GET" else None
        operation = route.operation if route else request.path
        self.limits.admit(ledger.account, operation, self.second)
        _check_version(request)
        if request.path == "/v1/account" and request.method == "GET":
            access.require(OWN_ACCOUNT_PERMISSION)
            return pretty(ledger.object("account", ledger.account))
        if route is None:
            raise unrecognized_url(request.method, request.path)
        self._check_enabled(request)
        access.require(route.endpoint.permission)
        if route.wants == "object":
            return _object(ledger.shelves, route, request, self.clock.now())
        now = self.clock.now()
        asked = ListRequest(route.endpoint, route.parent, path, request.query, now)
        return answer_list(ledger.shelves, asked)

    def _ledger(self, request: Request, access: Access) -> Ledger:
        account = request.headers.get("stripe-account", access.account)
        ledger = self.ledgers.get(account)
        platform = next(iter(self.ledgers))
        if ledger is None or access.account not in {account, platform}:
            raise Refusal(
                403,
                f"The provided key '{masked(access.key)}' does not have access to account "
                f"'{account}' (or that account does not exist). Application access may have been "
                "revoked.",
                code="account_invalid",
            )
        return ledger

    def _check_enabled(self, request: Request) -> None:
        for path, message in self.disabled.items():
            if request.path.startswith(path):
                raise Refusal(400, message)


def without_alias(request: Request) -> Request:
    """A path such as `/v1/charges/{id}/refunds` as the filtered list that it is."""
    if (found := filtered_list(request.path)) is None:
        return request
    path, name, value = found
    return replace(request, path=path, query=(*request.query, (name, value)))


def _check_version(request: Request) -> None:
    asked = request.headers.get("stripe-version")
    if asked is not None and asked not in api_versions():
        raise Refusal(400, f"Invalid Stripe API version: {asked}")


def _object(shelves: Shelves, route: Route, request: Request, now: UnixSeconds) -> str:
    for name, _ in request.query:
        if base_name(name) != "expand":
            raise unknown_parameter(base_name(name))
    paths = [value for _, value in request.query]
    check_expansions(route.endpoint.object[0], paths)
    row = _found(shelves, route)
    if row is None or _out_of_sight(row, now):
        return pretty(_stub(shelves, route))
    return pretty(expanded(shelves, row, paths))


def _out_of_sight(row: Row, now: UnixSeconds) -> bool:
    """Whether an event is not visible yet, or not any more."""
    aged_out = row.kind == "event" and row.fields["created"] < now - RETENTION_SECONDS
    return aged_out or row.visible_at > now


def _found(shelves: Shelves, route: Route) -> Row | None:
    if route.parent is not None and shelves.find(route.parent) is None:
        raise no_such(owner_kind(route.endpoint) or "object", route.parent)
    for kind in route.endpoint.object:
        for identity in (str(route.identity), f"{route.parent}/{route.identity}"):
            if (row := shelves.shelf(kind).get(identity)) is not None:
                return row
    return None


def _stub(shelves: Shelves, route: Route) -> dict[str, object]:
    kind = route.endpoint.object[0]
    stub = shelves.stub(str(route.identity))
    if stub is None or stub["object"] != kind or kind not in STUBS:
        raise no_such(kind, str(route.identity))
    return stub
