"""A load: what one run of tap and target is started with."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field


@dataclass(frozen=True)
class Load:
    """What to start, and where.

    Attributes:
        folder: Where the programs start, so that relative paths mean what they meant to the
            person who wrote them.
        config: The text of a `load.yml`, both programs' settings; empty with a Meltano job.
        database: Overrides the target's setting, as the next three do; None leaves it.
        table: See `database`.
        time_column: See `database`.
        auto_create_table: See `database`.
        meltano_job: The job of a Meltano project in `folder` that runs instead.
    """

    folder: str
    config: str = field(default="", repr=False)
    database: str | None = None
    table: str | None = None
    time_column: str | None = None
    auto_create_table: bool | None = None
    meltano_job: str | None = None


def format_load(load: Load) -> str:
    """Return a load as JSON, with its config and so with its secrets."""
    return json.dumps(asdict(load))


def parse_load(text: str) -> Load:
    """Return what `format_load` was given. Names that a newer release added are left out."""
    known = Load.__dataclass_fields__
    return Load(**{name: value for name, value in json.loads(text).items() if name in known})
