"""The parameters of a list, checked as strictly as Stripe checks them."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from stripe_sandbox.errors import (
    Refusal,
    invalid_integer,
    missing_parameter,
    unknown_parameter,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from stripe_sandbox.endpoints import Endpoint
    from stripe_sandbox.messages import Pairs

DEFAULT_LIMIT = 10
MOST_TYPES = 20
OPERATORS = ("gt", "gte", "lt", "lte")
END_OF_TIME = 1 << 34


@dataclass(frozen=True)
class Span:
    """Seconds from `since` (in) to `until` (out)."""

    since: int = -1
    until: int = END_OF_TIME

    def holds(self, value: int) -> bool:
        """Whether the second is in the span."""
        return self.since <= value < self.until

    def within(self, other: Span) -> Span:
        """What both spans hold."""
        return Span(max(self.since, other.since), min(self.until, other.until))


@dataclass(frozen=True)
class ListQuery:
    """What a list request asks for."""

    limit: int = DEFAULT_LIMIT
    starting_after: str | None = None
    ending_before: str | None = None
    created: Span | None = None
    expand: tuple[str, ...] = ()
    # Field (or `field.sub`) -> the values it may have.
    equal: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    spans: Mapping[str, Span] = field(default_factory=dict)
    types: tuple[str, ...] = ()


def base_name(name: str) -> str:
    """`created[gte]` -> `created`."""
    return name.split("[", 1)[0]


def sub_name(name: str) -> str:
    """`created[gte]` -> `gte`; `types[]` and `types[0]` -> the empty string."""
    inner = re.findall(r"\[([^\]]*)\]", name)
    return "" if not inner or inner[0].isdigit() else inner[0]


def values(query: Pairs, name: str) -> list[str]:
    """All values of a parameter, however it is bracketed."""
    return [value for key, value in query if base_name(key) == name]


def parse_list(query: Pairs, endpoint: Endpoint) -> ListQuery:
    """The request's parameters.

    Raises:
        Refusal: If Stripe would refuse one of them.
    """
    _check_names(query, endpoint)
    after, before = values(query, "starting_after"), values(query, "ending_before")
    if after and before:
        raise Refusal(
            400, "You may only specify one of these parameters: starting_after, ending_before."
        )
    others = [
        pair for pair in query if base_name(pair[0]) in (*endpoint.filters, *endpoint.required)
    ]
    return ListQuery(
        limit=_limit(query),
        starting_after=after[-1] if after else None,
        ending_before=before[-1] if before else None,
        created=_created(query, endpoint),
        expand=tuple(values(query, "expand")),
        equal=_equal(pair for pair in others if base_name(pair[0]) not in {"type", "types"})
        if endpoint.path == "/v1/events"
        else _equal(others),
        spans=_spans(others),
        types=_types(query) if endpoint.path == "/v1/events" else (),
    )


def _check_names(query: Pairs, endpoint: Endpoint) -> None:
    known = {"expand", *endpoint.filters, *endpoint.required}
    known |= {
        "both": {"limit", "starting_after", "ending_before"},
        "sa": {"limit", "starting_after"},
        "none": set(),
    }[endpoint.paging]
    known |= {
        "range": {"created"},
        "after_before": {"created_after", "created_before"},
        "none": set(),
    }[endpoint.created]
    for name, _ in query:
        if base_name(name) not in known:
            raise unknown_parameter(base_name(name))
    for name in endpoint.required:
        if not values(query, name):
            raise missing_parameter(name)


def integer(name: str, value: str) -> int:
    """A parameter that must be a number."""
    if not re.fullmatch(r"-?\d{1,15}", value):
        raise invalid_integer(name, value)
    return int(value)


def _limit(query: Pairs) -> int:
    for value in values(query, "limit"):
        limit = integer("limit", value)
        if not 1 <= limit <= 100:
            bound = "less than or equal to 100" if limit > 100 else "greater than or equal to 1"
            message = f"This value must be {bound}."
            raise Refusal(400, message, code="parameter_invalid_integer", param="limit")
        return limit
    return DEFAULT_LIMIT


def _created(query: Pairs, endpoint: Endpoint) -> Span | None:
    if endpoint.created == "after_before":
        pairs = [(name, value) for name, value in query if name.startswith("created_")]
        ends = {"created_after": "gt", "created_before": "lt"}
        return _span([(f"created[{ends[name]}]", value) for name, value in pairs])
    return _span([pair for pair in query if base_name(pair[0]) == "created"])


def _span(pairs: list[tuple[str, str]]) -> Span | None:
    """The seconds that all of `created=…`, `created[gte]=…` … allow; `None` without any."""
    span = Span()
    for name, value in pairs:
        second = integer(name, value)
        operator = sub_name(name)
        if "[" in name and operator not in OPERATORS:
            raise unknown_parameter(name)
        bounds = {
            "gt": Span(since=second + 1),
            "gte": Span(since=second),
            "lt": Span(until=second),
            "lte": Span(until=second + 1),
        }
        span = span.within(bounds.get(operator, Span(second, second + 1)))
    return span if pairs else None


def _spans(pairs: list[tuple[str, str]]) -> dict[str, Span]:
    """The ranges on other fields, e.g. `arrival_date[gte]`."""
    names = {base_name(name) for name, _ in pairs if sub_name(name) in OPERATORS}
    found = {name: _span([p for p in pairs if base_name(p[0]) == name]) for name in names}
    return {name: span for name, span in found.items() if span is not None}


def _equal(pairs: Iterable[tuple[str, str]]) -> dict[str, tuple[str, ...]]:
    """The values that fields must have; `recurring[interval]` is written `recurring.interval`."""
    equal: dict[str, tuple[str, ...]] = {}
    for name, value in pairs:
        if sub_name(name) in OPERATORS:
            continue
        field_name = ".".join(part for part in (base_name(name), sub_name(name)) if part)
        equal[field_name] = (*equal.get(field_name, ()), value)
    return equal


def _types(query: Pairs) -> tuple[str, ...]:
    one, many = values(query, "type"), values(query, "types")
    if one and many:
        raise Refusal(
            400, "You may only specify one of these parameters: type, types.", param="types"
        )
    if len(many) > MOST_TYPES:
        raise Refusal(400, f"You may specify up to {MOST_TYPES} event types.", param="types")
    if wild := next((name for name in many if "*" in name), None):
        raise Refusal(400, f"Invalid event type: {wild}", param="types")
    return tuple(one or many)
