"""A believable business: customers who subscribe, pay, complain, and are paid back."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

from stripe_sandbox.breadth import add_the_rest
from stripe_sandbox.growth import DAY_SECONDS, Growth

if TYPE_CHECKING:
    from stripe_sandbox.account import Account
    from stripe_sandbox.json_types import JsonObject, UnixSeconds

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
    growth = Growth(account, random.Random(seed), begin, max(now, begin + 1))
    prices = _catalogue(growth)
    for number in range(customers):
        _customer(growth, number, prices)
    _money(growth)
    if since is None:
        add_the_rest(growth)


def _catalogue(growth: Growth) -> list[JsonObject]:
    """Products with prices, the old plans, and what lowers or raises a price."""
    prices = []
    for name in ("Basic", "Pro ✨", "Enterprise"):
        at = growth.since
        product = growth.create("product", name=name, created=at, metadata={"tier": name})
        for currency in CURRENCIES[:2]:
            price = growth.create(
                "price",
                product=product["id"],
                currency=currency,
                created=at,
                unit_amount=growth.chance.randrange(500, 90_000),
                recurring={"interval": "month", "interval_count": 1, "usage_type": "licensed"},
                type="recurring",
            )
            prices.append(price)
        growth.create("plan", product=product["id"], created=at, amount=1500, interval="month")
    coupon = growth.create("coupon", name="Frühling", percent_off=12.5, created=growth.since)
    growth.create(
        "promotion_code",
        code="SPRING",
        created=growth.since,
        promotion={"coupon": coupon["id"], "type": "coupon"},
    )
    growth.create("tax_rate", percentage=19.0, display_name="MwSt.", created=growth.since)
    growth.create("shipping_rate", display_name="Post", created=growth.since)
    return prices


def _customer(growth: Growth, number: int, prices: list[JsonObject]) -> None:
    chance, at = growth.chance, growth.moment()
    name = NAMES[number % len(NAMES)]
    customer = growth.create(
        "customer",
        name=name,
        email=f"customer{number}@example.com",
        created=at,
        metadata={"crm_id": str(chance.randrange(BIGGEST_INTEGER)), "note": "loyal, “really”"},
    )["id"]
    method = growth.create("payment_method", customer=customer, created=growth.later(at))["id"]
    growth.create("setup_intent", customer=customer, payment_method=method, created=at)
    for _ in range(chance.randrange(1, 6)):
        _payment(growth, customer, method, growth.later(at, 60 * DAY_SECONDS))
    if chance.random() < 0.6:
        _subscription(growth, customer, chance.choice(prices), growth.later(at))
    if chance.random() < 0.2:
        growth.create("tax_id", customer=customer, type="eu_vat", value="DE123456789", created=at)
        growth.create("card", customer=customer)
        growth.create("customer_balance_transaction", customer=customer, amount=-500, created=at)


def _payment(growth: Growth, customer: str, method: str, at: UnixSeconds) -> str:
    """A payment intent with its charge and the balance transaction; some end badly."""
    chance = growth.chance
    amount, currency = chance.randrange(50, 400_000), chance.choice(CURRENCIES)
    paid = {"amount": amount, "currency": currency, "customer": customer, "created": at}
    intent = growth.create(
        "payment_intent",
        **paid,
        amount_received=amount,
        payment_method=method,
        payment_method_types=["card"],
        status="succeeded",
    )["id"]
    charge = growth.create(
        "charge",
        **paid,
        amount_captured=amount,
        payment_intent=intent,
        payment_method=method,
        metadata={"order_id": str(chance.randrange(10**9)), "läden": "Köln"},
    )["id"]
    _balance(growth, paid, charge)
    if chance.random() < 0.15:
        _refund(growth, charge, intent, amount, growth.later(at))
    elif chance.random() < 0.05:
        _dispute(growth, charge, intent, amount, growth.later(at))
    return str(charge)


def _balance(growth: Growth, paid: JsonObject, charge: str) -> None:
    """What a charge leaves on the balance."""
    amount, at = paid["amount"], paid["created"]
    fee = abs(amount) * 29 // 1000 + 30
    transaction = growth.create(
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
    growth.account.update("charge", charge, event_type=None, balance_transaction=transaction["id"])


def _refund(growth: Growth, charge: str, intent: str, amount: int, at: UnixSeconds) -> None:
    for part in (amount // 2, amount - amount // 2):
        growth.create("refund", charge=charge, payment_intent=intent, amount=part, created=at)
    growth.account.update("charge", charge, at=at, amount_refunded=amount, refunded=True)


def _dispute(growth: Growth, charge: str, intent: str, amount: int, at: UnixSeconds) -> None:
    growth.create(
        "dispute",
        charge=charge,
        payment_intent=intent,
        amount=amount,
        reason="fraudulent",
        created=at,
    )
    growth.account.update("charge", charge, at=at, disputed=True)
    growth.create("review", charge=charge, payment_intent=intent, created=at)


def _subscription(growth: Growth, customer: str, price: JsonObject, at: UnixSeconds) -> None:
    """A subscription with its items and the invoices of every month since."""
    chance = growth.chance
    items = chance.choice((1, 1, 2, 13))
    subscription = growth.create(
        "subscription",
        customer=customer,
        created=at,
        start_date=at,
        items=[{"price": price, "quantity": n + 1, "created": at} for n in range(items)],
    )["id"]
    for month in range(at, growth.until, 30 * DAY_SECONDS):
        _invoice(growth, customer, str(subscription), month)
    if chance.random() < 0.25:
        at = growth.later(at)
        growth.account.update(
            "subscription", subscription, at=at, status="canceled", canceled_at=at
        )


def _invoice(growth: Growth, customer: str, subscription: str, at: UnixSeconds) -> None:
    lines = growth.chance.choice((1, 2, 3, 12, 25))
    growth.create("invoiceitem", customer=customer, date=at, amount=250)
    invoice = growth.create(
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
    paid_at = growth.later(at, DAY_SECONDS)
    growth.account.update("invoice", invoice, at=paid_at, status="paid", amount_paid=100)
    growth.create("invoice_payment", invoice=invoice, created=paid_at, status="paid")
    if growth.chance.random() < 0.1:
        notes = [{"amount": n} for n in range(12)]
        growth.create(
            "credit_note", invoice=invoice, customer=customer, created=paid_at, lines=notes
        )


def _money(growth: Growth) -> None:
    """Money that moves between accounts and banks."""
    for _ in range(3):
        at = growth.moment()
        payout = growth.create("payout", amount=BIGGEST_INTEGER, created=at, arrival_date=at)["id"]
        growth.account.update("payout", payout, at=growth.later(at), status="paid")
        growth.create("topup", amount=3_000_000_000, created=at)
        transfer = growth.create("transfer", amount=7_000, created=at)["id"]
        for _ in range(11):
            growth.create("transfer_reversal", transfer=transfer, amount=5, created=at)
        fee = growth.create("application_fee", amount=700, created=at)["id"]
        for _ in range(11):
            growth.create("fee_refund", fee=fee, amount=3, created=at)
