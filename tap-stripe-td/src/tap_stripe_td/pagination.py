"""Walking a v1 list, newest first.

https://docs.stripe.com/api/pagination

Pure: what is left to read follows from the slice that was asked for and the page that came.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tap_stripe_td.errors import UnexpectedAnswerError
from tap_stripe_td.records import integer_of, text_of

if TYPE_CHECKING:
    from tap_stripe_td.records import ListAnswer, Record
    from tap_stripe_td.slicing import Slice
    from tap_stripe_td.units import UnixSeconds

MAX_LIMIT = 100

NO_FURTHER = (
    "Stripe says that a list goes on, but gave no object to go on from. Rows may be missing, so "
    "this is no success. Run again; if it stays so, tell Stripe's support."
)


@dataclass(frozen=True)
class Page:
    """One answer of a list endpoint.

    Attributes:
        records: The objects as Stripe gave them, newest first.
        has_more: Whether Stripe has older ones.
        date: Stripe's clock when it answered.
    """

    records: tuple[Record, ...]
    has_more: bool
    date: UnixSeconds

    @property
    def ids(self) -> tuple[str, ...]:
        """The ids of the objects that have one, in their order."""
        return tuple(id_ for record in self.records if (id_ := text_of(record, "id")) is not None)

    @classmethod
    def of(cls, answer: ListAnswer, date: UnixSeconds) -> Page:
        """Return the page that an answer holds."""
        return cls(tuple(answer.data), answer.has_more, date)


def rest_after(asked: Slice, page: Page, created_field: str) -> Slice | None:
    """Return what is left to read of a slice after its next page, None when nothing is.

    Args:
        asked: The slice, with the cursor that the page was asked for with.
        page: What Stripe answered.
        created_field: The field that the slice is about; empty when the objects have none.

    Raises:
        UnexpectedAnswerError: If Stripe says that there is more but the page gets no further; going
            on would never end, and stopping would lose rows.
    """
    if not page.has_more:
        return None
    if not page.records:
        raise UnexpectedAnswerError(NO_FURTHER)
    last = page.records[-1]
    _refuse_oldest_first(page, created_field)
    cursor = text_of(last, "id")
    if cursor is None or cursor == asked.cursor:
        raise UnexpectedAnswerError(
            f"Stripe gave the page that ends at `{cursor}` again; the list would never end. Run "
            "again; if it stays so, tell Stripe's support."
        )
    return asked.after(cursor=cursor, created=_created(last, created_field))


def _refuse_oldest_first(page: Page, created_field: str) -> None:
    first, last = (_created(page.records[end], created_field) for end in (0, -1))
    if first is not None and last is not None and first < last:
        raise UnexpectedAnswerError(
            "The list came oldest first, but Stripe's lists are newest first: rows would be lost. "
            "Check `base_url`: what answers there does not keep Stripe's rules."
        )


def _created(record: Record, field: str) -> int | None:
    return integer_of(record, field) if field else None
