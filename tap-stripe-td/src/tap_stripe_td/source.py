"""Stripe as the readers see it: pages and objects of streams, as one account shows them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

import msgspec

from tap_stripe_td.errors import AccountRefusedError, NoSuchObjectError, StripeRefusedError
from tap_stripe_td.pagination import MAX_LIMIT, Page, rest_after
from tap_stripe_td.records import (
    Record,
    added_fields,
    finished,
    integer_of,
    parse_list,
    parse_object,
    text_of,
    tombstone,
)
from tap_stripe_td.slicing import Slice
from tap_stripe_td.streams.row import CreatedFilter, Paging, Stream
from tap_stripe_td.streams.table import listed_with
from tap_stripe_td.units import UnixSeconds

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from tap_stripe_td.client import Client, Params

T = TypeVar("T")


@dataclass(frozen=True)
class Clock:
    """Where and when a run begins.

    Attributes:
        signpost: Stripe's clock. Nothing newer is read.
        account: The account's id; None when the key may not read it.
        opened: When the account was opened; None likewise.
    """

    signpost: UnixSeconds
    account: str | None
    opened: UnixSeconds | None = None


@dataclass(frozen=True)
class Source:
    """What a run reads from.

    Attributes:
        client: Stripe under the run's key.
        created: The stretch of creation time that was asked for.
        expand: Fields to expand, by stream, beside those of the stream table.
        times: Top-level time fields, by stream.
        account: The account's id; None when the key may not read it.
        children: Ids of children that earlier runs found and no event shows, by their stream and
            their parent's id.
    """

    client: Client
    created: Slice = field(default_factory=Slice)
    expand: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    times: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    account: str | None = None
    children: Mapping[str, Mapping[str, tuple[str, ...]]] = field(default_factory=dict)

    def has_room(self, stream: Stream) -> bool:
        """Whether the request budgets of the stream's list would let one more request through."""
        return self.client.limiter.has_room(stream.path)

    def page(self, stream: Stream, slice_: Slice, parent_id: str = "") -> Page:
        """Return the next page of a slice of a stream; a single object is a page of one.

        Children are listed by the parent that they have.
        """
        if stream.paging is Paging.SINGLE:
            answer = self.client.fetch(stream.path, self._expand_params(stream, ""), parse_object)
            return Page((answer.content,), has_more=False, date=answer.date)
        listed = self.client.fetch(
            stream.path.format(id=parent_id),
            {**self._list_params(stream, slice_), **_parent_params(stream, parent_id)},
            parse_list,
            endpoint=stream.path,
        )
        return Page.of(listed.content, listed.date)

    def first(self, stream: Stream, rows: int) -> tuple[Record, ...]:
        """Return the newest records of a stream, by one request."""
        if stream.paging is Paging.CURSOR:
            params = {**self._list_params(stream, self.created), "limit": str(rows)}
            answer = self.client.fetch(stream.path, params, parse_list)
            page = Page.of(answer.content, answer.date)
        else:
            page = self.page(stream, self.created)
        kept = self.kept(stream, page.records[:rows])
        return self.finished(stream, kept, page.date)

    def events(self, types: tuple[str, ...], slice_: Slice) -> Page:
        """Return the next page of a slice of the events, of these types or of all."""
        params = {
            **({"types[]": types} if types else {}),
            **slice_.params(CreatedFilter.RANGE),
            **_page_params(slice_),
        }
        listed = self.client.fetch(EVENTS_PATH, params, parse_list)
        return Page.of(listed.content, listed.date)

    def fetch_object(
        self, stream: Stream, object_id: str, parent_id: str = ""
    ) -> tuple[Record | None, UnixSeconds]:
        """Return an object as it is now, None when it is gone, with Stripe's clock.

        A child whose parent stands in the path is found by the parent that it has.

        Raises:
            StripeRefusedError: If the key may not read it.
        """
        try:
            answer = self.client.fetch(
                f"{stream.path.format(id=parent_id)}/{object_id}",
                self._expand_params(stream, ""),
                parse_object,
                endpoint=f"{stream.path}/{{id}}",
            )
        except NoSuchObjectError as gone:
            return None, gone.date
        record = answer.content
        return (None if bytes(record.get("deleted", b"")) == b"true" else record), answer.date

    def kept(self, stream: Stream, records: Iterable[Record]) -> tuple[Record, ...]:
        """Return the records that were created in the stretch that was asked for.

        One that does not say when it was created is kept.
        """
        if self.created == Slice():
            return tuple(records)
        return tuple(record for record in records if self._was_asked_for(stream, record))

    def finished(
        self, stream: Stream, records: Iterable[Record], updated_at: UnixSeconds
    ) -> tuple[Record, ...]:
        """Return records as they are written: times readable, the tap's own fields added."""
        times = self.times.get(stream.name, ())
        added = added_fields(updated_at=updated_at, account=self.account)
        return tuple(finished(record, times, added) for record in records)

    def tombstones(
        self, ids: Iterable[str], deleted_at: UnixSeconds, updated_at: UnixSeconds
    ) -> tuple[Record, ...]:
        """Return the records that say that objects are gone, and since when that is known."""
        return tuple(
            tombstone(id_, deleted_at=deleted_at, updated_at=updated_at, account=self.account)
            for id_ in ids
        )

    def expanded(self, stream: Stream) -> tuple[str, ...]:
        """Return the fields that Stripe is asked to expand."""
        return (*stream.expand, *self.expand.get(stream.name, ()))

    def within(self, stream: Stream) -> tuple[Slice | None, str]:
        """Return the stretch of creation time that a whole reading covers, and the field for it.

        None when no field tells: children are as old as their parents, and some lists leave out
        objects that there are.
        """
        row = listed_with(stream)
        if row.unlisted:
            return None, ""
        if self.created == Slice() or not row.created_field:
            return Slice(), ""
        return (self.created, row.created_field) if stream == row else (None, "")

    def _was_asked_for(self, stream: Stream, record: Record) -> bool:
        created = integer_of(record, stream.created_field) if stream.created_field else None
        return created is None or self.created.contains(created)

    def _list_params(self, stream: Stream, slice_: Slice) -> Params:
        paging = _page_params(slice_) if stream.paging is Paging.CURSOR else {}
        bounds = slice_.params(stream.created_filter)
        return {**stream.params, **self._expand_params(stream, "data."), **bounds, **paging}

    def _expand_params(self, stream: Stream, prefix: str) -> Params:
        fields = self.expanded(stream)
        return {"expand[]": [prefix + name for name in fields]} if fields else {}


def _parent_params(stream: Stream, parent_id: str) -> dict[str, str]:
    named = stream.parent is not None and stream.parent.parameter
    return {named: parent_id} if named else {}


def _page_params(slice_: Slice) -> dict[str, str]:
    after = {} if slice_.cursor is None else {"starting_after": slice_.cursor}
    return {"limit": str(MAX_LIMIT), **after}


ACCOUNT_PATH = "/v1/account"
ACCOUNTS_PATH = "/v1/accounts"
EVENTS_PATH = "/v1/events"


def read_clock(client: Client) -> Clock:
    """Return Stripe's clock and the account, in one request.

    A key that may not read the account still learns the time: a refusal is dated too.

    Raises:
        TapError: If Stripe does not know the key, or cannot be reached.
    """
    try:
        answer = client.fetch(ACCOUNT_PATH, {}, _parse_account)
    except AccountRefusedError:
        raise
    except StripeRefusedError as refused:
        return Clock(refused.date, client.account)
    account, opened = answer.content
    return Clock(answer.date, account, None if opened is None else UnixSeconds(opened))


def _parse_account(body: bytes) -> tuple[str | None, int | None]:
    """Return the id of the account in a body, and when it was opened.

    Raises:
        msgspec.DecodeError: If it is none: what answers is not Stripe, and no list of it counts.
    """
    record = parse_object(body)
    if text_of(record, "object") != "account":
        raise msgspec.DecodeError("no account")
    return text_of(record, "id"), integer_of(record, "created")


def narrows_by_created(stream: Stream) -> bool:
    """Whether Stripe can be asked for a stretch of the stream."""
    return stream.created_filter is not CreatedFilter.NONE


def connected_accounts(client: Client) -> tuple[str, ...]:
    """Return the ids of all accounts that are connected to the key's, oldest first.

    Raises:
        TapError: If the key may not list them.
    """
    found: list[str] = []
    unread: Slice | None = Slice()
    while unread is not None:
        answer = client.fetch(ACCOUNTS_PATH, _page_params(unread), parse_list)
        page = Page.of(answer.content, answer.date)
        found.extend(page.ids)
        unread = rest_after(unread, page, "")
    return tuple(reversed(found))
