"""Ids that look like Stripe's and are the same in every run."""

from __future__ import annotations

import string
from hashlib import blake2b

from stripe_sandbox.endpoints import kinds

ALPHABET = string.digits + string.ascii_uppercase + string.ascii_lowercase
# These have 14 letters and digits, most others 24.
SHORT = frozenset({"cus", "prod", "si"})


def base62(seed: str, length: int) -> str:
    """`length` letters and digits that depend on nothing but the seed; not sortable, as Stripe's."""
    number = int.from_bytes(blake2b(seed.encode(), digest_size=32).digest(), "big")
    letters = []
    for _ in range(length):
        number, rest = divmod(number, len(ALPHABET))
        letters.append(ALPHABET[rest])
    return "".join(letters)


def new_id(kind: str, seed: str) -> str:
    """The id of an object, e.g. `ch_1Kq…` or, for coupons, eight letters."""
    known = kinds().get(kind)
    prefix = known.prefix if known else kind.replace(".", "_")
    if prefix == "":
        return base62(f"{kind}/{seed}", 8).upper()
    if prefix in SHORT:
        return f"{prefix}_{base62(f'{kind}/{seed}', 14)}"
    return f"{prefix}_1{base62(f'{kind}/{seed}', 23)}"


def request_id(number: int) -> str:
    """The value of the header `Request-Id`."""
    return "req_" + base62(f"request/{number}", 14)
