from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from target_td_table.naming import column_names, table_name

FIELDS = st.lists(st.text(max_size=12), unique=True, max_size=12)


@given(FIELDS, st.sampled_from([(), ("time",)]))
def test_no_two_fields_share_a_column_whatever_their_case(
    fields: list[str], taken: tuple[str, ...]
) -> None:
    names = [name.lower() for name in column_names(fields, taken=taken).values()]
    assert len({*names, *taken}) == len(names) + len(taken)


@given(FIELDS, st.randoms())
def test_names_do_not_depend_on_the_order_of_the_fields(fields: list[str], chance: Random) -> None:
    shuffled = list(fields)
    chance.shuffle(shuffled)
    assert column_names(shuffled) == column_names(fields)


@given(st.sets(st.from_regex(r"[a-z_][a-z0-9_]{0,10}", fullmatch=True)))
def test_a_plain_lower_case_name_stays_as_it_is(fields: set[str]) -> None:
    assert column_names(fields) == {field: field for field in fields}


@pytest.mark.parametrize(
    ("stream", "table"),
    [
        ("charges", "charges"),
        ("public-event", "public_event"),
        ("order", "order"),
        ("5name", "_5name"),
        ("a:b!c", "a_b_c"),
        ("größe", "größe"),
        ("TestCamelcase", "TestCamelcase"),
    ],
)
def test_a_stream_gets_a_table_name_that_is_a_plain_word(stream: str, table: str) -> None:
    assert table_name("{stream}", stream) == table


def test_no_stream_can_take_the_tables_of_the_target_itself() -> None:
    assert table_name("{stream}", "_td_state") != "_td_state"
