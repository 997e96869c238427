"""What a whole reading may take away, in mode merge.

Decision: docs/decisions/0115-a-whole-reading-marks-what-is-gone.md.
"""

from datetime import datetime

import msgspec

from target_td_table.messages import ActivateVersion
from target_td_table.report import warn_of_kept_rows
from target_td_table.sink import Sink
from target_td_table.table import LogicalType
from target_td_table.versions import Activation, Within


def activation(
    sink: Sink, message: ActivateVersion, now: datetime, *, has_rejects: bool
) -> Activation | None:
    """What is to be taken from the table; None, with a warning, if that cannot be told for certain.

    `has_rejects` says whether records of the reading may have been rejected.
    """
    why = _uncertain(sink, message, has_rejects=has_rejects)
    if why:
        warn_of_kept_rows(message.stream, str(sink.table.name), why)
        return None
    stretch = message.within or None
    within = Within(stretch.field, stretch.gte, stretch.lt) if stretch else None
    return Activation(message.version, now, within)


def _uncertain(sink: Sink, message: ActivateVersion, *, has_rejects: bool) -> str | None:
    if message.within is None:
        return "it was bounded in a way that no column tells"
    if sink.unstamped_rows:
        return "records without a version came before its ACTIVATE_VERSION"
    if has_rejects:
        return "some of its records did not fit"
    if message.within is msgspec.UNSET:
        return None
    column = sink.table.column_of(message.within.field)
    if column is None or column.type is not LogicalType.TIMESTAMP:
        return f"it was bounded by `{message.within.field}`, which is no time among its columns"
    return None
