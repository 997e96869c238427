"""All records of a batch that PostgreSQL refuses: COPY itself tells only the first one.

Their values are sent as text, and the server tries each record by itself.
"""

import psycopg

from target_td_table.batch import Batch
from target_td_table.loaders import postgres_refusals as refusals
from target_td_table.loaders.postgres_catalog import MOST_COLUMNS
from target_td_table.loaders.postgres_errors import Doing
from target_td_table.loaders.postgres_rows import CSV_OPTIONS, lines
from target_td_table.loaders.postgres_session import Session

_DOING = Doing("try the records of a batch", "GRANT USAGE ON LANGUAGE plpgsql TO PUBLIC;")
_CREATE = "CREATE TEMPORARY TABLE _td_tried (place serial, {columns}) ON COMMIT DROP"
_CREATE_FOUND = (
    "CREATE TEMPORARY TABLE _td_misfits (place int, wrong int, state text) ON COMMIT DROP"
)
_COPY = "COPY pg_temp._td_tried ({columns}) FROM STDIN WITH ({options})"
# A value that is assigned to a variable of a type is read as COPY reads it into a column. Nothing
# is written in the part that may fail: that would use up a transaction's number for each record.
_TRY = """
    DO $td$
    DECLARE
        tried record;
        wrong int;
        {variables}
    BEGIN
        FOR tried IN SELECT * FROM pg_temp._td_tried ORDER BY place LOOP
            BEGIN
                {assignments}
            EXCEPTION WHEN OTHERS THEN
                IF SQLSTATE NOT LIKE '22%' AND SQLSTATE NOT IN ({states}) THEN
                    RAISE;
                END IF;
                INSERT INTO pg_temp._td_misfits VALUES (tried.place, wrong, SQLSTATE);
            END;
        END LOOP;
    END
    $td$
"""
_FOUND = "SELECT place, wrong, state FROM pg_temp._td_misfits ORDER BY place"


def find_all(session: Session, batch: Batch, filling: refusals.Filling) -> dict[int, str]:
    """The places of the records that the server refuses, each with what is wrong.

    Nothing if it cannot be asked so: that takes one more column than the batch fills.
    """
    if len(filling.columns) >= MOST_COLUMNS:
        return {}
    found = {each.place: each.told for each in refusals.refused_for_nul(batch, filling.columns)}
    rest = batch.without(found) if found else batch
    places = [place for place in range(batch.rows) if place not in found]
    try:
        tried = _tried(session, rest, filling) if rest.rows else []
    finally:
        if rest is not batch:
            rest.remove()
    for place, column, state in tried:
        field = filling.columns[column].field
        found[places[place - 1]] = refusals.told(field, refusals.reason(state))
    return found


def _tried(session: Session, batch: Batch, filling: refusals.Filling) -> list[tuple[int, int, str]]:
    """The places, from 1 on, with the number of the column and the server's SQLSTATE."""
    names = [f"td_{number}" for number in range(len(filling.columns))]
    columns = ", ".join(f"{name} text" for name in names)
    copy = _COPY.format(columns=", ".join(names), options=CSV_OPTIONS)
    with session.transaction(_DOING):
        session.run(_CREATE.format(columns=columns), _DOING)
        session.run(_CREATE_FOUND, _DOING)
        try:
            session.copy(copy, lines(batch, filling.columns, careful=True))
        except psycopg.Error as error:
            if refusals.is_about_a_record(error):
                return []
            raise session.refused(_DOING, error) from error
        session.run(_try(filling), _DOING)
        rows = session.rows(_FOUND, _DOING)
    return [(int(place), int(wrong), str(state)) for place, wrong, state in rows]


def _try(filling: refusals.Filling) -> str:
    types = [filling.types[column.name] for column in filling.columns]
    return _TRY.format(
        variables="\n".join(f"td_value_{number} {type_};" for number, type_ in enumerate(types)),
        assignments="\n".join(
            f"wrong := {number}; td_value_{number} := tried.td_{number};"
            for number in range(len(types))
        ),
        states=", ".join(f"'{state}'" for state in refusals.STATES),
    )
