"""However Stripe packs an answer for its way, the rows are the same."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from stripe_sandbox.faults import Fault
from stripe_sandbox.server import serve
from tests.fakes.compressing_stripe import CompressingStripe

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.fakes.reading import Tap

HOUR = 3600
ROWS = 250

as_a_whole_and_in_chunks = pytest.mark.parametrize("in_chunks", [False, True])


@pytest.fixture
def stripe(in_chunks: bool) -> CompressingStripe:  # noqa: FBT001 - pytest's parameters
    stripe = CompressingStripe(1_790_000_000)
    stripe.in_chunks = in_chunks
    stripe.bulk("charge", ROWS, stripe.now - HOUR, stripe.now - HOUR + 9)
    stripe.advance(HOUR)
    return stripe


@pytest.fixture
def url(stripe: CompressingStripe) -> Iterator[str]:
    with serve(stripe) as address:
        yield address


@as_a_whole_and_in_chunks
def test_compressed_answers_are_read(stripe: CompressingStripe, tap: Tap) -> None:
    run = tap.read("charges")

    assert sorted(run.ids("charges")) == sorted(c["id"] for c in stripe.objects("charge"))
    assert run.exit_code == 0
    assert all("gzip" in asked.headers["accept-encoding"] for asked in stripe.requests)


@as_a_whole_and_in_chunks
@pytest.mark.parametrize("fault", [Fault.CUT, Fault.RESET_MID_BODY, Fault.TRUNCATED_JSON])
def test_a_compressed_answer_that_is_cut_is_asked_for_again(
    stripe: CompressingStripe, tap: Tap, fault: Fault
) -> None:
    stripe.fail("/v1/charges", fault, after=1)

    run = tap.read("charges")

    assert sorted(run.ids("charges")) == sorted(c["id"] for c in stripe.objects("charge"))
    assert run.exit_code == 0
