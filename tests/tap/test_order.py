"""A list in another order than Stripe's is refused: read as if it were Stripe's it would lose rows."""

from __future__ import annotations

import msgspec
import pytest

from tap_stripe_td.errors import UnexpectedAnswerError
from tap_stripe_td.pagination import Page, rest_after
from tap_stripe_td.slicing import Slice
from tap_stripe_td.units import UnixSeconds


def page(*created: int) -> Page:
    records = tuple(
        {
            "id": msgspec.Raw(b'"ch_%d"' % number),
            "created": msgspec.Raw(b"%d" % second),
        }
        for number, second in enumerate(created)
    )
    return Page(records, has_more=True, date=UnixSeconds(0))


def test_a_page_that_comes_oldest_first_is_an_error() -> None:
    with pytest.raises(UnexpectedAnswerError, match="oldest first"):
        rest_after(Slice(), page(1, 2, 3), "created")


@pytest.mark.parametrize("created", [(3, 2, 1), (2, 2, 2), (1,)])
def test_newest_first_is_as_it_should_be(created: tuple[int, ...]) -> None:
    rest = rest_after(Slice(), page(*created), "created")

    assert rest is not None
    assert rest.until == created[-1] + 1


def test_where_no_creation_time_is_told_no_order_is_asked_for() -> None:
    assert rest_after(Slice(), page(1, 2), "") is not None
