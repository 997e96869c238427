"""A believable business: customers who subscribe, pay, complain, and are paid back."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import TYPE_CHECKING

from stripe_sandbox.endpoints import Endpoint, endpoints
from stripe_sandbox.owners import UNLISTED, owner_kind
from stripe_sandbox.shapes import shape

if TYPE_CHECKING:
    from stripe_sandbox.account import Account
    from stripe_sandbox.json_types import JsonObject, UnixSeconds

DAY_SECONDS = 24 * 3600
HISTORY_SECONDS = 180 * DAY_SECONDS
NAMES = (
    "Zoë Müller",
    "Ana María Ñúñez",
    "李小龙",
    "O'Brien & Söhne",
    'Peter "The Rock" \\ Jones',
    "नीता शर्मा",
    "عمر خالد",
    "Jenny 🌻 Rosen",
    "Łukasz Żółć",
    "Two\nLines",
)
CURRENCIES = ("usd", "eur", "jpy", "brl")
BIGGEST_INTEGER = 2**53


@dataclass(frozen=True)
class Business:
    """One growth: the account it happens in, its chance, and since when."""

    account: Account
    chance: random.Random
    since: UnixSeconds
    until: UnixSeconds

    def moment(self) -> UnixSeconds:
        """Some second of the growth; a quarter of them are shared by several objects."""
        second = self.chance.randrange(self.since, self.until)
        return second - second % 3600 if self.chance.random() < 0.25 else second

    def later(self, than: UnixSeconds, most_seconds: int = 5 * DAY_SECONDS) -> UnixSeconds:
        """Some second after another, but not in the future."""
        return min(self.until, than + self.chance.randrange(1, most_seconds))

    def create(self, kind: str, /, **fields: object) -> JsonObject:
        """Make an object in the account."""
        return self.account.create(kind, **fields)  # type: ignore[arg-type]


def grow(
    account: Account,
    customers: int = 20,
    seed: int = 1,
    *,
    since: UnixSeconds | None = None,
) -> None:
    """Let an account grow by so many customers and everything they cause.

    Objects are created between `since` (default: 180 days ago) and now. The same seed in the same
    account makes the same business. Every list of the API has something to show afterwards.
    """
    now = account.ledger.now()
    begin = now - HISTORY_SECONDS if since is None else since
    business = Business(account, random.Random(seed), begin, max(now, begin + 1))
    prices = _catalogue(business)
    for number in range(customers):
        _customer(business, number, prices)
    _money(business)
    if since is None:
        _everything_else(business)


def _catalogue(business: Business) -> list[JsonObject]:
    """Products with prices, the old plans, and what lowers or raises a price."""
    prices = []
    for name in ("Basic", "Pro ✨", "Enterprise"):
        at = business.since
        product = business.create("product", name=name, created=at, metadata={"tier": name})
        for currency in CURRENCIES[:2]:
            price = business.create(
                "price",
                product=product["id"],
                currency=currency,
                created=at,
                unit_amount=business.chance.randrange(500, 90_000),
                recurring={"interval": "month", "interval_count": 1, "usage_type": "licensed"},
                type="recurring",
            )
            prices.append(price)
        business.create("plan", product=product["id"], created=at, amount=1500, interval="month")
    coupon = business.create("coupon", name="Frühling", percent_off=12.5, created=business.since)
    business.create(
        "promotion_code",
        code="SPRING",
        created=business.since,
        promotion={"coupon": coupon["id"], "type": "coupon"},
    )
    business.create("tax_rate", percentage=19.0, display_name="MwSt.", created=business.since)
    business.create("shipping_rate", display_name="Post", created=business.since)
    return prices


def _customer(business: Business, number: int, prices: list[JsonObject]) -> None:
    chance, at = business.chance, business.moment()
    name = NAMES[number % len(NAMES)]
    customer = business.create(
        "customer",
        name=name,
        email=f"customer{number}@example.com",
        created=at,
        metadata={"crm_id": str(chance.randrange(BIGGEST_INTEGER)), "note": "loyal, “really”"},
    )["id"]
    method = business.create("payment_method", customer=customer, created=business.later(at))["id"]
    business.create("setup_intent", customer=customer, payment_method=method, created=at)
    for _ in range(chance.randrange(1, 6)):
        _payment(business, customer, method, business.later(at, 60 * DAY_SECONDS))
    if chance.random() < 0.6:
        _subscription(business, customer, chance.choice(prices), business.later(at))
    if chance.random() < 0.2:
        business.create("tax_id", customer=customer, type="eu_vat", value="DE123456789", created=at)
        business.create("card", customer=customer)
        business.create("customer_balance_transaction", customer=customer, amount=-500, created=at)


def _payment(business: Business, customer: str, method: str, at: UnixSeconds) -> str:
    """A payment intent with its charge and the balance transaction; some end badly."""
    chance = business.chance
    amount, currency = chance.randrange(50, 400_000), chance.choice(CURRENCIES)
    paid = {"amount": amount, "currency": currency, "customer": customer, "created": at}
    intent = business.create(
        "payment_intent",
        **paid,
        amount_received=amount,
        payment_method=method,
        payment_method_types=["card"],
        status="succeeded",
    )["id"]
    charge = business.create(
        "charge",
        **paid,
        amount_captured=amount,
        payment_intent=intent,
        payment_method=method,
        metadata={"order_id": str(chance.randrange(10**9)), "läden": "Köln"},
    )["id"]
    _balance(business, paid, charge)
    if chance.random() < 0.15:
        _refund(business, charge, intent, amount, business.later(at))
    elif chance.random() < 0.05:
        _dispute(business, charge, intent, amount, business.later(at))
    return str(charge)


def _balance(business: Business, paid: JsonObject, charge: str) -> None:
    """What a charge leaves on the balance."""
    amount, at = paid["amount"], paid["created"]
    fee = abs(amount) * 29 // 1000 + 30
    transaction = business.create(
        "balance_transaction",
        amount=amount,
        currency=paid["currency"],
        fee=fee,
        net=amount - fee,
        source=charge,
        type="charge",
        created=at,
        available_on=at + 2 * DAY_SECONDS,
    )
    business.account.update(
        "charge", charge, event_type=None, balance_transaction=transaction["id"]
    )


def _refund(business: Business, charge: str, intent: str, amount: int, at: UnixSeconds) -> None:
    for part in (amount // 2, amount - amount // 2):
        business.create("refund", charge=charge, payment_intent=intent, amount=part, created=at)
    business.account.update("charge", charge, at=at, amount_refunded=amount, refunded=True)


def _dispute(business: Business, charge: str, intent: str, amount: int, at: UnixSeconds) -> None:
    business.create(
        "dispute",
        charge=charge,
        payment_intent=intent,
        amount=amount,
        reason="fraudulent",
        created=at,
    )
    business.account.update("charge", charge, at=at, disputed=True)
    business.create("review", charge=charge, payment_intent=intent, created=at)


def _subscription(business: Business, customer: str, price: JsonObject, at: UnixSeconds) -> None:
    """A subscription with its items and the invoices of every month since."""
    chance = business.chance
    items = chance.choice((1, 1, 2, 13))
    subscription = business.create(
        "subscription",
        customer=customer,
        created=at,
        start_date=at,
        items=[{"price": price, "quantity": n + 1, "created": at} for n in range(items)],
    )["id"]
    for month in range(at, business.until, 30 * DAY_SECONDS):
        _invoice(business, customer, str(subscription), month)
    if chance.random() < 0.25:
        at = business.later(at)
        business.account.update(
            "subscription", subscription, at=at, status="canceled", canceled_at=at
        )


def _invoice(business: Business, customer: str, subscription: str, at: UnixSeconds) -> None:
    lines = business.chance.choice((1, 2, 3, 12, 25))
    business.create("invoiceitem", customer=customer, date=at, amount=250)
    invoice = business.create(
        "invoice",
        customer=customer,
        created=at,
        period_end=at,
        period_start=at - 30 * DAY_SECONDS,
        number=f"INV-{at}",
        parent={
            "type": "subscription_details",
            "quote_details": None,
            "subscription_details": {"metadata": {}, "subscription": subscription},
        },
        lines=[
            {
                "amount": 100 * n,
                "description": f"Line {n}: “été”",
                "period": {"start": at, "end": at},
            }
            for n in range(lines)
        ],
    )["id"]
    paid_at = business.later(at, DAY_SECONDS)
    business.account.update("invoice", invoice, at=paid_at, status="paid", amount_paid=100)
    business.create("invoice_payment", invoice=invoice, created=paid_at, status="paid")
    if business.chance.random() < 0.1:
        notes = [{"amount": n} for n in range(12)]
        business.create(
            "credit_note", invoice=invoice, customer=customer, created=paid_at, lines=notes
        )


def _money(business: Business) -> None:
    """Money that moves between accounts and banks."""
    for _ in range(3):
        at = business.moment()
        payout = business.create("payout", amount=BIGGEST_INTEGER, created=at, arrival_date=at)[
            "id"
        ]
        business.account.update("payout", payout, at=business.later(at), status="paid")
        business.create("topup", amount=3_000_000_000, created=at)
        transfer = business.create("transfer", amount=7_000, created=at)["id"]
        for _ in range(11):
            business.create("transfer_reversal", transfer=transfer, amount=5, created=at)
        fee = business.create("application_fee", amount=700, created=at)["id"]
        for _ in range(11):
            business.create("fee_refund", fee=fee, amount=3, created=at)


def _everything_else(business: Business) -> None:
    """Two objects of every listed kind that the story above did not make, and one child of each."""
    for endpoint in endpoints():
        kind = endpoint.object[0]
        shelf = business.account.ledger.shelves.shelf(kind)
        if not endpoint.nested and not endpoint.required and kind != "event" and not shelf.keys:
            for _ in range(2):
                business.create(kind, **_made_at(business))
    for _ in range(2):
        business.create("account", **_made_at(business))
    for kind in UNLISTED.values():
        business.create(kind, **_made_at(business))
    for endpoint in endpoints():
        if (owner := owner_kind(endpoint)) is not None:
            _children(business, endpoint, owner)


def _made_at(business: Business) -> dict[str, object]:
    return {"at": business.moment()}


def _children(business: Business, endpoint: Endpoint, owner_kind: str) -> None:
    """Three children for the newest object that can have them, unless it has some."""
    shelves = business.account.ledger.shelves
    kind, shelf = endpoint.object[0], shelves.shelf(owner_kind)
    owner = shelf.row(shelf.keys[-1]).identity
    if shelves.where([kind], "parent", owner) or (endpoint.required and shelves.shelf(kind).keys):
        return
    named = endpoint.required[:1] if endpoint.required[:1] != ("customer",) else ()
    belongs = {name: owner for name in named if name in shape(kind)} or {"inside": owner}
    for _ in range(3):
        business.create(kind, **belongs, **_made_at(business))
