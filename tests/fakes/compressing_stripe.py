"""A Stripe that sends its answers as its load balancers do: compressed, in chunks."""

from __future__ import annotations

import gzip
from dataclasses import replace
from typing import TYPE_CHECKING

from stripe_sandbox.messages import Wire
from tests.fakes.changing_stripe import ChangingStripe

if TYPE_CHECKING:
    from stripe_sandbox.messages import Request, Response

_IN_CHUNKS = {Wire.WHOLE: Wire.CHUNKED, Wire.CUT: Wire.CUT_CHUNKED}


class CompressingStripe(ChangingStripe):
    """A ChangingStripe whose answers are compressed for those who say that they can read it."""

    in_chunks = True

    def answer(self, request: Request) -> Response:
        """Answer a request; one with a fault is compressed just like the others."""
        response = super().answer(request)
        if "gzip" not in request.headers.get("accept-encoding", ""):
            return response
        return replace(
            response,
            headers={**response.headers, "Content-Encoding": "gzip"},
            body=gzip.compress(response.body),
            wire=_IN_CHUNKS.get(response.wire, response.wire) if self.in_chunks else response.wire,
        )
