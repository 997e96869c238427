"""Objects have every field that the `stripe` package types."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from stripe._object_classes import get_object_class

from stripe_sandbox.business import grow
from stripe_sandbox.endpoints import endpoints
from stripe_sandbox.shapes import includable, shape
from stripe_sandbox.world import FakeStripe

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType

MAKER = Path(__file__).parents[2] / "sandbox" / "shapes" / "make.py"
KINDS = sorted({kind for endpoint in endpoints() for kind in endpoint.object})


@pytest.fixture(scope="module")
def grown() -> FakeStripe:
    fake = FakeStripe(now=1_790_000_000)
    grow(fake, customers=10)
    return fake


@pytest.fixture(scope="module")
def maker() -> ModuleType:
    spec = importlib.util.spec_from_file_location("make_shapes", MAKER)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    # Its dataclass looks itself up by the module's name.
    import sys

    sys.modules["make_shapes"] = module
    spec.loader.exec_module(module)
    return module


def test_the_generated_files_are_what_the_installed_package_says(maker: ModuleType) -> None:
    for path, text in maker.files().items():
        assert path.read_text(encoding="utf-8") == text, f"make {path.name} again: {MAKER}"


@pytest.mark.parametrize("kind", KINDS)
def test_an_object_has_every_field_that_the_package_types(kind: str) -> None:
    typed = {
        name.rstrip("_")
        for name in typed_fields(kind)
        if not name.startswith("_") and name != "OBJECT_NAME"
    }

    made = FakeStripe(now=1_790_000_000).create(kind, event_type=None)

    assert typed - set(made) <= includable(kind) | {"deleted"}
    assert set(made) - {"object"} <= typed


def typed_fields(kind: str) -> set[str]:
    """The names that the package's class annotates, straight from Python."""
    return set(get_object_class("V1", kind).__annotations__)


@pytest.mark.parametrize("kind", KINDS)
def test_values_have_the_types_of_their_fields(grown: FakeStripe, kind: str) -> None:
    for made in grown.objects(kind)[:20]:
        for field in shape(kind).values():
            value = made.get(field.name)
            assert value is not None or field.optional or field.lists, field.name
            if value is not None:
                assert isinstance(value, python_type(field.spec)), (field.name, value)


def python_type(spec: Any) -> type | tuple[type, ...]:
    if isinstance(spec, list):
        return list
    if isinstance(spec, dict) or spec == "hash" or spec.startswith(("list:", "object:")):
        return dict
    plain: dict[str, type | tuple[type, ...]] = {
        "integer": int,
        "number": (int, float),
        "boolean": bool,
    }
    return plain.get(spec, str)


@pytest.mark.parametrize(
    "endpoint", [e for e in endpoints() if not e.nested and not e.required], ids=lambda e: e.path
)
def test_every_top_level_list_shows_a_grown_business(
    grown: FakeStripe, endpoint: Any, body_of: Callable[..., Any]
) -> None:
    page = body_of(grown, endpoint.path)

    assert page["data"], endpoint.path
    assert page["url"] == endpoint.path
    for member in page["data"][:2]:
        assert member["object"] in endpoint.object
        if endpoint.retrieve:
            found = body_of(grown, f"{endpoint.path}/{member['id']}")
            assert found == member


def test_a_business_has_every_awkward_value(grown: FakeStripe) -> None:
    text = json.dumps(
        [grown.objects(kind) for kind in ("charge", "customer", "payout")], ensure_ascii=False
    )

    assert "🌻" in text
    assert "李小龙" in text
    assert '\\"' in text
    assert "\\n" in text
    assert "\\\\" in text
    assert str(2**53) in text
    assert "null" in text


def test_the_same_seed_makes_the_same_business() -> None:
    one, two = FakeStripe(now=1_790_000_000), FakeStripe(now=1_790_000_000)
    grow(one, customers=3, seed=7)
    grow(two, customers=3, seed=7)

    assert one.objects("charge") == two.objects("charge")
    assert one.objects("event") == two.objects("event")


def test_a_business_can_grow_again() -> None:
    fake = FakeStripe(now=1_790_000_000)
    grow(fake, customers=2)
    before = len(fake.objects("customer"))

    fake.advance(3600)
    grow(fake, customers=3, seed=2, since=fake.now - 3600)

    assert len(fake.objects("customer")) == before + 3
    assert fake.objects("customer")[0]["created"] >= fake.now - 3600
