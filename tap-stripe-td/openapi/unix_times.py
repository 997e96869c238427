"""Which fields at the top of a record are Unix times.

The package types them as plain integers, so it cannot be read from there. `unix_times.csv` holds
the fields that Stripe's SDKs for other languages type as times, checked against the words "Unix
epoch" and "timestamp" in the descriptions. Its rule: only fields of the object itself, because
what is nested is delivered as Stripe sent it.
"""

from __future__ import annotations

import csv
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

_FACTS: Final = Path(__file__).with_name("unix_times.csv")


def read_unix_times() -> Mapping[str, frozenset[str]]:
    """Return the time fields of each object, by Stripe's name of the object."""
    fields = defaultdict(set)
    with _FACTS.open(encoding="utf-8", newline="") as lines:
        for row in csv.DictReader(lines):
            fields[row["object"]].add(row["field"])
    return {name: frozenset(found) for name, found in fields.items()}
