"""The first run loads everything, the second only news."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from stripe_sandbox.business import grow

if TYPE_CHECKING:
    from tests.fakes.changing_stripe import ChangingStripe
    from tests.pair.pipeline import Pair

HOUR = 3600
STREAMS = ["customers", "charges", "events", "coupons"]


@pytest.fixture(autouse=True)
def _business(stripe: ChangingStripe) -> None:
    grow(stripe, customers=4)
    stripe.advance(HOUR)


def test_a_first_run_loads_every_object_once(stripe: ChangingStripe, pair: Pair) -> None:
    loaded = pair.with_tap(target=STREAMS).run()

    assert loaded.exit_codes == (0, 0)
    for kind in ("customer", "charge", "coupon"):
        ids = sorted(str(each["id"]) for each in stripe.objects(kind))
        assert pair.tables.rows(f"SELECT id FROM {kind}s ORDER BY id") == [(id_,) for id_ in ids]


def test_a_second_run_adds_what_is_new_changed_or_gone(stripe: ChangingStripe, pair: Pair) -> None:
    pair = pair.with_tap(target=STREAMS)
    first = pair.run()
    before = dict(pair.tables.rows(COUNTS))
    changed, gone = (str(each["id"]) for each in stripe.objects("customer")[:2])
    stripe.create("charge", id="ch_new")
    stripe.update("customer", changed, phone="+49 30 901820")
    stripe.delete("customer", gone)
    stripe.advance(HOUR)

    second = pair.run(state=first.states[-1])

    assert second.exit_codes == (0, 0)
    after = dict(pair.tables.rows(COUNTS))
    came = {table: after[table] - before[table] for table in after}
    assert came == {"charges": 1, "coupons": 0, "customers": 2, "events": 3}
    latest = f"SELECT phone, _sdc_deleted_at IS NULL FROM customers WHERE id = '{changed}'"
    assert pair.tables.rows(f"{latest} ORDER BY _updated_at DESC LIMIT 1") == [
        ("+49 30 901820", True)
    ]
    assert pair.tables.rows(
        f"SELECT deleted FROM customers WHERE id = '{gone}' AND _sdc_deleted_at IS NOT NULL"
    ) == [(True,)]


def test_merge_keeps_one_row_for_each_object_and_marks_what_is_gone(
    stripe: ChangingStripe, pair: Pair
) -> None:
    pair = pair.with_tap(target=["customers"]).with_target(mode="merge")
    first = pair.run()
    customers = len(stripe.objects("customer"))
    changed, gone = (str(each["id"]) for each in stripe.objects("customer")[:2])
    stripe.update("customer", changed, phone="+49 30 901820")
    stripe.delete("customer", gone)
    stripe.advance(HOUR)

    pair.run(state=first.states[-1])

    assert pair.tables.rows("SELECT count(*), count(DISTINCT id) FROM customers") == [
        (customers, customers)
    ]
    assert pair.tables.rows("SELECT id FROM customers WHERE phone = '+49 30 901820'") == [
        (changed,)
    ]
    assert pair.tables.rows("SELECT id FROM customers WHERE deleted") == [(gone,)]


def test_states_appended_to_a_file_by_the_shell_are_where_the_next_run_goes_on(
    stripe: ChangingStripe, pair: Pair
) -> None:
    address = f'{{"base_url": "{pair.tap_settings["base_url"]}", "target": ["customers"]}}'
    (pair.folder / "tap.json").write_text(address)
    first = "tap-stripe-td --config tap.json | target-td-table >> s.json"
    next_ones = "tap-stripe-td --config tap.json --state s.json | target-td-table >> s.json"

    for line in (first, next_ones, next_ones):
        done = pair.shell(line, STRIPE_API_KEY=stripe.key)
        assert done.exit_code == 0, done.stderr
        stripe.create("customer")
        stripe.advance(HOUR)

    *loaded, _never_read = sorted(
        stripe.objects("customer"), key=lambda each: int(str(each["created"]))
    )
    ids = sorted(str(each["id"]) for each in loaded)
    assert pair.tables.rows("SELECT id FROM customers ORDER BY id") == [(id_,) for id_ in ids]


COUNTS = " UNION ALL ".join(f"SELECT '{name}', count(*) FROM {name}" for name in STREAMS)
