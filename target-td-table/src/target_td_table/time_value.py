"""The setting `time_value`: Treasure Data's partitioning time, when no field has it.

As embulk-output-td writes it: https://github.com/treasure-data/embulk-output-td.
"""

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import chain, repeat
from typing import Any

# The last second of the year 9999.
LATEST = 253_402_300_799
FIXED, INCREMENTAL, UPLOAD = "fixed_time", "incremental_time", "upload_time"
_NEEDS = {FIXED: ("value",), INCREMENTAL: ("from", "to"), UPLOAD: ()}


@dataclass(frozen=True, slots=True)
class TimeValue:
    """Unix seconds for rows: one for all, or from first to last and round again."""

    mode: str = UPLOAD
    first: int = 0
    last: int = 0

    def seconds(self) -> Iterator[int]:
        """One after the other, without end. The upload begins now."""
        if self.mode == UPLOAD:
            return repeat(int(time.time()))
        return chain.from_iterable(repeat(range(self.first, self.last + 1)))


def parse(given: Mapping[str, Any]) -> TimeValue:
    """Parse a setting that `problem_with` has found none with."""
    mode = _mode(given)
    first = given.get("value", given.get("from", 0))
    return TimeValue(mode, first, given.get("to", first))


def problem_with(given: Mapping[str, Any]) -> str | None:
    """A sentence when the setting cannot be used, else None."""
    mode = _mode(given)
    if mode not in _NEEDS:
        modes = ", ".join(f"`{each}`" for each in _NEEDS)
        return f"`time_value` has the mode `{mode}`. Use one of: {modes}."
    needed = _NEEDS[mode]
    if set(given) - {"mode"} != set(needed):
        found = ", ".join(f"`{each}`" for each in given if each != "mode") or "nothing"
        wanted = " and ".join(f"`{each}`" for each in needed) or "nothing"
        return f"`time_value` has {found} beside the mode `{mode}`. That mode wants {wanted}."
    for name in needed:
        if type(given[name]) is not int or not 0 <= given[name] <= LATEST:
            return (
                f"`{name}` in `time_value` is `{given[name]}`. Give Unix seconds, an integer from 0 "
                f"to {LATEST}."
            )
    if mode == INCREMENTAL and given["from"] > given["to"]:
        return f"`time_value` goes from {given['from']} to {given['to']}. Exchange the two."
    return None


def _mode(given: Mapping[str, Any]) -> Any:
    return given.get("mode", INCREMENTAL)
